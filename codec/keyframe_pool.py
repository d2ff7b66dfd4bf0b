"""The sender's choice among the keyframes that the receivers have, and when to make a new one.

Landmark distance stands for picture error: it picks nearly as well, and costs nothing (docs/architecture.md).
"""

from dataclasses import dataclass

import numpy as np

from codec.bundle_writer import Reference
from codec.motion import SURFACE, FloatArray, MotionModel
from codec.rate_budget import Budget, KeyframeBudget
from codec.settings import EncoderSettings

#: Pixels of a 256-pixel picture in one crop unit.
_PIXELS_PER_UNIT = 128
#: Time apart counts up to this.
_LONGEST_APART_S = 2.0
_UPPER_LIP, _LOWER_LIP = 13, 14


@dataclass(frozen=True, slots=True)
class PooledKeyframe:
    """What the sender remembers of a keyframe that it sent."""

    reference: Reference
    landmarks: FloatArray  #: (478, 3), as a receiver rebuilds them
    time_ms: float
    usable_from_ms: float


class KeyframePool:
    """The newest keyframes of one sender; all share one shape."""

    def __init__(self, model: MotionModel, settings: EncoderSettings, budget: Budget | None = None) -> None:
        """`budget` says what keyframes may cost (default: what they may in a call)."""
        self._settings = settings
        self._model = model
        self._picked: int | None = None
        self._poor_since_ms: float | None = None
        self._made_ms = 0.0
        self._budget = budget or KeyframeBudget(settings.keyframe_kbps, settings.keyframe_burst_bytes)
        self._jumped = False
        self._slots: list[PooledKeyframe | None] = []

    @property
    def keyframes(self) -> list[PooledKeyframe]:
        """The keyframes that may be picked, oldest first."""
        return [keyframe for keyframe in self._slots if keyframe is not None]

    def note_jump(self) -> None:
        """Take note that the crop has moved: the background of all pooled keyframes is now in the wrong place."""
        self._jumped = True

    def add(
        self, reference: Reference, landmarks: FloatArray, size: int, time_ms: float, *, begins_chain: bool = False
    ) -> None:
        """Pool a keyframe of `size` bytes made at `time_ms`; the oldest one goes when the pool is full."""
        lead_ms = self._settings.keyframe_lead_ms if self.keyframes else 0
        # Without a lead, frames before it may pick it too: they waited for it.
        usable_from_ms = time_ms + lead_ms if lead_ms else 0.0
        self._slots = [*self._slots, PooledKeyframe(reference, landmarks, time_ms, usable_from_ms)][
            -self._settings.pool_size :
        ]
        self._budget.spend_keyframe(size, time_ms, begins_chain=begins_chain)
        self._made_ms = time_ms
        self._poor_since_ms = None
        self._jumped = False

    def note_plain(self, size: int, time_ms: float, *, begins_chain: bool) -> None:
        """Take note of a keyframe without a face: receivers forget their oldest for it."""
        self._budget.spend_keyframe(size, time_ms, begins_chain=begins_chain)
        self._slots = [*self._slots, None][-self._settings.pool_size :]

    def clear(self) -> None:
        """Forget all keyframes: they show somebody else."""
        self._slots = [None] * len(self._slots)

    def needs_keyframe(
        self, landmarks: FloatArray, time_ms: float, need: float = 1.0, *, looks_poor: bool = False
    ) -> bool:
        """Tell whether the frame with these landmarks should become a keyframe. Call once for each frame.

        `looks_poor` says that what receivers see is poor, whatever the landmarks say; `need` how urgent one is.
        """
        if not self.keyframes:
            can_wait = self._settings.shows_plain and bool(self._slots)
            return not can_wait or self._budget.allows_keyframe(time_ms, need)
        nearest = min(self._distance(keyframe, landmarks) for keyframe in self.keyframes)
        if nearest <= self._settings.new_keyframe_px and not looks_poor:
            self._poor_since_ms = None
        elif self._poor_since_ms is None:
            self._poor_since_ms = time_ms
        age_ms = time_ms - self._made_ms
        if not self._budget.allows_keyframe(time_ms, need):
            return False
        if self._jumped:
            return age_ms >= self._settings.jump_interval_ms
        if self._poor_since_ms is None or age_ms < self._settings.keyframe_interval_ms:
            return False
        return time_ms - self._poor_since_ms >= self._settings.new_keyframe_ms

    def pick(self, landmarks: FloatArray, time_ms: float) -> list[Reference]:
        """Return the best keyframe for a frame and the second best, if there are two."""
        usable = [k for k in self.keyframes if k.usable_from_ms <= time_ms] or self.keyframes[-1:]
        distances = {k.reference.number: self._distance_in_time(k, landmarks, time_ms) for k in usable}
        references = {k.reference.number: k.reference for k in usable}
        ranked = sorted(distances, key=distances.__getitem__)
        best = ranked[0]
        if self._picked in ranked and distances[self._picked] * (1 - self._settings.repick_share) < distances[best]:
            best = self._picked
        self._picked = best
        return [references[number] for number in [best, *(n for n in ranked if n != best)][:2]]

    def nearest(self, landmarks: FloatArray, time_ms: float) -> list[Reference]:
        """Return the keyframe that suits a frame best, and the second if there are two; nothing is picked."""
        ranked = sorted(self.keyframes, key=lambda keyframe: self._distance_in_time(keyframe, landmarks, time_ms))
        return [keyframe.reference for keyframe in ranked[:2]]

    def _distance_in_time(self, keyframe: PooledKeyframe, landmarks: FloatArray, time_ms: float) -> float:
        """Return the distance of a frame to a keyframe; one of another time shows other light, hair and hands."""
        apart_s = min(abs(time_ms - keyframe.time_ms) / 1000, _LONGEST_APART_S)
        return self._distance(keyframe, landmarks) + self._settings.apart_px_per_s * apart_s

    def _distance(self, keyframe: PooledKeyframe, landmarks: FloatArray) -> float:
        return landmark_distance(self._model, keyframe.landmarks, landmarks, self._settings)


def landmark_distance(model: MotionModel, keyframe: FloatArray, frame: FloatArray, settings: EncoderSettings) -> float:
    """Return the weighted mean distance of a frame's (478, 3) landmarks to a keyframe's, pixels at 256².

    A warp follows a shift of the whole face well, so that part of the distance counts only by `translation_share`. It
    shows no teeth that the keyframe hides and hides none that it shows, so how differently the mouths are open counts
    on top by `mouth_share`.
    """
    weights = model.point_weights / model.point_weights.sum()
    offsets = frame[:SURFACE, :2] - keyframe[:SURFACE, :2]
    shift = weights @ offsets
    rest = offsets - shift
    distance = np.hypot(rest[:, 0], rest[:, 1]) @ weights
    mouth = abs(_mouth_opening(frame) - _mouth_opening(keyframe))
    total = distance + settings.translation_share * np.hypot(*shift) + settings.mouth_share * mouth
    return float(total) * _PIXELS_PER_UNIT


def _mouth_opening(landmarks: FloatArray) -> float:
    """Return the distance between the middles of the inner lips of (478, 3) landmarks, crop units."""
    return float(np.hypot(*(landmarks[_UPPER_LIP, :2] - landmarks[_LOWER_LIP, :2])))
