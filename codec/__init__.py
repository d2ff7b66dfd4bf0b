"""facewire's codec: landmarks, motion, keyframes, bundles and the animator. No sockets."""
