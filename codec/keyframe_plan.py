"""Which frames of a known stretch of video become keyframes, and which keyframe each frame is drawn from.

With the whole stretch at hand a frame may be drawn from a keyframe that comes later: Bi-AnimCodec's bidirectional
choice (arXiv 2503.09787), but with as many keyframes as pay for themselves, where they serve best, instead of one in
each fixed group. Choosing them is a facility-location problem, solved greedily (Cornuéjols, Fisher and Nemhauser 1977).
"""

from dataclasses import dataclass

import numpy as np

from codec.keyframe_pool import landmark_distances
from codec.keyframes import CACHED_KEYFRAMES
from codec.motion import FloatArray, MotionModel
from codec.settings import EncoderSettings

_CANDIDATE_STEP = 3
#: Only some of the landmarks are compared while candidates are weighed: enough to rank them.
_LANDMARK_STEP = 4


@dataclass(frozen=True, slots=True)
class KeyframePlan:
    """Keyframes of one stretch."""

    frames: tuple[int, ...]  #: which frames are keyframes, in time order
    ranked: tuple[tuple[int, ...], ...]  #: for each frame, positions in `frames` of the best keyframe and the second
    distance_px: float  #: mean landmark distance of the frames to their best keyframe, pixels at 256²


def plan_keyframes(
    model: MotionModel, landmarks: FloatArray, worth_px_frames: float, settings: EncoderSettings
) -> KeyframePlan:
    """Plan the keyframes of a stretch of (frames, 478, 3) rebuilt landmarks in crop units.

    A keyframe is made if it brings the summed distance of all frames to their keyframes down by `worth_px_frames`;
    there are at most as many as a receiver keeps.
    """
    candidates = np.arange(0, len(landmarks), _CANDIDATE_STEP)
    rows = [landmark_distances(model, landmarks[number], landmarks, settings, _LANDMARK_STEP) for number in candidates]
    distances = np.stack(rows)
    chosen = [int(distances.sum(1).argmin())]
    nearest = distances[chosen[0]]
    while len(chosen) < CACHED_KEYFRAMES:
        gains = np.maximum(nearest - distances, 0).sum(1)
        best = int(gains.argmax())
        if gains[best] < worth_px_frames:
            break
        chosen.append(best)
        nearest = np.minimum(nearest, distances[best])
    chosen.sort()
    order = distances[chosen].argsort(axis=0)[:2].T
    return KeyframePlan(
        tuple(int(candidates[position]) for position in chosen),
        tuple(tuple(int(position) for position in row) for row in order),
        float(nearest.mean()),
    )
