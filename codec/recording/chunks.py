"""Bytes of a recording: the header of the file, and chunks of about a second that can be found and checked alone."""

import struct
import zlib
from dataclasses import dataclass
from typing import ClassVar

import msgpack

from codec.errors import FormatError
from codec.provenance import SOURCE_TYPE
from codec.recording.records import MAXIMUM_TIME_MS, Record, RecordedParticipant, RecordKind, unpack_map

VERSION = 2
MAGIC = b"FWR" + bytes([VERSION])
MARKER = b"\xd7\x0e\xc4"
CHUNK_HEADER_BYTES = 16
MAXIMUM_BODY = 131_072
#: Bytes of a record beyond its payload, at most.
LONGEST_RECORD_HEADER = 10

_METADATA_LENGTH = struct.Struct(">H")
_CHECK = struct.Struct(">I")
_CHUNK_HEADER = struct.Struct(">3s3sIHI")
_CHECKED_BYTES = 10
_LENGTH_BITS = 20
_HAS_KEYFRAMES, _HAS_PARTICIPANTS = 1, 2
_FLAGS = _HAS_KEYFRAMES | _HAS_PARTICIPANTS
#: In a record's first byte this stands for a participant whose id follows in a byte of its own.
_LONG_ID = 31


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the header of a file says."""

    LONGEST_BYTES: ClassVar = 65_541  #: of a header, its magic left out

    created: str  #: ISO 8601, or empty
    participants: tuple[RecordedParticipant, ...]
    source_type: str = ""  #: IPTC's digital source type of what players make of the file, or empty

    def __bytes__(self) -> bytes:
        """Return the header of the file. Raises `FormatError` if it is longer than 65 535 bytes."""
        known = [participant.to_map() for participant in self.participants]
        fields: dict[str, object] = {"created": self.created, "participants": known}
        packed: bytes = msgpack.packb(fields | ({SOURCE_TYPE: self.source_type} if self.source_type else {}))
        if len(packed) > 0xFFFF:
            raise FormatError(f"metadata of {len(packed)} bytes, at most {0xFFFF} fit")
        return MAGIC + _METADATA_LENGTH.pack(len(packed)) + packed + _CHECK.pack(zlib.crc32(packed))

    @classmethod
    def parse(cls, data: bytes) -> tuple["Metadata", int]:
        """Read the header at the beginning of `data`, its magic left out; return it and its length with the magic.

        Raises `FormatError` if it is cut or broken.
        """
        start = _METADATA_LENGTH.size
        end = start + int.from_bytes(data[:start], "big")
        packed, check = data[start:end], data[end : end + _CHECK.size]
        if len(check) < _CHECK.size:
            raise FormatError("the file ends within its header")
        if zlib.crc32(packed) != _CHECK.unpack(check)[0]:
            raise FormatError("the header of the file fails its CRC-32 check")
        metadata = unpack_map(packed, "the metadata")
        created, participants = metadata.get("created"), metadata.get("participants")
        if not isinstance(created, str) or not isinstance(participants, list):
            raise FormatError("the metadata lack `created` or `participants`")
        source_type = metadata.get(SOURCE_TYPE, "")
        if not isinstance(source_type, str):
            raise FormatError(f"the metadata's `{SOURCE_TYPE}` is no text but {source_type!r:.80}")
        known = tuple(map(RecordedParticipant.from_map, participants))
        return cls(created, known, source_type), len(MAGIC) + end + _CHECK.size


@dataclass(frozen=True, slots=True)
class ChunkHeader:
    """What is known of a chunk before its body is read."""

    start_ms: int  #: time of its first record
    length: int  #: of its body, bytes
    has_keyframes: bool
    has_participants: bool


def pack_chunk(records: list[Record]) -> bytes:
    """Return a chunk of at least one record, in the order of their times. Raises `FormatError` if one is out of range.

    The records together may have at most `MAXIMUM_BODY` bytes.
    """
    records = sorted(records, key=lambda record: record.time_ms)
    body = bytearray()
    before_ms = start_ms = records[0].time_ms
    for record in records:
        record.check()
        if record.participant < _LONG_ID:
            body.append(record.kind << 5 | record.participant)
        else:
            body += bytes((record.kind << 5 | _LONG_ID, record.participant))
        _append_varint(body, record.time_ms - before_ms)
        _append_varint(body, len(record.payload))
        body += record.payload
        before_ms = record.time_ms
    if len(body) > MAXIMUM_BODY:
        raise FormatError(f"chunk of {len(body)} bytes, at most {MAXIMUM_BODY} fit")
    kinds = {record.kind for record in records}
    flags = _HAS_KEYFRAMES * (RecordKind.KEYFRAME in kinds) | _HAS_PARTICIPANTS * (RecordKind.PARTICIPANT in kinds)
    sized = (flags << _LENGTH_BITS | len(body)).to_bytes(3, "big")
    checked = MARKER + sized + start_ms.to_bytes(4, "big")
    header_check = zlib.crc32(checked)
    return _CHUNK_HEADER.pack(MARKER, sized, start_ms, header_check & 0xFFFF, zlib.crc32(body, header_check)) + body


def parse_chunk_header(data: bytes) -> ChunkHeader | None:
    """Read the header of a chunk from its 16 bytes; None if they are none."""
    if len(data) < CHUNK_HEADER_BYTES:
        return None
    marker, sized, start_ms, header_check, _ = _CHUNK_HEADER.unpack(data)
    if marker != MARKER or zlib.crc32(data[:_CHECKED_BYTES]) & 0xFFFF != header_check:
        return None
    number = int.from_bytes(sized, "big")
    flags, length = number >> _LENGTH_BITS, number & (1 << _LENGTH_BITS) - 1
    if flags & ~_FLAGS or not 0 < length <= MAXIMUM_BODY:
        return None
    return ChunkHeader(start_ms, length, bool(flags & _HAS_KEYFRAMES), bool(flags & _HAS_PARTICIPANTS))


def parse_chunk(header: bytes, body: bytes) -> list[Record]:
    """Read the records of a chunk whose 16-byte header was parsed. Raises `FormatError` if anything is wrong."""
    if zlib.crc32(body, zlib.crc32(header[:_CHECKED_BYTES])) != _CHUNK_HEADER.unpack(header)[4]:
        raise FormatError("a chunk fails its CRC-32 check")
    time_ms: int = _CHUNK_HEADER.unpack(header)[2]
    records: list[Record] = []
    position = 0
    try:
        while position < len(body):
            kind, participant = body[position] >> 5, body[position] & _LONG_ID
            position += 1
            if participant == _LONG_ID:
                participant = body[position]
                position += 1
                if participant < _LONG_ID:
                    raise FormatError(f"a record gives the id {participant} in two bytes")
            step_ms, position = _varint(body, position)
            length, position = _varint(body, position)
            time_ms += step_ms
            end = position + length
            if end > len(body):
                raise FormatError(f"a record of {length} bytes ends behind its chunk")
            record = Record(participant, RecordKind(kind), time_ms, body[position:end])
            record.check()
            records.append(record)
            position = end
    except (IndexError, ValueError):
        raise FormatError("a chunk holds a record that is cut or of an unknown kind") from None
    return records


def _append_varint(data: bytearray, number: int) -> None:
    """Append a number as LEB128: seven bits a byte, the lowest first, the high bit set in all but the last."""
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a LEB128 number of at most 32 bits and the position behind it. Raises `IndexError` or `FormatError`."""
    number = 0
    for shift in range(0, 35, 7):
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number > MAXIMUM_TIME_MS or (shift and not byte):
                break
            return number, position
    raise FormatError("a record has a number that is too great, or longer than it needs to be")
