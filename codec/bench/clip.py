"""Clips for the benchmarks: square pictures at 25 a second, long enough to judge."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from codec.errors import PictureError

#: (frames, side, side, 3) uint8 RGB.
Pictures = NDArray[np.uint8]

FPS = 25
FRAME_MS = 1000 // FPS
#: Clips shorter than this are played forth and back up to `EXTENDED_S`, so that a first keyframe does not decide alone.
SHORTEST_S = 8
EXTENDED_S = 12
_LONGEST_S = 120


@dataclass(frozen=True)
class Clip:
    """A named clip."""

    name: str
    pictures: Pictures

    @property
    def side(self) -> int:
        """Pixels of a picture's edge."""
        return int(self.pictures.shape[1])

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return len(self.pictures) / FPS

    @cached_property
    def planes(self) -> bytes:
        """The pictures as raw planar 4:2:0, 8 bits, BT.601, limited range."""
        return to_planes(self.pictures)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the pictures, in hexadecimal."""
        return digest(self.pictures)


def load_clip(path: Path, side: int = 256, longest_s: float = _LONGEST_S) -> Clip:
    """Read a clip's central square at (side, side) and 25 frames a second (the frame shown at each 40 ms).

    A clip of less than 8 s is played forth and back up to 12 s. Of either only the first `longest_s` seconds count.
    Raises `PictureError` if the file has no video that can be read.
    """
    most_frames = max(1, round(longest_s * FPS))
    try:
        pictures = _read(path, side, most_frames)
    except (av.FFmpegError, OSError, IndexError) as error:
        raise PictureError(f"{path} cannot be read as a video: {error}") from error
    if not pictures:
        raise PictureError(f"{path} has no frame of video")
    return Clip(path.stem, forth_and_back(np.stack(pictures))[:most_frames])


def forth_and_back(pictures: Pictures) -> Pictures:
    """Return a clip of less than 8 s played forth and back until 12 s are full; a longer one as it is."""
    if len(pictures) >= SHORTEST_S * FPS or len(pictures) == 1:
        return pictures
    there_and_back = np.concatenate([pictures, pictures[-2:0:-1]])
    order = np.arange(EXTENDED_S * FPS) % len(there_and_back)
    return cast(Pictures, there_and_back[order])


def digest(pictures: Pictures) -> str:
    """Return the SHA-256 of pictures and their shape, in hexadecimal."""
    return hashlib.sha256(repr(pictures.shape).encode() + np.ascontiguousarray(pictures).tobytes()).hexdigest()


def to_planes(pictures: Pictures) -> bytes:
    """Return pictures as raw planar 4:2:0, 8 bits, BT.601, limited range."""
    planes = []
    for picture in pictures:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
        converted = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG)
        planes.append(converted.to_ndarray().tobytes())
    return b"".join(planes)


def from_planes(planes: bytes, side: int) -> Pictures:
    """Return the (frames, side, side, 3) RGB pictures of what `to_planes` gives. Raises `PictureError` for a part."""
    rows = np.frombuffer(planes, np.uint8)
    if rows.size == 0 or rows.size % (side * side * 3 // 2):
        raise PictureError(f"{rows.size} bytes are no whole number of {side}² pictures in 4:2:0")
    pictures = np.empty((rows.size // (side * side * 3 // 2), side, side, 3), np.uint8)
    for number, picture in enumerate(rows.reshape(len(pictures), side * 3 // 2, side)):
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        converted = frame.reformat(format="rgb24", src_colorspace=Colorspace.ITU601, src_color_range=ColorRange.MPEG)
        pictures[number] = converted.to_ndarray()
    return pictures


def luma(planes: bytes, side: int) -> NDArray[np.uint8]:
    """Return the (frames, side, side) luma of raw planar 4:2:0."""
    frames = np.frombuffer(planes, np.uint8).reshape(-1, side * 3 // 2, side)
    return frames[:, :side]


def _read(path: Path, side: int, most_frames: int) -> list[NDArray[np.uint8]]:
    pictures: list[NDArray[np.uint8]] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        start_s: float | None = None
        for frame in container.decode(stream):
            time_s = frame.time if frame.time is not None else len(pictures) / FPS
            start_s = time_s if start_s is None else start_s
            due = round((time_s - start_s) * FPS) + 1
            picture = _square(frame, side) if due > len(pictures) else None
            while picture is not None and len(pictures) < min(due, most_frames):
                pictures.append(picture)
            if len(pictures) >= most_frames:
                break
    return pictures


def _square(frame: av.VideoFrame, side: int) -> NDArray[np.uint8]:
    picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    height, width = picture.shape[:2]
    edge = min(height, width)
    top, left = (height - edge) // 2, (width - edge) // 2
    square = np.ascontiguousarray(picture[top : top + edge, left : left + edge])
    if edge == side:
        return square
    scaling = Interpolation.AREA if edge > side else Interpolation.BICUBIC
    scaled = av.VideoFrame.from_ndarray(square, "rgb24").reformat(width=side, height=side, interpolation=scaling)
    return np.asarray(scaled.to_ndarray(), np.uint8)
