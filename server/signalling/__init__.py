"""The WebSocket of each participant, from the first message to the end."""
