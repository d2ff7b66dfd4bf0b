"""People in a room without sockets: their key messages pass a relay that tests can make hostile."""

from collections import Counter, deque
from dataclasses import dataclass, field

from server.encryption.errors import OpeningError
from server.encryption.key_messages import KeyMessage
from server.encryption.link_secret import LinkSecret
from server.encryption.room_encryption import RoomEncryption
from server.encryption.sealed_header import Lane
from server.webrtc.channels import EVERYBODY

LINK = LinkSecret(bytes(range(16)))


@dataclass(frozen=True)
class Sent:
    """A key message on its way."""

    sender: int
    recipient: int
    message: KeyMessage


@dataclass
class Relay:
    """Delivers key messages in order when told to, and remembers all of them."""

    people: dict[int, "Person"] = field(default_factory=dict)
    waiting: deque[Sent] = field(default_factory=deque)
    seen: list[Sent] = field(default_factory=list)

    def send(self, sent: Sent) -> None:
        self.seen.append(sent)
        self.waiting.append(sent)

    def deliver(self) -> None:
        """Deliver what waits and what that gives rise to; what is refused is counted by its recipient."""
        while self.waiting:
            sent = self.waiting.popleft()
            for person in list(self.people.values()):
                if person.id != sent.sender and sent.recipient in (EVERYBODY, person.id):
                    person.take(sent.sender, sent.message)

    def leave(self, person: "Person") -> None:
        """Take somebody out of the room and tell the others."""
        del self.people[person.id]
        for other in self.people.values():
            other.encryption.participant_went(person.id)
        self.deliver()


class Person:
    """Somebody who has come into the room."""

    def __init__(self, relay: Relay, identity: int, secret: LinkSecret = LINK, room: str = "tea") -> None:
        self.id = identity
        self.dropped: Counter[str] = Counter()
        self.exchanged_with: list[int] = []
        self._relay = relay
        self.encryption = RoomEncryption(secret, room, identity, self, self.dropped)
        relay.people[identity] = self
        self.encryption.begin(other for other in relay.people if other != identity)

    def take(self, sender: int, message: KeyMessage) -> None:
        try:
            self.encryption.take(sender, message)
        except OpeningError:
            assert self.dropped.total()

    def send_key_message(self, recipient: int, message: KeyMessage) -> None:
        self._relay.send(Sent(self.id, recipient, message))

    def on_keys_exchanged(self, participant: int) -> None:
        self.exchanged_with.append(participant)

    def reads(self, sender: "Person", lane: Lane = Lane.VOICE) -> bool:
        """Tell whether this person opens what `sender` seals now."""
        return self.opens(sender, lane, sender.encryption.seal(lane, b"hello"))

    def opens(self, sender: "Person", lane: Lane, packet: bytes) -> bool:
        try:
            return self.encryption.open(lane, sender.id, packet) == b"hello"
        except OpeningError:
            return False
