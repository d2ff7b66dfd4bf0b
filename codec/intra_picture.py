"""Single pictures in few bytes: AV1 intra out, AV1, WebP or JPEG in."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from codec.errors import PictureError

Picture = NDArray[np.uint8]

# SVT-AV1 writes a page to stderr for every encoder otherwise; it reads this once, when the first one opens.
os.environ.setdefault("SVT_LOG", "1")


class PictureCodec(IntEnum):
    """How a keyframe's picture is coded; the numbers are the wire's."""

    AV1 = 1  #: one temporal unit of OBUs, 8-bit 4:2:0, BT.601, limited range
    WEBP = 2
    JPEG = 3
    AV1_NEXT = 4  #: the same, predicted from the pictures of the keyframes numbered before it


#: A picture of more is refused before it is decoded, whatever it says of itself.
LARGEST_PIXELS = 1024 * 1024

#: The OBU that begins a temporal unit in a stream (AV1 specification, 5.6); a picture alone needs none.
TEMPORAL_DELIMITER = b"\x12\x00"
_DECODERS = {PictureCodec.AV1: "libdav1d", PictureCodec.WEBP: "webp", PictureCodec.JPEG: "mjpeg"}


def encode_av1(picture: Picture, crf: int) -> bytes:
    """Code a square (side, side, 3) RGB picture as one AV1 intra temporal unit (SVT-AV1, tuned for stills).

    `crf` is 1 (best) … 63; about 3 to 4 kB at 256² and crf 36. Raises `PictureError` for another shape or type.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.shape[0] != picture.shape[1] or picture.dtype != np.uint8:
        raise PictureError(f"a keyframe picture is (side, side, 3) uint8, got {picture.shape} {picture.dtype}")
    encoder = av.CodecContext.create("libsvtav1", "w")
    encoder.width = encoder.height = picture.shape[0]
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, 25)
    # tune=3 is SVT-AV1's still-picture tuning, avif=1 its single-frame mode; level of parallelism 1: no thread storm.
    encoder.options = {"crf": str(crf), "preset": "4", "svtav1-params": "avif=1:tune=3:lp=1"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
    )
    with kept_scheduling():
        unit = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
    return unit.removeprefix(TEMPORAL_DELIMITER)


@contextmanager
def kept_scheduling() -> Iterator[None]:
    """Undo what SVT-AV1 does as root on Linux: it puts the caller and its own threads under real-time scheduling.

    They, and whatever they start later, would starve the rest of the machine (SCHED_FIFO 99).
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    if os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK != os.SCHED_OTHER:
        yield
        return
    try:
        yield
    finally:
        for thread in _real_time_threads():
            with suppress(ProcessLookupError):
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _real_time_threads() -> list[int]:
    """Return this process's threads under SCHED_FIFO."""
    found = []
    for entry in os.listdir("/proc/self/task"):
        with suppress(ProcessLookupError):
            if os.sched_getscheduler(int(entry)) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO:
                found.append(int(entry))
    return found


def decode_picture(codec: PictureCodec, data: bytes, side: int) -> Picture:
    """Return the (side, side, 3) RGB picture. Raises `PictureError` if `data` is not exactly one such picture."""
    decoder = cast(VideoCodecContext, av.CodecContext.create(_DECODERS[codec], "r"))
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(LARGEST_PIXELS)}
    try:
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except av.FFmpegError as error:
        raise PictureError(f"a {codec.name} picture of {len(data)} bytes does not decode: {error}") from error
    if len(frames) != 1:
        raise PictureError(f"{len(frames)} pictures where a {codec.name} keyframe has one")
    if (frames[0].width, frames[0].height) != (side, side):
        raise PictureError(f"a {codec.name} picture of {frames[0].width}×{frames[0].height}, its header says {side}²")
    if codec is PictureCodec.AV1:
        rgb = frames[0].reformat(format="rgb24", src_colorspace=Colorspace.ITU601, src_color_range=ColorRange.MPEG)
    else:
        rgb = frames[0].reformat(format="rgb24")
    return cast(Picture, rgb.to_ndarray())
