"""Rooms: doors, hosts, what is remembered of them, and the relay inside each."""
