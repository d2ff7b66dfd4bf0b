"""The encryption of one stay in a room whose link has a key (docs/encryption.md)."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from server.encryption.errors import Drop, OpeningError
from server.encryption.key_exchange import KeyExchange, PairKeys
from server.encryption.key_messages import KeyMessage, KeyOffer, KeyTaken, KeyWire, MediaKey, NoKey
from server.encryption.key_schedule import KeySchedule
from server.encryption.link_secret import LinkSecret
from server.encryption.media_key import OpeningKeys, SealingKey
from server.encryption.sealed_header import Lane, is_sealed
from server.encryption.status import EncryptionStatus
from server.webrtc.channels import EVERYBODY

logger = logging.getLogger(__name__)


class KeyListener(KeyWire, Protocol):
    """Sends what the exchange says, and learns how far it is."""

    def on_keys_exchanged(self, participant: int) -> None:
        """Learn that what is sealed for control and keyframes from now on is readable by this participant."""


@dataclass(slots=True)
class _Member:
    """Somebody with the same link."""

    offer: KeyOffer
    pair: PairKeys
    keys: OpeningKeys = field(default_factory=OpeningKeys)
    knows_our_key: bool = False


class RoomEncryption:
    """Exchanges keys with the others, seals what is sent to them and opens what comes. Belongs to the event loop."""

    def __init__(
        self, secret: LinkSecret, room: str, own_id: int, listener: KeyListener, dropped: Counter[str]
    ) -> None:
        """Prepare for the room of this name; what is dropped is counted in `dropped`, by `Drop`."""
        self._exchange = KeyExchange(secret.link_key(room), own_id, seals_voice=True)
        self._listener = listener
        self._dropped = dropped
        self._members: dict[int, _Member] = {}
        self._strangers: set[int] = set()
        self._told: set[int] = set()
        self._schedule = KeySchedule(self._hand_over)

    def begin(self, participants: Iterable[int]) -> None:
        """Offer keys to those who are there."""
        self._told = set(participants)
        self._listener.send_key_message(EVERYBODY, self._exchange.offer)

    def participant_went(self, participant: int) -> None:
        """Renew the key, so that somebody who has gone cannot read what follows."""
        self._told.discard(participant)
        self._strangers.discard(participant)
        if self._members.pop(participant, None) is not None:
            self._schedule.forget(participant)
            self._schedule.renew()

    def take(self, sender: int, message: KeyMessage) -> None:
        """Take a message of the exchange. Raises `OpeningError` if it is refused."""
        try:
            match message:
                case KeyOffer():
                    self._take_offer(sender, message)
                case MediaKey():
                    self._take_media_key(sender, message)
                case KeyTaken(generation):
                    self._schedule.note_taken(sender, generation)
                case NoKey() if sender not in self._members:
                    self._note_stranger(sender)
        except OpeningError as error:
            self._dropped[error.reason] += 1
            raise

    def seal(self, lane: Lane, plain: bytes, *, speech: bool = False) -> bytes:
        """Return what may go to the relay. Raises `SealingError`."""
        return self._schedule.key_for(lane).seal(lane, plain, speech=speech)

    def open(self, lane: Lane, sender: int, packet: bytes) -> bytes:
        """Return the plain bytes of what came from the relay. Raises `OpeningError`."""
        try:
            if sender in self._members:
                return self._members[sender].keys.open(lane, packet)
            if is_sealed(packet):
                raise OpeningError(Drop.UNKNOWN_KEY, f"participant {sender} has exchanged no keys")
            self._note_stranger(sender)
            raise OpeningError(Drop.UNSEALED, f"participant {sender} sends in the clear")
        except OpeningError as error:
            self._dropped[error.reason] += 1
            raise

    @property
    def seals_voice(self) -> bool:
        """Whether voice is sealed: everybody here can do that."""
        return all(member.offer.seals_voice for member in self._members.values())

    def seal_voice(self, packet: bytes, *, speech: bool) -> bytes:
        """Return a voice packet, with the bundles behind it, as it may go to the relay. Raises `SealingError`."""
        return self.seal(Lane.VOICE, packet, speech=speech) if self.seals_voice else packet

    def open_voice(self, sender: int, packet: bytes) -> bytes:
        """Return a voice packet with the bundles behind it. Raises `OpeningError`."""
        if sender in self._members and not self.seals_voice and not is_sealed(packet):
            return packet
        return self.open(Lane.VOICE, sender, packet)

    def status(self) -> EncryptionStatus:
        """Return what there is to show."""
        return EncryptionStatus(True, self.seals_voice, frozenset(self._strangers))

    def close(self) -> None:
        """Stop renewing keys."""
        self._schedule.close()

    def _take_offer(self, sender: int, offer: KeyOffer) -> None:
        known = self._members.get(sender)
        if known is not None and known.offer == offer:
            return
        try:
            pair = self._exchange.agree(sender, offer)
        except OpeningError:
            self._note_stranger(sender)
            raise
        self._strangers.discard(sender)
        self._members[sender] = _Member(offer, pair)
        if known is not None:
            self._told.discard(sender)
        self._tell_offer(sender)
        self._schedule.renew()

    def _note_stranger(self, sender: int) -> None:
        """Let somebody whose link has no key, or another, know that ours has one."""
        self._strangers.add(sender)
        self._tell_offer(sender)

    def _tell_offer(self, participant: int) -> None:
        if participant not in self._told:
            self._told.add(participant)
            self._listener.send_key_message(participant, self._exchange.offer)

    def _take_media_key(self, sender: int, message: MediaKey) -> None:
        member = self._members.get(sender)
        if member is None:
            raise OpeningError(Drop.REFUSED_OFFER, f"a media key of participant {sender}, who has offered no key")
        if member.keys.add(message.generation, member.pair.unwrap(message)):
            self._listener.send_key_message(sender, KeyTaken(message.generation))

    def _hand_over(self, key: SealingKey) -> set[int]:
        for participant, member in self._members.items():
            self._listener.send_key_message(participant, member.pair.wrap(key.generation, key.secret))
        for participant, member in self._members.items():
            if not member.knows_our_key:
                member.knows_our_key = True
                self._listener.on_keys_exchanged(participant)
        return set(self._members)
