"""How well a shown mouth follows the real one: distance, correlation of opening, lag (docs/speech.md)."""

import numpy as np

from codec.motion import GAZE, LIPS, POSE, FloatArray, motion_model
from codec.speech.mouth import opening

#: Pixels at 256² of one crop unit.
_PIXELS_PER_UNIT = 128.0
#: How far lag is looked for.
_LONGEST_LAG_FRAMES = 8
_STEPS_PER_FRAME = 4


def mouth_distances(
    shape: tuple[int, ...], landmarks: FloatArray, fitted: FloatArray, shown: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the mean distance of the lips' 40 points in each frame, pixels: of the mouth alone, and with the head.

    `landmarks` (frames, 478, 3) are the tracker's, in crop units; `fitted` (frames, 32) is their motion, whose pose
    stands in for the shown one where the mouth alone is measured; `shown` (frames, 32).
    """
    model, lips = motion_model(), list(LIPS)
    alone, posed = np.zeros(len(shown)), np.zeros(len(shown))
    for number, (wanted, source, motion) in enumerate(zip(landmarks, fitted, shown, strict=True)):
        still = np.concatenate([source[: POSE + GAZE], motion[POSE + GAZE :]])
        for distances, moved in ((alone, still), (posed, motion)):
            rebuilt = model.landmarks(shape, moved)
            distances[number] = np.linalg.norm((rebuilt - wanted)[lips, :2], axis=1).mean() * _PIXELS_PER_UNIT
    return alone, posed


def opening_of(motions: FloatArray) -> FloatArray:
    """Return the opening (frames,), pixels, of (frames, 32) motions."""
    return opening(motions[:, POSE + GAZE :])


def correlation(one: FloatArray, two: FloatArray) -> float:
    """Return Pearson's correlation of two tracks; 0 where one does not move."""
    one, two = one - one.mean(), two - two.mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / length if length else 0.0


def lag_ms(shown: FloatArray, real: FloatArray, frame_ms: float) -> float:
    """Return by how much `shown` is late: where the cross-correlation with `real` is highest, to a quarter frame."""
    steps = np.arange(len(real) * _STEPS_PER_FRAME - _STEPS_PER_FRAME + 1) / _STEPS_PER_FRAME
    fine_shown, fine_real = (np.interp(steps, np.arange(len(track)), track) for track in (shown, real))
    reach = _LONGEST_LAG_FRAMES * _STEPS_PER_FRAME
    scores = {}
    for lag in range(-reach, reach + 1):
        late = fine_shown[max(0, lag) : len(fine_shown) + min(0, lag)]
        early = fine_real[max(0, -lag) : len(fine_real) - max(0, lag)]
        scores[lag] = correlation(late, early)
    return max(scores, key=lambda lag: scores[lag]) * frame_ms / _STEPS_PER_FRAME


def loudness(sound: FloatArray, frames: int, samples_per_frame: int) -> FloatArray:
    """Return the (frames,) level in decibels of the sound around each frame: the baseline that any mouth must beat."""
    padded = np.pad(sound, (samples_per_frame, 2 * samples_per_frame + frames * samples_per_frame))
    power = np.array([np.mean(padded[i * samples_per_frame : (i + 2) * samples_per_frame] ** 2) for i in range(frames)])
    return np.asarray(10 * np.log10(power + 1e-7), np.float64)
