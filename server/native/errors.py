"""What can go wrong between this machine's devices and a call."""

from server.errors import ServerError


class DeviceError(ServerError):
    """A camera, microphone, loudspeaker, window or media file cannot be used."""
