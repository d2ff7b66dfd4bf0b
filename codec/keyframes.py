"""Keyframes: a picture of the sender's crop with its shape and motion, and the slices it travels in."""

import struct
from dataclasses import dataclass

from codec.bundle import TIME_MODULUS
from codec.contexts import fresh_contexts
from codec.entropy import RangeDecoder, RangeEncoder, decode_residuals, encode_residuals
from codec.errors import WireError
from codec.intra_picture import PictureCodec
from codec.motion import SHAPE_LIMIT, check_motion

VERSION = 1
NUMBERS = 256
MINIMUM_SIDE, MAXIMUM_SIDE = 64, 1024
SLICE_BYTES = 1000
MAXIMUM_SLICES = 255
#: Keyframes of one sender that a receiver keeps at least: those that a sender picks from, and some that bundles still
#: on their way may name.
CACHED_KEYFRAMES = 12

_HEADER = struct.Struct(">BBBHHB")


@dataclass(frozen=True, slots=True)
class Keyframe:
    """A picture and the motion at which it was taken; without a face it has neither shape nor motion."""

    number: int  #: modulo 256
    time_ticks: int  #: ticks of 10 ms on the sender's clock, modulo 2^24
    side: int  #: pixels
    shape: tuple[int, ...] | None  #: the person's identity coefficients (32)
    motion: tuple[int, ...] | None  #: 32 integers
    picture_codec: PictureCodec
    picture: bytes

    def __bytes__(self) -> bytes:
        """Return the keyframe as it goes on the wire. Raises `WireError` if a field is out of range."""
        _check_side(self.side)
        face = b"" if self.shape is None or self.motion is None else _encode_face(self.shape, self.motion)
        header = _HEADER.pack(
            VERSION << 4 | self.picture_codec,
            self.number,
            self.time_ticks >> 16,
            self.time_ticks & 0xFFFF,
            self.side,
            len(face),
        )
        data = header + face + self.picture
        if len(data) > SLICE_BYTES * MAXIMUM_SLICES:
            raise WireError(f"keyframe of {len(data)} bytes, at most {SLICE_BYTES * MAXIMUM_SLICES} fit its slices")
        return data

    @classmethod
    def parse(cls, data: bytes) -> "Keyframe":
        """Read a keyframe; its picture is not decoded yet. Raises `WireError` if anything about it is wrong."""
        if len(data) < _HEADER.size:
            raise WireError(f"keyframe of {len(data)} bytes, its header alone has {_HEADER.size}")
        first, number, time_high, time_low, side, face_bytes = _HEADER.unpack_from(data)
        if first >> 4 != VERSION:
            raise WireError(f"keyframe of version {first >> 4}, this codec reads version {VERSION}")
        try:
            picture_codec = PictureCodec(first & 15)
        except ValueError:
            raise WireError(f"keyframe with unknown picture codec {first & 15}") from None
        _check_side(side)
        end = _HEADER.size + face_bytes
        if end >= len(data):
            raise WireError(f"keyframe of {len(data)} bytes ends within its face section, or has no picture")
        shape, motion = _decode_face(data[_HEADER.size : end]) if face_bytes else (None, None)
        return cls(number, time_high << 16 | time_low, side, shape, motion, picture_codec, data[end:])


def _encode_face(shape: tuple[int, ...], motion: tuple[int, ...]) -> bytes:
    encoder = RangeEncoder()
    contexts = fresh_contexts()
    encode_residuals(encoder, contexts.shape, list(shape))
    encode_residuals(encoder, contexts.keyframe, list(motion))
    # Zero bytes at the end are cut, but a section without any byte says that there is no face.
    face = encoder.finish() or b"\0"
    if len(face) > 255:
        raise WireError(f"face section of {len(face)} bytes, at most 255 fit")
    return face


def _decode_face(face: bytes) -> tuple[tuple[int, ...], tuple[int, ...]]:
    decoder = RangeDecoder(b"" if face == b"\0" else face)
    contexts = fresh_contexts()
    shape = decode_residuals(decoder, contexts.shape)
    if max(map(abs, shape)) > SHAPE_LIMIT:
        raise WireError(f"shape value {max(shape, key=abs)} is outside ±{SHAPE_LIMIT}")
    motion = check_motion(decode_residuals(decoder, contexts.keyframe))
    decoder.check_end()
    return tuple(shape), motion


def _check_side(side: int) -> None:
    if not MINIMUM_SIDE <= side <= MAXIMUM_SIDE or side % 8:
        raise WireError(f"keyframe side {side}, expected a multiple of 8 from {MINIMUM_SIDE} to {MAXIMUM_SIDE}")


def slice_keyframe(data: bytes) -> list[bytes]:
    """Cut a keyframe's bytes into the messages of the `keyframe` channel."""
    parts = [data[start : start + SLICE_BYTES] for start in range(0, len(data), SLICE_BYTES)]
    if len(parts) > MAXIMUM_SLICES:
        raise WireError(f"keyframe of {len(data)} bytes, at most {SLICE_BYTES * MAXIMUM_SLICES} fit its slices")
    return [bytes([data[1], index, len(parts)]) + part for index, part in enumerate(parts)]


class KeyframeAssembler:
    """Puts the slices of one sender's keyframes together. Holds at most `CACHED_KEYFRAMES` unfinished ones."""

    def __init__(self) -> None:
        self._unfinished: dict[int, list[bytes | None]] = {}

    def add(self, message: bytes) -> bytes | None:
        """Take one slice; return the keyframe's bytes when it was the last missing one.

        Raises `WireError` for a slice that breaks the format.
        """
        if not 3 < len(message) <= 3 + SLICE_BYTES:
            raise WireError(f"slice of {len(message)} bytes, expected 4 to {3 + SLICE_BYTES}")
        number, index, count = message[:3]
        if index >= count:
            raise WireError(f"slice {index} of {count}")
        parts = self._unfinished.get(number)
        if parts is None or len(parts) != count or (index == 0 and parts[0] is not None):
            parts = [None] * count
            self._unfinished.pop(number, None)
            if len(self._unfinished) >= CACHED_KEYFRAMES:
                self._unfinished.pop(next(iter(self._unfinished)))
            self._unfinished[number] = parts
        parts[index] = message[3:]
        present = [part for part in parts if part is not None]
        if len(present) < count:
            return None
        del self._unfinished[number]
        data = b"".join(present)
        if data[1:2] != bytes([number]):
            raise WireError(f"keyframe put together from slices of number {number} has another number inside")
        return data


def ticks(time_ms: float) -> int:
    """Return a time in ms as the wire's ticks of 10 ms, modulo 2^24."""
    return round(time_ms / 10) % TIME_MODULUS
