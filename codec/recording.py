"""Recordings (`.fwr`): what participants sent, in the wire's own bytes (docs/wire-format.md, 'Recording')."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import msgpack

from codec.errors import FormatError

VERSION = 1
MAXIMUM_PAYLOAD = 65_535
MAXIMUM_TIME_MS = 2**32 - 1

_MAGIC = b"FWR" + bytes([VERSION])
_LENGTH = struct.Struct(">I")
_RECORD = struct.Struct(">BBIH")
_CHECK = struct.Struct(">I")
_MAXIMUM_METADATA = 65_536
_MAXIMUM_NAME = 64
_MAXIMUM_ID = 255
_PARTICIPANT_FIELDS = {"id", "name", "kind"}


class RecordKind(IntEnum):
    """What a record's payload is."""

    BUNDLE = 1
    KEYFRAME = 2
    VOICE = 3  #: an Opus packet, mono, 48 kHz
    PARTICIPANT = 4


@dataclass(frozen=True, slots=True)
class RecordedParticipant:
    """Somebody in a recording. `kind` says what fed them, as `source` does in the protocol."""

    id: int  #: 1–255
    name: str  #: 1–64 characters
    kind: str  #: 1–64 characters

    def __post_init__(self) -> None:
        """Raise `FormatError` for a field of the wrong type or size."""
        if type(self.id) is not int or not 1 <= self.id <= _MAXIMUM_ID:
            raise FormatError(f"participant id {self.id!r:.40}, expected 1 to {_MAXIMUM_ID}")
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


@dataclass(frozen=True, slots=True)
class Damage:
    """Where and why a recording could not be read to its end."""

    offset: int  #: of the first byte that could not be read
    reason: str


class RecordingWriter:
    """Writes a recording, each record flushed: a crash loses nothing that was written before it."""

    def __init__(self, path: Path, participants: tuple[RecordedParticipant, ...] = ()) -> None:
        """Create the file, over any that is there. Raises `FormatError` if it cannot be written."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        known = [participant.to_map() for participant in participants]
        metadata = msgpack.packb({"created": created, "participants": known})
        try:
            self._file = path.open("wb")
        except OSError as error:
            raise FormatError(f"cannot write the recording {path}: {error.strerror}") from error
        self._file.write(_MAGIC + _LENGTH.pack(len(metadata)) + metadata)
        self._file.flush()

    def add(self, participant: int, kind: RecordKind, time_ms: float, payload: bytes) -> None:
        """Append a record. Raises `FormatError` if a field is out of range; nothing is written then."""
        time = round(time_ms)
        if not 1 <= participant <= _MAXIMUM_ID:
            raise FormatError(f"participant id {participant}, expected 1 to {_MAXIMUM_ID}")
        if not 0 <= time <= MAXIMUM_TIME_MS:
            raise FormatError(f"record at {time} ms, expected 0 to {MAXIMUM_TIME_MS}")
        if len(payload) > MAXIMUM_PAYLOAD:
            raise FormatError(f"record of {len(payload)} bytes, at most {MAXIMUM_PAYLOAD} fit")
        header = _RECORD.pack(participant, kind, time, len(payload))
        self._file.write(header + _CHECK.pack(zlib.crc32(header + payload)) + payload)
        self._file.flush()

    def add_participant(self, participant: RecordedParticipant, time_ms: float) -> None:
        """Append who a participant is."""
        payload = msgpack.packb(participant.to_map())
        self.add(participant.id, RecordKind.PARTICIPANT, time_ms, payload)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()

    def __enter__(self) -> "RecordingWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RecordingReader:
    """Reads a recording record by record; memory is bounded by one record."""

    def __init__(self, path: Path) -> None:
        """Open the file and read its metadata. Raises `FormatError` if it is no recording of version 1."""
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise FormatError(f"cannot read the recording {path}: {error.strerror}") from error
        self.damage: Damage | None = None  #: set once reading stopped short of the end
        self.participants: dict[int, RecordedParticipant] = {}  #: grows with each participant record
        try:
            self.created = self._read_metadata(path)
        except FormatError:
            self._file.close()
            raise

    def records(self) -> Iterator[Record]:
        """Yield the records that are left, in file order.

        They end where the file is cut or corrupted; `damage` then says so.
        """
        while self.damage is None:
            offset = self._file.tell()
            head = self._file.read(_RECORD.size + _CHECK.size)
            if not head:
                return
            try:
                record = self._read_record(head)
            except FormatError as error:
                self.damage = Damage(offset, str(error))
                return
            yield record

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()

    def __enter__(self) -> "RecordingReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_metadata(self, path: Path) -> str:
        if (magic := self._file.read(len(_MAGIC))) != _MAGIC:
            if magic[:3] == _MAGIC[:3] and len(magic) == len(_MAGIC):
                raise FormatError(f"{path} has version {magic[3]}, this codec reads version {VERSION}")
            raise FormatError(f"{path} is no recording: it begins with {magic!r}, not {_MAGIC!r}")
        length = self._file.read(_LENGTH.size)
        if len(length) < _LENGTH.size or _LENGTH.unpack(length)[0] > _MAXIMUM_METADATA:
            raise FormatError(f"{path} has no metadata, or more than {_MAXIMUM_METADATA} bytes of them")
        metadata = _unpack_map(self._file.read(_LENGTH.unpack(length)[0]), f"the metadata of {path}")
        created, participants = metadata.get("created"), metadata.get("participants")
        if not isinstance(created, str) or not isinstance(participants, list):
            raise FormatError(f"the metadata of {path} lack `created` or `participants`")
        self.participants = {p.id: p for p in map(RecordedParticipant.from_map, participants)}
        return created

    def _read_record(self, head: bytes) -> Record:
        if len(head) < _RECORD.size + _CHECK.size:
            raise FormatError(f"the file ends {len(head)} bytes into a record's header")
        participant, kind, time_ms, length = _RECORD.unpack_from(head)
        payload = self._file.read(length)
        if len(payload) < length:
            raise FormatError(f"the file ends {len(payload)} bytes into a record of {length} bytes")
        if zlib.crc32(head[: _RECORD.size] + payload) != _CHECK.unpack_from(head, _RECORD.size)[0]:
            raise FormatError("a record fails its CRC-32 check")
        if participant == 0 or kind not in RecordKind.__members__.values():
            raise FormatError(
                f"record of kind {kind} for participant {participant}, which version {VERSION} does not have"
            )
        record = Record(participant, RecordKind(kind), time_ms, payload)
        if record.kind is RecordKind.PARTICIPANT:
            self._note_participant(record)
        return record

    def _note_participant(self, record: Record) -> None:
        described = RecordedParticipant.from_map(_unpack_map(record.payload, "a participant record"))
        if described.id != record.participant:
            raise FormatError(f"participant record of {record.participant} describes {described.id}")
        self.participants[described.id] = described


def _unpack_map(data: bytes, what: str) -> dict[str, Any]:
    try:
        unpacked = msgpack.unpackb(data)
    except Exception as error:
        # msgpack meets bad input with several unrelated exceptions, RecursionError among them.
        raise FormatError(f"{what}: no msgpack map ({error})"[:200]) from error
    if not isinstance(unpacked, dict):
        raise FormatError(f"{what}: no msgpack map but {unpacked!r:.80}")
    return unpacked
