"""facewire's service: signalling, rooms, the relay, the protocol client and the command line."""
