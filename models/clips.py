"""Talking clips as training wants them: square pictures of one face, and who is in them."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
from numpy.typing import NDArray

from codec.crop import StableCrop
from codec.encoder import resize
from codec.motion import FloatArray
from models.errors import TrainingDataError

#: (frames, height, width, 3) uint8 RGB.
Pictures = NDArray[np.uint8]

_SUFFIXES = {".mp4", ".mkv", ".webm", ".mov", ".avi"}
_SHORTEST_FRAMES = 25


@dataclass(frozen=True, slots=True)
class TalkingClip:
    """Frames with a face, cut to a square."""

    name: str
    identity: str
    pictures: Pictures  #: (frames, side, side, 3)
    landmarks: FloatArray  #: (frames, 478, 3), crop units


def find_clips(folder: Path) -> list[Path]:
    """Return the clips of a folder and of its sub-folders' first level, by name.

    Raises `TrainingDataError` if there is none.
    """
    paths = sorted(
        path for path in (*folder.glob("*"), *folder.glob("*/*")) if path.suffix.lower() in _SUFFIXES and path.is_file()
    )
    if not paths:
        raise TrainingDataError(f"no clip in {folder}: expected files ending in {', '.join(sorted(_SUFFIXES))}")
    return paths


def clip_name(folder: Path, path: Path) -> str:
    """Return a clip's name within a folder: its path without the suffix, with `-` between the parts."""
    return "-".join(path.relative_to(folder).with_suffix("").parts)


def identity_of(folder: Path, path: Path) -> str:
    """Return who is in a clip: its sub-folder's name, or else its own name up to the last underscore."""
    parts = path.relative_to(folder).parts
    return parts[0] if len(parts) > 1 else path.stem.rpartition("_")[0] or path.stem


def read_pictures(path: Path) -> Pictures:
    """Return all frames of a video. Raises `TrainingDataError` if it does not decode."""
    try:
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    except (av.FFmpegError, OSError, IndexError) as error:
        raise TrainingDataError(f"{path} does not decode: {error}") from error
    if not frames:
        raise TrainingDataError(f"{path} has no video frame")
    return cast(Pictures, np.stack(frames))


def load_clip(folder: Path, path: Path, landmarks: FloatArray, side: int) -> TalkingClip:
    """Read a clip with its (frames, 478, 3) landmarks in pixels, NaN where there is no face.

    A square clip is taken whole, any other is cut to the crop that the codec would choose at the first face. Raises
    `TrainingDataError` if it does not decode, does not fit its landmarks, or shows a face in fewer than 25 frames.
    """
    pictures = read_pictures(path)
    if len(pictures) != len(landmarks):
        raise TrainingDataError(f"{path} has {len(pictures)} frames, its landmarks {len(landmarks)}: track it again")
    with_face = ~np.isnan(landmarks[:, 0, 0])
    if with_face.sum() < _SHORTEST_FRAMES:
        raise TrainingDataError(f"{path} shows a face in {with_face.sum()} frames, {_SHORTEST_FRAMES} are needed")
    pictures, landmarks = pictures[with_face], np.asarray(landmarks[with_face], np.float64)
    height, width = pictures.shape[1:3]
    if height == width:
        half = width / 2
        in_crop = (landmarks - (half, half, 0)) / half
    else:
        crop, _ = StableCrop().update(landmarks[0], width, height)
        in_crop = np.stack([crop.to_crop_units(points) for points in landmarks])
        pictures = np.stack([crop.cut(picture) for picture in pictures])
    cut = np.stack([resize(picture, side) for picture in pictures])
    return TalkingClip(clip_name(folder, path), identity_of(folder, path), cut, in_crop)
