"""How a native peer's bundles travel to everybody in the room (docs/protocol.md, "Transports")."""

from collections.abc import Iterable
from typing import Protocol

from server.client.call import Call

#: With more others than that the relay forwards only the loudest voices, and whatever lies behind the rest is lost.
MOST_HEARERS = 3


class BundleTransport(Protocol):
    """One way for bundles."""

    name: str

    def send(self, bundle: bytes) -> bool:
        """Send a bundle of at most 1 150 bytes to everybody; False if it cannot go this way."""


class DataChannelTransport:
    """Bundles as messages of the channel `motion`."""

    name = "datachannel"

    def __init__(self, call: Call) -> None:
        self._call = call

    def send(self, bundle: bytes) -> bool:
        """Send a bundle; False while not connected."""
        return self._call.send_bundle(bundle)


class ThinTransport:
    """Bundles behind the sound of voice packets."""

    name = "thin"

    def __init__(self, call: Call) -> None:
        self._call = call

    def send(self, bundle: bytes) -> bool:
        """Send a bundle; False if it is too large, or while not connected."""
        return self._call.send_behind_voice(bundle)


class BundleSender:
    """Takes the thin transport while everybody in the room reads it, else the data channel."""

    def __init__(self, channel: BundleTransport, thin: BundleTransport | None) -> None:
        """Choose between these two; `thin` is None where it may not be used."""
        self.sending = channel.name  #: by which transport the newest bundle went
        self._channel = channel
        self._thin = thin
        self._readers: set[int] = set()

    @property
    def reads_trailers(self) -> bool:
        """Whether this end takes bundles behind the others' voices, and says so."""
        return self._thin is not None

    def note(self, participant: int, *, reads: bool) -> None:
        """Note that trailers of one's own voice reach a participant, or no longer do."""
        if reads:
            self._readers.add(participant)
        else:
            self._readers.discard(participant)

    def send(self, bundle: bytes, participants: Iterable[int]) -> None:
        """Send a bundle to the others in the room."""
        others = frozenset(participants)
        thin = self._thin if len(others) <= MOST_HEARERS and self._readers >= others else None
        if thin is not None and thin.send(bundle):
            self.sending = thin.name
        else:
            self._channel.send(bundle)
            self.sending = self._channel.name
