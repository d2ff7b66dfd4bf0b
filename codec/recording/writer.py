"""Writes recordings."""

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal

import msgpack

from codec.errors import FormatError
from codec.recording.chunks import LONGEST_RECORD_HEADER, Metadata, pack_chunk
from codec.recording.reader import RecordingReader
from codec.recording.records import Record, RecordedParticipant, RecordKind

#: A chunk that has grown to this is written at once; whatever the last record adds, it stays within its bounds.
_FULL_BYTES = 32_768


class RecordingWriter:
    """Writes a recording in chunks of about a second; a crash loses the open chunk and nothing before it."""

    def __init__(
        self,
        path: Path,
        participants: tuple[RecordedParticipant, ...] = (),
        created: str = "",
        *,
        append: bool = False,
        chunk_ms: int = 1000,
        source_type: str = "",
    ) -> None:
        """Create the file over any that is there, or go on with it if `append` and there is one.

        `created` is a time in ISO 8601, or empty. `chunk_ms` is how much a chunk holds, and so what a crash may lose.
        `source_type` marks a new file as what players make of it (`codec.provenance`).
        Appending cuts off what a crash left unfinished at the end, and adds those participants that are not known yet.
        Raises `FormatError` if the file cannot be written, or is no recording to go on with.
        """
        self.participants: dict[int, RecordedParticipant] = {}
        self.end_ms = 0  #: time of the latest record
        self._path = path
        self._chunk_ms = chunk_ms
        self._open: list[Record] = []
        self._open_bytes = 0
        known = {participant.id: participant for participant in participants}
        if append and path.exists():
            self._file = self._reopen()
            for participant in known.values():
                if self.participants.get(participant.id) != participant:
                    self.add_participant(participant, self.end_ms)
        else:
            header = bytes(Metadata(created, participants, source_type))
            self._file = self._opened("wb")
            try:
                self._write(header)
            except FormatError:
                with suppress(OSError):
                    self._file.close()
                raise
            self.participants = known

    def add(self, participant: int, kind: RecordKind, time_ms: float, payload: bytes) -> None:
        """Append a record. Raises `FormatError` if a field is out of range (nothing is written then) or writing fails.

        Times may fall by less than a chunk: records of one chunk are put in order.
        """
        record = Record(participant, kind, round(time_ms), payload)
        record.check()
        if self._open and not -self._chunk_ms < record.time_ms - self._open[0].time_ms < self._chunk_ms:
            self.flush()
        self._open.append(record)
        self._open_bytes += len(payload) + LONGEST_RECORD_HEADER
        self.end_ms = max(self.end_ms, record.time_ms)
        if self._open_bytes >= _FULL_BYTES:
            self.flush()

    def add_participant(self, participant: RecordedParticipant, time_ms: float) -> None:
        """Append who a participant is."""
        self.add(participant.id, RecordKind.PARTICIPANT, time_ms, msgpack.packb(participant.to_map()))
        self.participants[participant.id] = participant

    def flush(self) -> None:
        """Write the open chunk: what was added so far can be read, and is lost no more."""
        if self._open:
            chunk, self._open, self._open_bytes = pack_chunk(self._open), [], 0
            self._write(chunk)

    def close(self) -> None:
        """Write what is open and close the file; safe to call twice."""
        if not self._file.closed:
            try:
                self.flush()
            finally:
                self._close()

    def __enter__(self) -> "RecordingWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reopen(self) -> BinaryIO:
        with RecordingReader(self._path) as reader:
            for record in reader.records():
                self.end_ms = max(self.end_ms, record.time_ms)
            self.participants = dict(reader.participants)
        if not reader.readable_bytes:
            raise FormatError(f"{self._path} holds nothing that can be read: write another file")
        file = self._opened("r+b")
        file.truncate(reader.readable_bytes)
        file.seek(reader.readable_bytes)
        return file

    def _opened(self, mode: Literal["wb", "r+b"]) -> BinaryIO:
        try:
            return self._path.open(mode)
        except OSError as error:
            raise FormatError(f"cannot write the recording {self._path}: {error.strerror}") from error

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise FormatError(f"cannot write the recording {self._path}: {error.strerror}") from error

    def _close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise FormatError(f"cannot write the recording {self._path}: {error.strerror}") from error
