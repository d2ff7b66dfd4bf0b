"""What a recording is made of: participants, and records of what they sent."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgpack

from codec.errors import FormatError

MAXIMUM_ID = 255
MAXIMUM_PAYLOAD = 65_535
MAXIMUM_TIME_MS = 2**32 - 1
#: The kind of a participant who was coded from a file, without a network: the clock of its bundles is the recording's.
CLIP = "clip"

_MAXIMUM_NAME = 64
_PARTICIPANT_FIELDS = {"id", "name", "kind"}


class RecordKind(IntEnum):
    """What a record's payload is."""

    BUNDLE = 1
    KEYFRAME = 2
    VOICE = 3  #: an Opus packet, mono, 48 kHz
    PARTICIPANT = 4


@dataclass(frozen=True, slots=True)
class RecordedParticipant:
    """Somebody in a recording. `kind` says what fed them: `source` in the protocol, or `CLIP`."""

    id: int  #: 1–255
    name: str  #: 1–64 characters
    kind: str  #: 1–64 characters

    def __post_init__(self) -> None:
        """Raise `FormatError` for a field of the wrong type or size."""
        if type(self.id) is not int or not 1 <= self.id <= MAXIMUM_ID:
            raise FormatError(f"participant id {self.id!r:.40}, expected 1 to {MAXIMUM_ID}")
        for field in (self.name, self.kind):
            if not isinstance(field, str) or not 1 <= len(field) <= _MAXIMUM_NAME:
                raise FormatError(f"participant with name or kind {field!r:.80}, expected 1 to 64 characters")

    @classmethod
    def from_map(cls, fields: object) -> "RecordedParticipant":
        """Read the msgpack map. Raises `FormatError` if it is anything else than that."""
        if not isinstance(fields, dict) or set(fields) != _PARTICIPANT_FIELDS:
            raise FormatError(f"participant {fields!r:.80}, expected a map of id, name and kind")
        return cls(fields["id"], fields["name"], fields["kind"])

    def to_map(self) -> dict[str, object]:
        """Return the msgpack map."""
        return {"id": self.id, "name": self.name, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Record:
    """One record: what `participant` sent, `time_ms` after the recording began."""

    participant: int
    kind: RecordKind
    time_ms: int
    payload: bytes

    def check(self) -> None:
        """Raise `FormatError` if a field is out of range."""
        if not 1 <= self.participant <= MAXIMUM_ID:
            raise FormatError(f"participant id {self.participant}, expected 1 to {MAXIMUM_ID}")
        if not 0 <= self.time_ms <= MAXIMUM_TIME_MS:
            raise FormatError(f"record at {self.time_ms} ms, expected 0 to {MAXIMUM_TIME_MS}")
        if len(self.payload) > MAXIMUM_PAYLOAD:
            raise FormatError(f"record of {len(self.payload)} bytes, at most {MAXIMUM_PAYLOAD} fit")

    def described(self) -> RecordedParticipant:
        """Return whom a participant record describes. Raises `FormatError` if it describes nobody, or another."""
        described = RecordedParticipant.from_map(unpack_map(self.payload, "a participant record"))
        if described.id != self.participant:
            raise FormatError(f"participant record of {self.participant} describes {described.id}")
        return described


def unpack_map(data: bytes, what: str) -> dict[str, Any]:
    """Return a msgpack map. Raises `FormatError` for anything else; `what` names it there."""
    try:
        unpacked = msgpack.unpackb(data)
    except Exception as error:
        # msgpack meets bad input with several unrelated exceptions, RecursionError among them.
        raise FormatError(f"{what}: no msgpack map ({error})"[:200]) from error
    if not isinstance(unpacked, dict):
        raise FormatError(f"{what}: no msgpack map but {unpacked!r:.80}")
    return unpacked
