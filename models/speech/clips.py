"""Talking clips as the drive's training wants them: expression at every frame, and the sound beside it."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from codec.bench.voice import Sound, read_sound
from codec.motion import GAZE, POSE, FloatArray, motion_model
from models.clips import clip_name, find_clips, identity_of
from models.errors import TrainingDataError

#: The grid of training and of the networks. Clips of another rate are left out.
FPS = 25
_SHORTEST_FRAMES = 50


@dataclass(frozen=True)
class SpokenClip:
    """A clip of one person. Frame `i` lies at `i` · 40 ms of the sound."""

    name: str
    identity: str
    expression: FloatArray  #: (frames, 24), as the motion model fits it, not rounded
    sound: Sound | None


def load_clips(folder: Path, landmarks: Path) -> list[SpokenClip]:
    """Return the clips of 25 frames a second that show a face throughout, with their sound where there is some.

    `landmarks` is what `python -m models.landmark_cache` wrote. Raises `TrainingDataError` if there is no such clip.
    """
    clips = []
    for path in find_clips(folder):
        tracked = landmarks / f"{clip_name(folder, path)}.npy"
        if path.parent != folder or not tracked.exists():
            continue
        points = np.load(tracked).astype(np.float64)
        if len(points) < _SHORTEST_FRAMES or np.isnan(points[:, 0, 0]).any():
            continue
        side, rate, sound = _read(path)
        if rate == FPS:
            expression = expressions((points - (side / 2, side / 2, 0)) / (side / 2))
            clips.append(SpokenClip(path.stem, identity_of(folder, path), expression, sound))
    if not clips:
        raise TrainingDataError(f"no clip of {folder} at {FPS} frames a second has landmarks in {landmarks}: track it")
    return clips


def expressions(landmarks: FloatArray) -> FloatArray:
    """Return the (frames, 24) expression coefficients of (frames, 478, 3) landmarks in crop units."""
    model = motion_model()
    shape = model.fit_shape(landmarks[0])
    return np.stack([model.fit(shape, points)[POSE + GAZE :] for points in landmarks])


def _read(path: Path) -> tuple[int, float, Sound | None]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream.width, float(stream.average_rate or 0), read_sound(path)
