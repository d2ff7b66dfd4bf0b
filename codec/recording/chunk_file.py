"""The chunks of a file: found one after another, or again behind bytes that are none."""

from typing import BinaryIO

from codec.errors import FormatError
from codec.recording.chunks import CHUNK_HEADER_BYTES, MARKER, ChunkHeader, parse_chunk, parse_chunk_header
from codec.recording.records import Record

_BLOCK_BYTES = 65_536


class ChunkFile:
    """Finds and reads chunks by their offset. Memory is bounded by one chunk."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def find(self, position: int) -> tuple[int, ChunkHeader] | None:
        """Return offset and header of the first chunk that seems to begin at `position` or behind it, if one does."""
        self._file.seek(position)
        header = parse_chunk_header(self._file.read(CHUNK_HEADER_BYTES))
        if header is not None:
            return position, header
        while True:
            self._file.seek(position)
            block = self._file.read(_BLOCK_BYTES)
            if len(block) < CHUNK_HEADER_BYTES:
                return None
            index = block.find(MARKER)
            while index >= 0:
                header = parse_chunk_header(block[index : index + CHUNK_HEADER_BYTES])
                if header is not None:
                    return position + index, header
                index = block.find(MARKER, index + 1)
            position += len(block) - CHUNK_HEADER_BYTES + 1

    def read(self, offset: int) -> list[Record]:
        """Return the records of the chunk at `offset`, where one was found. Raises `FormatError` if it is broken."""
        self._file.seek(offset)
        head = self._file.read(CHUNK_HEADER_BYTES)
        header = parse_chunk_header(head)
        if header is None:
            raise FormatError("no chunk begins here")
        body = self._file.read(header.length)
        if len(body) < header.length:
            raise FormatError(f"the file ends {len(body)} bytes into a chunk of {header.length}")
        return parse_chunk(head, body)
