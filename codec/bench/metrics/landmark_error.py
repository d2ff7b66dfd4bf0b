"""How far the landmarks of the output are from those of the original: does the mouth still say what it said?"""

from dataclasses import dataclass

import numpy as np

from codec.bench.clip import FRAME_MS, Pictures
from codec.landmarks import LandmarkTracker
from codec.motion import EYES, LIPS, SURFACE, FloatArray


@dataclass(frozen=True)
class LandmarkError:
    """Mean errors in pixels of a 256-pixel picture; NaN if no face was found in both."""

    all_px: float
    lips_px: float
    eyes_px: float
    faces_lost: float  #: share of the original's faces that are not found in the output, 0…1


def track(pictures: Pictures, stride: int) -> list[FloatArray | None]:
    """Return the landmarks of pictures that are `stride` frames apart, in pixels; None where no face is found."""
    with LandmarkTracker() as tracker:
        return [tracker.track(picture, number * stride * FRAME_MS) for number, picture in enumerate(pictures)]


def compare(found: list[FloatArray | None], wanted: list[FloatArray | None], side: int) -> LandmarkError:
    """Compare the output's landmarks with the original's. Lost faces count in `faces_lost` only."""
    faces = [(f, w) for f, w in zip(found, wanted, strict=True) if w is not None]
    errors = [np.hypot(*(f - w)[:SURFACE, :2].T) * 256 / side for f, w in faces if f is not None]
    lost = sum(f is None for f, _ in faces) / len(faces) if faces else float("nan")
    if not errors:
        return LandmarkError(float("nan"), float("nan"), float("nan"), lost)
    mean = np.mean(errors, 0)
    return LandmarkError(float(mean.mean()), float(mean[list(LIPS)].mean()), float(mean[list(EYES)].mean()), lost)
