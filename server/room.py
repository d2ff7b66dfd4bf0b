"""Rooms: who is there, and what one participant's messages and voice become for the others."""

import logging
import time
from collections.abc import Callable

from server.channels import EVERYBODY, TRAITS, Channel, split_recipient, with_sender
from server.errors import ProtocolError
from server.messages import ParticipantInfo, ParticipantJoined, ParticipantLeft, ServerMessage, Voices
from server.peer import Peer
from server.rate_limit import TokenBucket
from server.settings import Settings

logger = logging.getLogger(__name__)

_IDS = 255
_VOICE_PACKETS_PER_S = 60
_VOICE_BYTES_PER_S = 12_000


class Participant:
    """One participant of a room: listens to its peer and is the room's handle on it."""

    def __init__(
        self,
        room: "Room",
        info: ParticipantInfo,
        tell: Callable[[ServerMessage], None],
        end: Callable[[ProtocolError], None],
    ) -> None:
        settings = room.settings
        self.room = room
        self.info = info
        self.tell = tell
        self._end = end
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
        if self._voice_packets.admit() and self._voice_bytes.admit(len(payload)):
            self.room.play(self, payload, timestamp)
        else:
            self.peer.dropped["voice too fast"] += 1

    def on_failure(self, error: ProtocolError) -> None:
        """End the participant's session."""
        self._end(error)

    async def close(self) -> None:
        """Close the connection, once the participant has left its room."""
        await self.peer.close()
        if self.peer.dropped:
            dropped = ", ".join(f"{count} × {what}" for what, count in sorted(self.peer.dropped.items()))
            logger.info("room %s: of %s, messages dropped: %s", self.room.name, self.info.name, dropped)


class Room:
    """The participants of one room by id."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self.participants: dict[int, Participant] = {}
        self._last_id = 0

    def join(
        self,
        name: str,
        source: str,
        tell: Callable[[ServerMessage], None],
        end: Callable[[ProtocolError], None],
    ) -> Participant:
        """Add a participant and tell the others. Ids go round, so that one is used again as late as possible.

        Raises `ProtocolError` (`room-full`).
        """
        if len(self.participants) >= self.settings.participants:
            raise ProtocolError("room-full", f"{self.name} is full with {len(self.participants)} people: try later")
        self._last_id = next(
            candidate
            for step in range(_IDS)
            if (candidate := (self._last_id + step) % _IDS + 1) not in self.participants
        )
        info = ParticipantInfo(self._last_id, name, source)
        participant = Participant(self, info, tell, end)
        for other in self.participants.values():
            other.tell(ParticipantJoined(info))
        self.participants[info.id] = participant
        self._assign_voices()
        logger.info("room %s: %s (%d, %s) joined", self.name, name, info.id, source)
        return participant

    def leave(self, participant: Participant, reason: str) -> None:
        """Remove a participant and tell the others why (`left`, `lost`)."""
        del self.participants[participant.id]
        for other in self.participants.values():
            other.tell(ParticipantLeft(participant.id, reason))
        self._assign_voices()
        logger.info("room %s: %s (%d) %s", self.name, participant.info.name, participant.id, reason)

    def others(self, participant: Participant) -> list[int]:
        """Return the ids of everybody else, in the order they came."""
        return [other for other in self.participants if other != participant.id]

    def forward(self, sender: Participant, channel: Channel, recipient: int, payload: bytes) -> None:
        """Send a payload from one participant to another, or to everybody else."""
        message = with_sender(sender.id, payload)
        if recipient == EVERYBODY:
            for other in self.participants.values():
                if other is not sender:
                    other.peer.send(channel, message)
        elif recipient in self.participants and recipient != sender.id:
            self.participants[recipient].peer.send(channel, message)
        else:
            sender.peer.dropped[f"{channel} to nobody"] += 1

    def play(self, speaker: Participant, payload: bytes, timestamp: int) -> None:
        """Send an Opus packet on the slot that each other participant has for its speaker."""
        now = time.monotonic()
        for other in self.participants.values():
            if other is not speaker:
                other.peer.slots.play(speaker.id, payload, timestamp, now)

    def _assign_voices(self) -> None:
        for participant in self.participants.values():
            if participant.peer.slots.assign(self.others(participant)):
                participant.tell_voices()


class Rooms:
    """All rooms of a server; a room exists while somebody is in it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rooms: dict[str, Room] = {}

    def enter(
        self,
        room_name: str,
        name: str,
        source: str,
        tell: Callable[[ServerMessage], None],
        end: Callable[[ProtocolError], None],
    ) -> Participant:
        """Add a participant to a room, which is made if need be. Raises `ProtocolError` (`room-full`)."""
        room = self._rooms.get(room_name)
        if room is None:
            if len(self._rooms) >= self._settings.rooms:
                raise ProtocolError("room-full", f"this server is full with {len(self._rooms)} rooms: try later")
            room = self._rooms[room_name] = Room(room_name, self._settings)
        return room.join(name, source, tell, end)

    def leave(self, participant: Participant, reason: str) -> None:
        """Remove a participant and tell the others why; an empty room goes too."""
        room = participant.room
        room.leave(participant, reason)
        if not room.participants:
            del self._rooms[room.name]

    @property
    def room_count(self) -> int:
        """Rooms with somebody in them."""
        return len(self._rooms)

    @property
    def participant_count(self) -> int:
        """Participants of all rooms."""
        return sum(len(room.participants) for room in self._rooms.values())
