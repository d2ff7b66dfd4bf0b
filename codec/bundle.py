"""Bundles: some 120 ms of motion in one message (docs/wire-format.md, 'Bundle')."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from codec.contexts import EntropyContexts, fresh_contexts
from codec.entropy import (
    Contexts,
    RangeDecoder,
    RangeEncoder,
    decode_residuals,
    decode_tree,
    encode_residuals,
    encode_tree,
)
from codec.errors import UnknownKeyframeError, WireError
from codec.motion import check_motion

VERSION = 1
TICK_MS = 10
TIME_MODULUS = 1 << 24
SEQUENCE_MODULUS = 1 << 16
MAXIMUM_FRAMES = 15
MAXIMUM_GAP = 64
#: Longest bundle that goes on the wire, so that it fits one packet everywhere.
MAXIMUM_BUNDLE_BYTES = 1150

_USUAL_GAP = 4
_HEADER = struct.Struct(">BHBHBBB")
_VOICE_ACTIVE, _SPEECH, _AUXILIARY, _RESERVED = 1, 2, 4, 8


class Mode(IntEnum):
    """How a frame is to be drawn."""

    NONE = 0  #: no face was found
    ANIMATED = 1  #: a keyframe, animated by the frame's motion
    PLAIN = 2  #: a keyframe's picture as it is: the camera's own, at a low rate


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a bundle. `pick` is 0 for keyframe a, 1 for b; only an animated frame has `motion`."""

    gap_ticks: int  #: ticks of 10 ms since the frame before, 1 … 64; 0 for the first of a bundle
    mode: Mode
    pick: int = 0
    motion: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class BundleHeader:
    """What can be read of a bundle without knowing any keyframe."""

    sequence: int  #: modulo 65 536
    time_ticks: int  #: of the first frame, ticks of 10 ms since the sender's clock started, modulo 2^24
    keyframe_a: int
    keyframe_b: int
    voice_active: bool


@dataclass(frozen=True, slots=True)
class Bundle:
    """A header and up to 15 frames, with the optional sections of later versions of the animator."""

    header: BundleHeader
    frames: tuple[Frame, ...]
    speech: bytes | None = None
    auxiliary: bytes | None = None


@dataclass(frozen=True, slots=True)
class PackedBundle:
    """A bundle whose outer structure was checked; its motion is still range-coded."""

    header: BundleHeader
    frame_count: int
    motion: bytes
    speech: bytes | None
    auxiliary: bytes | None


def encode_bundle(bundle: Bundle, keyframe_motions: dict[int, tuple[int, ...]]) -> bytes:
    """Return the bundle's bytes. `keyframe_motions` holds the motion of each keyframe that its frames pick.

    Raises `WireError` if a field is out of range or the result would exceed 1 150 bytes.
    """
    header = bundle.header
    if len(bundle.frames) > MAXIMUM_FRAMES:
        raise WireError(f"{len(bundle.frames)} frames in a bundle, at most {MAXIMUM_FRAMES} fit")
    motion = _encode_frames(bundle, keyframe_motions) if bundle.frames else b""
    if len(motion) > 255:
        raise WireError(f"motion of {len(motion)} bytes, at most 255 fit; put fewer frames in a bundle")
    flags = _VOICE_ACTIVE * header.voice_active
    sections = bytes([len(motion)]) + motion
    if bundle.speech is not None:
        flags |= _SPEECH
        sections += len(bundle.speech).to_bytes(1, "big") + bundle.speech
    if bundle.auxiliary is not None:
        flags |= _AUXILIARY
        sections += len(bundle.auxiliary).to_bytes(2, "big") + bundle.auxiliary
    data = (
        _HEADER.pack(
            VERSION << 4 | flags,
            header.sequence,
            header.time_ticks >> 16,
            header.time_ticks & 0xFFFF,
            header.keyframe_a,
            header.keyframe_b,
            len(bundle.frames),
        )
        + sections
    )
    if len(data) > MAXIMUM_BUNDLE_BYTES:
        raise WireError(f"bundle of {len(data)} bytes, at most {MAXIMUM_BUNDLE_BYTES} fit a packet")
    return data


def parse_bundle(data: bytes) -> PackedBundle:
    """Check a bundle's outer structure. Raises `WireError` if anything about it is wrong."""
    if not _HEADER.size < len(data) <= MAXIMUM_BUNDLE_BYTES:
        raise WireError(f"bundle of {len(data)} bytes, expected {_HEADER.size + 1} to {MAXIMUM_BUNDLE_BYTES}")
    first, sequence, time_high, time_low, keyframe_a, keyframe_b, count = _HEADER.unpack_from(data)
    if first >> 4 != VERSION:
        raise WireError(f"bundle of version {first >> 4}, this codec reads version {VERSION}")
    if first & _RESERVED:
        raise WireError("bundle with the reserved flag set")
    if count > MAXIMUM_FRAMES:
        raise WireError(f"bundle of {count} frames, at most {MAXIMUM_FRAMES} are allowed")
    sections = _Sections(data, _HEADER.size)
    motion = sections.take(1)
    speech = sections.take(1) if first & _SPEECH else None
    auxiliary = sections.take(2) if first & _AUXILIARY else None
    sections.check_end()
    if bool(motion) > bool(count):
        raise WireError(f"bundle without frames has {len(motion)} bytes of motion")
    header = BundleHeader(sequence, time_high << 16 | time_low, keyframe_a, keyframe_b, bool(first & _VOICE_ACTIVE))
    return PackedBundle(header, count, motion, speech, auxiliary)


def decode_frames(packed: PackedBundle, keyframe_motions: dict[int, tuple[int, ...]]) -> Bundle:
    """Decode the motion of a parsed bundle. `keyframe_motions` holds the motion of every cached keyframe.

    Raises `UnknownKeyframeError` if a frame picks a keyframe that is not cached, `WireError` if the coded motion is
    broken.
    """
    decoder = RangeDecoder(packed.motion)
    contexts = fresh_contexts()
    frames: list[Frame] = []
    previous: tuple[int, ...] | None = None
    for index in range(packed.frame_count):
        gap = _decode_gap(decoder, contexts) if index else 0
        mode = decode_tree(decoder, contexts.mode, 2)
        if mode == Mode.NONE:
            frames.append(Frame(gap, Mode.NONE))
            continue
        if mode not in (Mode.ANIMATED, Mode.PLAIN):
            raise WireError(f"frame of mode {mode}, which version {VERSION} does not have")
        pick = decoder.bit(contexts.pick, 0)
        if mode == Mode.PLAIN:
            frames.append(Frame(gap, Mode.PLAIN, pick))
            continue
        rows = contexts.chain
        reference = previous
        if reference is None:
            rows = contexts.anchor
            number = packed.header.keyframe_b if pick else packed.header.keyframe_a
            if number not in keyframe_motions:
                raise UnknownKeyframeError(number)
            reference = keyframe_motions[number]
        residuals = decode_residuals(decoder, rows)
        previous = check_motion([a + b for a, b in zip(reference, residuals, strict=True)])
        frames.append(Frame(gap, Mode.ANIMATED, pick, previous))
    decoder.check_end()
    return Bundle(packed.header, tuple(frames), packed.speech, packed.auxiliary)


def _encode_frames(bundle: Bundle, keyframe_motions: dict[int, tuple[int, ...]]) -> bytes:
    encoder = RangeEncoder()
    contexts = fresh_contexts()
    previous: tuple[int, ...] | None = None
    for index, frame in enumerate(bundle.frames):
        if index:
            _encode_gap(encoder, contexts, frame.gap_ticks)
        encode_tree(encoder, contexts.mode, frame.mode, 2)
        if frame.mode is Mode.NONE:
            continue
        encoder.bit(contexts.pick, 0, frame.pick)
        if frame.motion is None:
            continue
        number = bundle.header.keyframe_b if frame.pick else bundle.header.keyframe_a
        rows: list[Contexts] = contexts.anchor if previous is None else contexts.chain
        reference = keyframe_motions[number] if previous is None else previous
        encode_residuals(encoder, rows, [a - b for a, b in zip(frame.motion, reference, strict=True)])
        previous = frame.motion
    return encoder.finish()


def _encode_gap(encoder: RangeEncoder, contexts: EntropyContexts, gap: int) -> None:
    if not 1 <= gap <= MAXIMUM_GAP:
        raise WireError(f"gap of {gap} ticks between frames, expected 1 to {MAXIMUM_GAP}")
    encoder.bit(contexts.gap, 0, 0 if gap == _USUAL_GAP else 1)
    if gap != _USUAL_GAP:
        encode_tree(encoder, contexts.gap_tree, gap - 1, 6)


def _decode_gap(decoder: RangeDecoder, contexts: EntropyContexts) -> int:
    if not decoder.bit(contexts.gap, 0):
        return _USUAL_GAP
    return decode_tree(decoder, contexts.gap_tree, 6) + 1


class _Sections:
    """Reads length-prefixed sections, strictly."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position

    def take(self, length_bytes: int) -> bytes:
        start = self._position + length_bytes
        end = start + int.from_bytes(self._data[self._position : start], "big")
        if end > len(self._data):
            raise WireError(f"section ends at byte {end} of a bundle of {len(self._data)} bytes")
        self._position = end
        return self._data[start:end]

    def check_end(self) -> None:
        if self._position != len(self._data):
            raise WireError(f"{len(self._data) - self._position} bytes too many behind a bundle")
