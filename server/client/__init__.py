"""The protocol's client in Python: a call over aiohttp and aiortc."""
