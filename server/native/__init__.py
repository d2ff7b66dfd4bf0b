"""The native peer: the call's second client, from a terminal."""
