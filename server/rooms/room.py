"""A room: who is there, and what one participant's messages and voice become for the others."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from server.errors import ProtocolError
from server.limits.rate_limit import TokenBucket
from server.operations.metrics import Metrics
from server.operations.traffic import IN, OUT, VOICE
from server.protocol.messages import (
    RENDERER,
    ParticipantInfo,
    ParticipantJoined,
    ParticipantLeft,
    ServerMessage,
    Voices,
)
from server.rooms.peer import Peer
from server.settings import Settings
from server.webrtc.channels import EVERYBODY, TRAITS, Channel, split_recipient, with_sender

logger = logging.getLogger(__name__)

_IDS = 255
_VOICE_PACKETS_PER_S = 60
_VOICE_BYTES_PER_S = 12_000
#: Seen as long as control messages are not end-to-end encrypted.
_KEYFRAME_REQUEST = b"keyframe-request"


@dataclass(frozen=True, eq=False)
class Visitor:
    """Somebody at a room's door, and how to reach them."""

    person: str
    """Id that nobody else knows; it stays the same when somebody comes back with a pass."""
    name: str
    source: str
    tell: Callable[[ServerMessage], None]
    end: Callable[[ProtocolError], None]
    """End the session with an error."""
    on_admitted: Callable[["Participant"], None]
    """Learn that this visitor is in."""


class Participant:
    """One participant of a room: listens to its peer and is the room's handle on it."""

    def __init__(self, room: "Room", info: ParticipantInfo, visitor: Visitor) -> None:
        settings = room.settings
        self.room = room
        self.info = info
        self.person = visitor.person
        self.tell = visitor.tell
        self.end = visitor.end
        self.has_left = False
        self._let_in_at = time.monotonic()
        self._messages = {channel: TokenBucket(traits.messages_per_second) for channel, traits in TRAITS.items()}
        self._bytes = {channel: TokenBucket(traits.bytes_per_second) for channel, traits in TRAITS.items()}
        self._voice_packets = TokenBucket(_VOICE_PACKETS_PER_S)
        self._voice_bytes = TokenBucket(_VOICE_BYTES_PER_S)
        self.peer = Peer(self, settings.voice, settings.link)

    @property
    def id(self) -> int:
        """Id in the room, 1–255."""
        return self.info.id

    async def answer(self, offer: str) -> str:
        """Answer an offer of this participant and give its new slots voices. Raises `ProtocolError`."""
        answer = await self.peer.answer(offer)
        self.peer.slots.assign(self.room.others(self))
        return answer

    def tell_voices(self) -> None:
        """Tell the participant whose voice each of its slots carries."""
        self.tell(Voices(self.peer.slots.speakers()))

    def on_message(self, channel: Channel, message: bytes) -> None:
        """Relay a message if it keeps to size and rate, else count it."""
        if self.has_left:
            return
        self.room.traffic.count(IN, channel, len(message))
        try:
            recipient, payload = split_recipient(channel, message)
        except ProtocolError:
            self.peer.dropped[f"{channel} size"] += 1
            return
        if self._messages[channel].admit() and self._bytes[channel].admit(len(message)):
            self.room.forward(self, channel, recipient, payload)
        else:
            self.peer.dropped[f"{channel} too fast"] += 1

    def on_voice(self, payload: bytes, timestamp: int) -> None:
        """Relay an Opus packet if its rate is that of speech, else count it."""
        if self.has_left:
            return
        self.room.traffic.count(IN, VOICE, len(payload))
        if self._voice_packets.admit() and self._voice_bytes.admit(len(payload)):
            self.room.play(self, payload, timestamp)
        else:
            self.peer.dropped["voice too fast"] += 1

    def on_connected(self) -> None:
        """Measure how long that took."""
        self.room.metrics.join_s.observe(time.monotonic() - self._let_in_at)

    def on_failure(self, error: ProtocolError) -> None:
        """End the participant's session."""
        self.end(error)

    async def close(self) -> None:
        """Close the connection, once the participant has left its room."""
        await self.peer.close()
        if self.peer.dropped:
            self.room.traffic.dropped += self.peer.dropped
            counts = {"dropped": dict(sorted(self.peer.dropped.items()))}
            logger.info("messages dropped", extra=self.room.named(self) | counts)


class Room:
    """The participants of one room by id."""

    def __init__(self, name: str, settings: Settings, metrics: Metrics) -> None:
        self.name = name
        self.settings = settings
        self.metrics = metrics
        self.traffic = metrics.traffic
        self.participants: dict[int, Participant] = {}
        self._last_id = 0

    def join(self, visitor: Visitor) -> Participant:
        """Add a participant and tell the others. Ids go round, so that one is used again as late as possible.

        Raises `ProtocolError` (`room-full`).
        """
        is_full = visitor.source != RENDERER and len(self.people()) >= self.settings.participants
        if is_full or len(self.participants) >= _IDS:
            raise ProtocolError("room-full", f"{self.name} is full with {len(self.people())} people: try later")
        self._last_id = next(
            candidate
            for step in range(_IDS)
            if (candidate := (self._last_id + step) % _IDS + 1) not in self.participants
        )
        info = ParticipantInfo(self._last_id, visitor.name, visitor.source)
        participant = Participant(self, info, visitor)
        for other in self.participants.values():
            other.tell(ParticipantJoined(info))
        self.participants[info.id] = participant
        self._assign_voices()
        logger.info("joined", extra=self.named(participant) | {"source": info.source})
        return participant

    def leave(self, participant: Participant, reason: str) -> None:
        """Remove a participant and tell the others why (`left`, `lost`, `removed`)."""
        del self.participants[participant.id]
        participant.has_left = True
        for other in self.participants.values():
            other.tell(ParticipantLeft(participant.id, reason))
        self._assign_voices()
        logger.info(reason, extra=self.named(participant))

    def named(self, participant: Participant) -> dict[str, object]:
        """Return what the log says of a participant."""
        return {"room": self.name, "participant": participant.id, "person": participant.info.name}

    def people(self) -> list[Participant]:
        """Return who is there, in the order they came; renderers are nobody."""
        return [participant for participant in self.participants.values() if participant.info.is_person]

    def others(self, participant: Participant) -> list[int]:
        """Return the ids of everybody else who has a voice, in the order they came."""
        return [other.id for other in self.people() if other is not participant]

    def forward(self, sender: Participant, channel: Channel, recipient: int, payload: bytes) -> None:
        """Send a payload from one participant to another, or to everybody else."""
        message = with_sender(sender.id, payload)
        if channel is Channel.CONTROL and _KEYFRAME_REQUEST in payload:
            self.traffic.keyframe_requests += 1
        if recipient == EVERYBODY:
            for other in self.participants.values():
                if other is not sender:
                    other.peer.send(channel, message)
                    self.traffic.count(OUT, channel, len(message))
        elif recipient in self.participants and recipient != sender.id:
            self.participants[recipient].peer.send(channel, message)
            self.traffic.count(OUT, channel, len(message))
        else:
            sender.peer.dropped[f"{channel} to nobody"] += 1

    def play(self, speaker: Participant, payload: bytes, timestamp: int) -> None:
        """Send an Opus packet on the slot that each other participant has for its speaker."""
        now = time.monotonic()
        for other in self.participants.values():
            if other is not speaker and other.peer.slots.play(speaker.id, payload, timestamp, now):
                self.traffic.count(OUT, VOICE, len(payload))

    def _assign_voices(self) -> None:
        for participant in self.participants.values():
            if participant.peer.slots.assign(self.others(participant)):
                participant.tell_voices()
