"""What of a room crosses from node to node, as bytes on the bus.

| word | bytes |
|---|---|
| `record` | revision (8), the record as JSON; nothing if the room is forgotten |
| `tell` | participant (1), a signalling message |
| `media` | channel (1: 0 motion, 1 keyframe, 2 control, 3 voice), sender (1), recipient (1; 0 everybody), payload |

The payload of voice is the RTP timestamp (4) and an Opus packet.
"""

from dataclasses import dataclass
from typing import Self

import msgspec

from server.errors import ProtocolError
from server.rooms.record import RoomRecord
from server.webrtc.channels import EVERYBODY, Channel

RECORD, TELL, MEDIA = "record", "tell", "media"

_CHANNELS = (Channel.MOTION, Channel.KEYFRAME, Channel.CONTROL)
_VOICE = len(_CHANNELS)
_HEADER = 3
_TIMESTAMP = 4
_REVISION = 8


@dataclass(frozen=True, slots=True)
class CrossingMessage:
    """A message of a data channel."""

    channel: Channel
    sender: int
    recipient: int
    payload: bytes

    def __bytes__(self) -> bytes:
        return bytes((_CHANNELS.index(self.channel), self.sender, self.recipient)) + self.payload


@dataclass(frozen=True, slots=True)
class CrossingVoice:
    """An Opus packet and its RTP timestamp."""

    speaker: int
    timestamp: int
    payload: bytes

    def __bytes__(self) -> bytes:
        return bytes((_VOICE, self.speaker, EVERYBODY)) + self.timestamp.to_bytes(_TIMESTAMP, "big") + self.payload


def parse_media(message: bytes) -> CrossingMessage | CrossingVoice:
    """Parse a message of word `media`; raises `ProtocolError`."""
    if len(message) <= _HEADER or message[0] > _VOICE or message[1] == 0:
        raise ProtocolError("bad-message", f"{len(message)} bytes of another node are no media")
    if message[0] < _VOICE:
        return CrossingMessage(_CHANNELS[message[0]], message[1], message[2], message[_HEADER:])
    timestamp, payload = message[_HEADER : _HEADER + _TIMESTAMP], message[_HEADER + _TIMESTAMP :]
    return CrossingVoice(message[1], int.from_bytes(timestamp, "big"), payload)


@dataclass(frozen=True, slots=True)
class ChangedRecord:
    """A room's record as a change has made it; None if the room is forgotten."""

    revision: int
    record: RoomRecord | None

    def __bytes__(self) -> bytes:
        record = msgspec.json.encode(self.record) if self.record is not None else b""
        return self.revision.to_bytes(_REVISION, "big") + record

    @classmethod
    def parse(cls, message: bytes) -> Self:
        """Parse a message of word `record`; raises `ProtocolError`."""
        try:
            revision, text = int.from_bytes(message[:_REVISION], "big"), message[_REVISION:]
            return cls(revision, msgspec.json.decode(text, type=RoomRecord) if text else None)
        except msgspec.DecodeError as error:
            raise ProtocolError("bad-message", f"another node's record cannot be read: {error}") from error
