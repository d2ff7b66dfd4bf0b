"""The relay of a room: what one participant's messages and voice become for the others, here and on other nodes."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from server.bus.bus import Bus, room_subject
from server.errors import ProtocolError
from server.limits.rate_limit import TokenBucket
from server.operations.metrics import Metrics
from server.operations.traffic import BUS, IN, OUT, VOICE
from server.protocol.messages import ServerMessage, Voices
from server.protocol.room_messages import RoomState
from server.rooms.crossing import MEDIA, CrossingMessage, CrossingVoice, parse_media
from server.rooms.loudest_voices import MOST_VOICES, LoudestVoices
from server.rooms.peer import Peer
from server.rooms.record import Presence
from server.rooms.tokens import new_id
from server.settings import Settings
from server.webrtc.channels import EVERYBODY, TRAITS, Channel, split_recipient, with_sender
from server.webrtc.voice_reports import VoiceReport

logger = logging.getLogger(__name__)

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
    on_silence: Callable[[bool], None]
    """Learn that nothing comes from this visitor any more, or that something does again."""
    visit: str = field(default_factory=new_id)
    """Tells this visit from others of the same person."""

    def presence(self, node: str) -> Presence:
        """Return what other nodes are to know of this visitor, who has neither seat nor knock yet."""
        return Presence(node=node, visit=self.visit, person=self.person, name=self.name, source=self.source)


class Participant:
    """One participant of a room: listens to its peer and is the room's handle on it."""

    def __init__(self, room: "Room", seat: Presence, visitor: Visitor) -> None:
        settings = room.settings
        self.room = room
        self.seat = seat
        self.tell = visitor.tell
        self.end = visitor.end
        self.on_silence = visitor.on_silence
        self.has_left = False
        self.known_state = RoomState()
        """The room's state as it was last told."""
        self._let_in_at = time.monotonic()
        self._messages = {channel: TokenBucket(traits.messages_per_second) for channel, traits in TRAITS.items()}
        self._bytes = {channel: TokenBucket(traits.bytes_per_second) for channel, traits in TRAITS.items()}
        self._voice_packets = TokenBucket(_VOICE_PACKETS_PER_S)
        self._voice_bytes = TokenBucket(_VOICE_BYTES_PER_S)
        self.peer = Peer(self, settings.voice, settings.link)

    @property
    def id(self) -> int:
        """Id in the room, 1–255."""
        return self.seat.id

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

    def on_voice_reports(self, sent: VoiceReport, received: VoiceReport) -> None:
        """Count what was lost on the way to the participant and from there."""
        for direction, report in ((OUT, sent), (IN, received)):
            self.room.traffic.count_voice(direction, report.expected, report.lost)
        if sent.round_trip_s is not None:
            self.room.metrics.round_trip_s.observe(sent.round_trip_s)

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
    """Everybody in a room by id; the relay for those whom this node serves."""

    def __init__(self, name: str, settings: Settings, metrics: Metrics, bus: Bus) -> None:
        self.name = name
        self.settings = settings
        self.metrics = metrics
        self.traffic = metrics.traffic
        self.present: dict[int, Presence] = {}
        """Everybody, in the order they came."""
        self.participants: dict[int, Participant] = {}
        """Those whom this node serves."""
        self._loudest = LoudestVoices()
        self.bus = bus
        self.subject = room_subject(name)

    def named(self, participant: Participant) -> dict[str, object]:
        """Return what the log says of a participant."""
        return {"room": self.name, "participant": participant.id, "person": participant.seat.name}

    def people(self) -> list[Participant]:
        """Return the people whom this node serves, in the order they came; renderers are nobody."""
        return [participant for participant in self.participants.values() if participant.seat.is_person]

    def others(self, participant: Participant) -> list[int]:
        """Return the ids of everybody else who has a voice, in the order they came."""
        return [seat.id for seat in self.present.values() if seat.is_person and seat.id != participant.id]

    def forward(self, sender: Participant, channel: Channel, recipient: int, payload: bytes) -> None:
        """Send a payload from one participant to another, or to everybody else."""
        if channel is Channel.CONTROL and _KEYFRAME_REQUEST in payload:
            self.traffic.keyframe_requests += 1
        if recipient != EVERYBODY and (recipient not in self.present or recipient == sender.id):
            sender.peer.dropped[f"{channel} to nobody"] += 1
            return
        self._deliver(sender.id, channel, recipient, payload)
        if self._is_elsewhere(recipient):
            self._cross(bytes(CrossingMessage(channel, sender.id, recipient, payload)))

    def play(self, speaker: Participant, payload: bytes, timestamp: int) -> None:
        """Send an Opus packet on the slot that each other participant has for its speaker."""
        self._play(speaker.id, payload, timestamp)
        if self._is_elsewhere(EVERYBODY):
            self._cross(bytes(CrossingVoice(speaker.id, timestamp, payload)))

    def hear(self, message: bytes) -> None:
        """Deliver media from another node; of who is not there none. Raises `ProtocolError`."""
        self.traffic.count(IN, BUS, len(message))
        match parse_media(message):
            case CrossingMessage(channel, sender, recipient, payload) if sender in self.present:
                self._deliver(sender, channel, recipient, payload)
            case CrossingVoice(speaker, timestamp, payload) if speaker in self.present:
                self._play(speaker, payload, timestamp)

    def assign_voices(self) -> None:
        """Give free slots to the voices of those who came, and free those of who went."""
        for participant in self.participants.values():
            participant.peer.gather_motion(gathers=self._is_large)
            if participant.peer.slots.assign(self.others(participant)):
                participant.tell_voices()

    def _deliver(self, sender: int, channel: Channel, recipient: int, payload: bytes) -> None:
        message = with_sender(sender, payload)
        if recipient != EVERYBODY:
            recipients = [self.participants[recipient]] if recipient in self.participants else []
        else:
            recipients = [other for other in self.participants.values() if other.id != sender]
        for participant in recipients:
            participant.peer.send(channel, message)
            self.traffic.count(OUT, channel, len(message))

    def _play(self, speaker: int, payload: bytes, timestamp: int) -> None:
        if self._is_large and not self._loudest.admit(speaker, payload):
            return
        now = time.monotonic()
        for other in self.participants.values():
            if other.id != speaker and other.peer.slots.play(speaker, payload, timestamp, now):
                self.traffic.count(OUT, VOICE, len(payload))

    @property
    def _is_large(self) -> bool:
        """Whether not everybody is heard, and bundles, therefore, do not go behind voices."""
        return len(self.present) > MOST_VOICES + 1

    def _is_elsewhere(self, recipient: int) -> bool:
        """Tell whether a recipient, or anybody at all, is served by another node."""
        if recipient == EVERYBODY:
            return len(self.present) > len(self.participants)
        return recipient not in self.participants

    def _cross(self, message: bytes) -> None:
        self.bus.publish_media(self.subject, MEDIA, message)
        self.traffic.count(OUT, BUS, len(message))
