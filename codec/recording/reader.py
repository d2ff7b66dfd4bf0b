"""Reads recordings, from the beginning or from somewhere in the middle, over whatever is damaged."""

import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from codec.errors import FormatError
from codec.intra_picture import PictureCodec
from codec.keyframes import CACHED_KEYFRAMES, NUMBERS
from codec.recording.chunk_file import ChunkFile
from codec.recording.chunks import CHUNK_HEADER_BYTES, MAGIC, VERSION, Metadata
from codec.recording.records import Record, RecordedParticipant, RecordKind

#: Bytes of a keyframe that tell its picture codec and its number.
_KEYFRAME_HEAD = 2
#: After so many broken chunks the rest of a file counts as lost, so that none takes for ever.
_MOST_BROKEN_CHUNKS = 4_000


@dataclass(frozen=True, slots=True)
class Damage:
    """What of a recording could not be read."""

    offset: int  #: of the first byte that could not be read
    reason: str  #: what is wrong there
    places: int  #: how many stretches of the file could not be read
    lost_bytes: int  #: all of them together

    def __str__(self) -> str:
        others = f", the first of {self.places} such places" if self.places > 1 else ""
        return f"{self.reason} (at byte {self.offset}{others}; {self.lost_bytes} bytes are lost)"


class RecordingReader:
    """Reads a recording chunk by chunk; memory is bounded by one chunk."""

    def __init__(self, source: Path | BinaryIO) -> None:
        """Open the file, or take an open one, and read its header.

        Raises `FormatError` if it is no recording of version 2.
        """
        self.damage: Damage | None = None  #: grows while records are read
        self.participants: dict[int, RecordedParticipant] = {}  #: grows with each participant record
        self.created = ""  #: ISO 8601, or empty
        self.source_type = ""  #: IPTC's digital source type, or empty
        self.readable_bytes = 0  #: where the last chunk that was read ends; 0 if nothing could be read
        self._broken_chunks = 0
        try:
            self._file = source.open("rb") if isinstance(source, Path) else source
            self.file_bytes = self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise FormatError(f"cannot read the recording {source}: {error.strerror}") from error
        self._chunks = ChunkFile(self._file)
        try:
            self._read_header(source if isinstance(source, Path) else "the file")
        except FormatError:
            self._file.close()
            raise
        self._position = self._first = self.readable_bytes or len(MAGIC)

    def records(self) -> Iterator[Record]:
        """Yield the records from here to the end, in file order.

        Whole chunks that are damaged are left out; `damage` then says so.
        """
        while self._position < self.file_bytes:
            found = self._next_chunk()
            if found is None:
                return
            yield from found

    def seek(self, time_ms: float) -> list[Record]:
        """Go to the chunk of `time_ms`; return the keyframes that a decoder needs to start there, oldest first.

        They are the newest of each participant, as many as a receiver keeps, and those that these are predicted from.
        On the way there only the chunks' headers are read; what is damaged on the way is not noticed.
        """
        with_keyframes = array("Q")
        target, position = self._first, self._first
        while (found := self._chunks.find(position)) is not None:
            offset, header = found
            if header.start_ms > time_ms and position > self._first:
                break
            target, position = offset, offset + CHUNK_HEADER_BYTES + header.length
            if header.has_keyframes:
                with_keyframes.append(offset)
            if header.has_participants:
                self._read_beside(offset)
        self._position = target
        self._broken_chunks = 0
        return self._keyframes([offset for offset in with_keyframes if offset < target])

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()

    def __enter__(self) -> "RecordingReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_header(self, name: Path | str) -> None:
        self._file.seek(0)
        magic = self._file.read(len(MAGIC))
        if magic != MAGIC:
            if magic[:3] == MAGIC[:3] and len(magic) == len(MAGIC):
                raise FormatError(f"{name} has version {magic[3]}, this codec reads version {VERSION}")
            raise FormatError(f"{name} is no recording: it begins with {magic!r}, not {MAGIC!r}")
        try:
            metadata, self.readable_bytes = Metadata.parse(self._file.read(Metadata.LONGEST_BYTES))
        except FormatError as error:
            # What follows can be read without it.
            self.damage = Damage(len(MAGIC), str(error), 0, 0)
            return
        self.created, self.source_type = metadata.created, metadata.source_type
        self.participants = {participant.id: participant for participant in metadata.participants}

    def _next_chunk(self) -> list[Record] | None:
        """Return the records of the next chunk that can be read, and go behind it; None if there is no more."""
        reason = "the file ends within a chunk's header"
        if self.file_bytes - self._position >= CHUNK_HEADER_BYTES:
            reason = "no chunk begins where one should"
        search = self._position
        while self._broken_chunks < _MOST_BROKEN_CHUNKS and (found := self._chunks.find(search)) is not None:
            offset, header = found
            try:
                records = self._noted(self._chunks.read(offset))
            except FormatError as error:
                self._broken_chunks += 1
                reason = str(error) if offset == self._position else reason
                search = offset + 1
                continue
            self._note_damage(offset, reason)
            self._position = self.readable_bytes = offset + CHUNK_HEADER_BYTES + header.length
            return records
        self._note_damage(self.file_bytes, reason)
        self._position = self.file_bytes
        return None

    def _note_damage(self, end: int, reason: str) -> None:
        """Take note that what lies from here to `end` was passed over."""
        if end == self._position:
            return
        first = self.damage or Damage(self._position, reason, 0, 0)
        lost_bytes = first.lost_bytes + end - self._position
        self.damage = Damage(first.offset, first.reason, first.places + 1, lost_bytes)

    def _noted(self, records: list[Record]) -> list[Record]:
        """Take note of the participants in a chunk. Raises `FormatError` if one is badly described."""
        described = [record.described() for record in records if record.kind is RecordKind.PARTICIPANT]
        self.participants.update({participant.id: participant for participant in described})
        return records

    def _read_beside(self, offset: int) -> list[Record]:
        """Return the records of a chunk that was found, none if it is broken."""
        try:
            return self._noted(self._chunks.read(offset))
        except FormatError:
            return []

    def _keyframes(self, offsets: list[int]) -> list[Record]:
        """Return the newest keyframes of each participant in these chunks, and those that they are predicted from."""
        needed = {participant: _Needed() for participant in self.participants}
        found: list[Record] = []
        for offset in reversed(offsets):
            if needed and all(wanted.is_complete for wanted in needed.values()):
                break
            for record in reversed(self._read_beside(offset)):
                if record.kind is RecordKind.KEYFRAME and len(record.payload) >= _KEYFRAME_HEAD:
                    wanted = needed.setdefault(record.participant, _Needed())
                    if not wanted.is_complete:
                        wanted.note(record.payload)
                        found.append(record)
        return found[::-1]


@dataclass(slots=True)
class _Needed:
    """Counts the keyframes of one participant, newest first, until a decoder could start with them."""

    is_complete: bool = False
    numbers: set[int] = field(default_factory=set)
    count: int = 0

    def note(self, keyframe: bytes) -> None:
        self.numbers.add(keyframe[1])
        self.count += 1
        is_first_of_chain = keyframe[0] & 15 != PictureCodec.AV1_NEXT
        self.is_complete = (is_first_of_chain and len(self.numbers) >= CACHED_KEYFRAMES) or self.count >= NUMBERS
