"""Where a source hands what it has made, and what it must be able to send again."""

from typing import Protocol


class Outlet(Protocol):
    """Takes what goes to everybody in the room. Called in the event loop."""

    def send_bundle(self, bundle: bytes) -> None:
        """Send a bundle."""

    def send_keyframe(self, keyframe: bytes) -> None:
        """Send a whole keyframe, sliced."""

    def send_voice(self, packet: bytes, samples: int) -> None:
        """Send an Opus packet of so many samples; an empty one lets that time pass in silence."""


class KeyframeStore(Protocol):
    """The keyframes that others may need again."""

    def keyframes_in_use(self) -> list[bytes]:
        """Return what a newcomer needs, in order."""

    def keyframes_since(self, number: int) -> list[bytes]:
        """Return the chain of the keyframe of this number and all after it; the newest chain if it is not known."""

    def set_prediction(self, allowed: bool) -> None:
        """Say whether keyframes may be predicted from others: not while somebody is there who cannot decode them."""


class NoKeyframes:
    """The store of a participant that shows no face."""

    def keyframes_in_use(self) -> list[bytes]:
        """Return none."""
        return []

    def keyframes_since(self, number: int) -> list[bytes]:
        """Return none."""
        return []

    def set_prediction(self, allowed: bool) -> None:
        """Change nothing."""
