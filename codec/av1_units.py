"""The open bitstream units of AV1 (AV1 specification, 5.3), as far as to tell how many frames there are."""

from collections.abc import Iterator

from codec.errors import PictureError

_FRAME_HEADER, _FRAME = 3, 6
_LONGEST_LEB128 = 8


def count_frames(unit: bytes) -> int:
    """Return how many frames a temporal unit holds, shown or not. Raises `PictureError` if it has no such structure."""
    return sum(kind in (_FRAME_HEADER, _FRAME) for kind in _types(unit))


def _types(unit: bytes) -> Iterator[int]:
    """Yield the types of the units."""
    position = 0
    while position < len(unit):
        header = unit[position]
        position += 2 if header & 4 else 1
        length = len(unit) - position
        if header & 2:
            length, position = _leb128(unit, position)
        if length < 0 or position + length > len(unit):
            raise PictureError(f"an AV1 unit at byte {position} does not end within its {len(unit)} bytes")
        yield header >> 3 & 15
        position += length


def _leb128(unit: bytes, position: int) -> tuple[int, int]:
    """Return the number at `position`, and where it ends."""
    value = 0
    for index, byte in enumerate(unit[position : position + _LONGEST_LEB128]):
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value, position + index + 1
    raise PictureError(f"the length of an AV1 unit at byte {position} does not end")
