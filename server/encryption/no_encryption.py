"""A stay in a room whose link has no key: everything goes as it is, and those who seal are unreadable."""

from collections import Counter
from collections.abc import Iterable

from server.encryption.errors import Drop, OpeningError
from server.encryption.key_messages import KeyMessage, KeyOffer, KeyWire, NoKey
from server.encryption.sealed_header import Lane, is_sealed
from server.encryption.status import EncryptionStatus


class NoEncryption:
    """Stands in for `RoomEncryption` where the link has no key."""

    def __init__(self, wire: KeyWire, dropped: Counter[str]) -> None:
        """Count in `dropped` what is dropped; `wire` takes answers to offers of keys."""
        self._wire = wire
        self._dropped = dropped
        self._strangers: set[int] = set()

    def begin(self, participants: Iterable[int]) -> None:
        """Do nothing."""

    def participant_went(self, participant: int) -> None:
        """Forget somebody."""
        self._strangers.discard(participant)

    def take(self, sender: int, message: KeyMessage) -> None:
        """Learn from a key offer that its sender's link has a key, and say that ours has none."""
        if isinstance(message, KeyOffer):
            self._strangers.add(sender)
            self._wire.send_key_message(sender, NoKey())

    def seal(self, lane: Lane, plain: bytes, *, speech: bool = False) -> bytes:
        """Return the bytes as they are."""
        return plain

    def open(self, lane: Lane, sender: int, packet: bytes) -> bytes:
        """Return the bytes as they are. Raises `OpeningError` for those of somebody whose link has a key."""
        if sender in self._strangers:
            self._dropped[Drop.UNKNOWN_KEY] += 1
            raise OpeningError(Drop.UNKNOWN_KEY, f"participant {sender} seals, and this link has no key")
        return packet

    def seal_voice(self, packet: bytes, *, speech: bool) -> bytes:
        """Return the packet as it is."""
        return packet

    def open_voice(self, sender: int, packet: bytes) -> bytes:
        """Return the packet as it is. Raises `OpeningError` for a sealed one."""
        if is_sealed(packet):
            self._strangers.add(sender)
        return self.open(Lane.VOICE, sender, packet)

    def status(self) -> EncryptionStatus:
        """Return what there is to show."""
        return EncryptionStatus(False, False, frozenset(self._strangers))

    def close(self) -> None:
        """Do nothing."""
