"""Training of the audio-visual drive (docs/speech.md): data, networks, export."""
