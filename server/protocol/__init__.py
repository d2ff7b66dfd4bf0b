"""Signalling messages, as both ends write and read them (docs/protocol.md)."""
