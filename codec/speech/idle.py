"""A face of which nothing arrives: head and eyes come to rest, and it blinks."""

import numpy as np

from codec.motion import GAZE, POSE, SURFACE, FloatArray, motion_model

_MEMORY_FRAMES = 250
#: Held for so long, then on the way to rest with this time constant.
_HOLD_MS, _SETTLE_MS = 200.0, 1_500.0
#: Slow sway of the resting head: radians about x, y and z in motion's steps of 1/90, and periods.
_SWAY_STEPS = np.array([0.7, 1.0, 0.5])
_SWAY_MS = np.array([4_300.0, 6_100.0, 7_900.0])
_FIRST_BLINK_MS, _BLINK_EVERY_MS = 2_000.0, 3_700.0
#: How far the lids are closed at each 40 ms of a blink: it closes faster than it opens.
_BLINK = np.array([0.0, 0.55, 1.0, 0.9, 0.45, 0.12, 0.0])
_BLINK_STEP_MS = 40.0
_UPPER_LIDS = [246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398]
_LOWER_LIDS = [7, 163, 144, 145, 153, 154, 155, 249, 390, 373, 374, 380, 381, 382]


class IdleFace:
    """Where one person's head rests, and how it gets there."""

    def __init__(self) -> None:
        self._frames = 0
        self._rest = np.zeros(POSE + GAZE)

    def note(self, motion: FloatArray) -> None:
        """Take the (32,) motion of a received frame."""
        self._frames = min(self._frames + 1, _MEMORY_FRAMES)
        self._rest += (motion[: POSE + GAZE] - self._rest) / self._frames

    def settle(self, motion: FloatArray, age_ms: float, media_ms: float) -> FloatArray:
        """Return the (32,) motion that follows `motion`, of which `age_ms` have passed; the mouth is left alone."""
        settled = motion.copy()
        share = 1 - np.exp(-max(0.0, age_ms - _HOLD_MS) / _SETTLE_MS)
        settled[: POSE + GAZE] += share * (self._rest - motion[: POSE + GAZE])
        settled[:3] += share * _SWAY_STEPS * np.sin(2 * np.pi * media_ms / _SWAY_MS)
        settled[POSE + GAZE :] += _lids(age_ms) * blink_direction()
        return settled


def _lids(age_ms: float) -> float:
    """Return how far the lids are closed, 0 to 1."""
    since_ms = (age_ms - _FIRST_BLINK_MS) % _BLINK_EVERY_MS
    if age_ms < _FIRST_BLINK_MS or since_ms > _BLINK_STEP_MS * (len(_BLINK) - 1):
        return 0.0
    return float(np.interp(since_ms / _BLINK_STEP_MS, np.arange(len(_BLINK)), _BLINK))


def blink_direction() -> FloatArray:
    """Return the change (24,) of expression that closes the mean face's lids."""
    model = motion_model()
    displacement = np.zeros((SURFACE, 3))
    gap = model.mean[_LOWER_LIDS] - model.mean[_UPPER_LIDS]
    displacement[_UPPER_LIDS] = 0.9 * gap
    displacement[_LOWER_LIDS] = -0.1 * gap
    return np.asarray(model.expression_fit @ displacement.ravel(), np.float64)
