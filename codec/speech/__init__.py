"""The audio-visual drive: features of speech, and the face that they move together with transmitted motion."""
