"""The sender looks at what its receivers see: it decodes its own keyframes, animates them, and compares.

It learns how urgently a new keyframe is needed, and whether the face model serves at all: where a hand, a second face
or an object moves before the face, or the landmarks are wrong, animation does harm, and pictures shown as they are look
better. That is the closed loop of every video encoder, which predicts from what the decoder has.
"""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from codec.animator import Animator, CachedKeyframe
from codec.bundle_writer import Reference
from codec.intra_picture import Picture
from codec.keyframes import CACHED_KEYFRAMES, Keyframe
from codec.motion import FloatArray, motion_model
from codec.perceptual_score import Float32, ScoredPicture, distances, prepare
from codec.picture_stream import PictureStreamDecoder
from codec.settings import EncoderSettings

#: A picture that differs by no more than this beyond its coding noise needs no other (LPIPS, estimated).
_UNCHANGED = 0.006
#: What is hidden behind a hand is a part of the picture: the worst sixteen of its 64 cells say how urgent it is.
_WORST_CELLS = 16
#: Change grows from one keyframe to the next: when the next one is due it is so many times its mean.
_DUE_PER_MEAN = 1.3
#: The usual amount of change, and how fast it is learnt, for each judgement.
_USUAL_AT_FIRST, _LEARNING = 0.03, 0.03
_MOST_NEED = 1.6


@dataclass(frozen=True, slots=True)
class _Cached:
    picture: ScoredPicture
    noise: Float32  #: (8, 8): how much it differs from what it was coded from
    prepared: CachedKeyframe | None


class ClosedLoop:
    """Judges what the receivers of one sender see. Not thread-safe."""

    def __init__(self, animator: Animator, settings: EncoderSettings) -> None:
        """`animator` should draw as receivers' do."""
        self.is_plain = False  #: whether pictures should be shown as they are
        self.need = 1.0  #: how urgent a new keyframe is: 1 is usual, at most 1.6
        self.has_changed = False  #: whether the receivers' picture is poorer than a new keyframe would be
        self._animator = animator
        self._settings = settings
        self._model = motion_model()
        self._pictures = PictureStreamDecoder()
        self._keyframes: OrderedDict[int, _Cached] = OrderedDict()
        self._usual_change = _USUAL_AT_FIRST
        self._harm = 0.0
        self._judged_ms: float | None = None

    def add_keyframe(self, data: bytes, view: Picture) -> None:
        """Take a keyframe as it goes out, with the (side, side, 3) RGB picture that it was coded from."""
        keyframe = Keyframe.parse(data)
        picture = self._pictures.decode(keyframe)
        prepared = None
        if keyframe.shape is not None and keyframe.motion is not None:
            landmarks = self._model.landmarks(keyframe.shape, keyframe.motion)
            prepared = self._animator.cache_keyframe(picture, landmarks)
        scored = prepare(self._animator.restore(picture) if prepared is None else prepared.shown)
        self._keyframes[keyframe.number] = _Cached(scored, distances(scored, prepare(view)), prepared)
        self._keyframes.move_to_end(keyframe.number)
        while len(self._keyframes) > CACHED_KEYFRAMES:
            self._keyframes.popitem(last=False)

    def is_due(self, time_ms: float) -> bool:
        """Tell whether it is time to look again."""
        if not self._keyframes:
            return False
        return self._judged_ms is None or time_ms - self._judged_ms >= self._settings.judge_interval_ms

    def judge(self, view: Picture, ranked: list[Reference], landmarks: FloatArray | None, time_ms: float) -> None:
        """Compare the camera's (side, side, 3) picture with what receivers see of it now.

        `ranked` holds the keyframe that the frame would pick, and the second best; without `landmarks` (478, 3; crop
        units) there is no face, and the newest keyframe is shown as it is.
        """
        elapsed_ms = self._settings.judge_interval_ms if self._judged_ms is None else time_ms - self._judged_ms
        self._judged_ms = time_ms
        wanted = prepare(view)
        newest = next(reversed(self._keyframes.values()))
        held = distances(wanted, newest.picture)
        animated = self._animate(ranked, landmarks)
        if animated is None:
            self.is_plain, self._harm = True, self._settings.plain_above
            self._note_change(held - newest.noise)
            return
        moved = distances(wanted, animated)
        self._note_harm(float(moved.mean() - held.mean()), elapsed_ms)
        self._note_change((held if self.is_plain else moved) - newest.noise)

    def _animate(self, ranked: list[Reference], landmarks: FloatArray | None) -> ScoredPicture | None:
        """Return the face as receivers draw it; None if they cannot."""
        faces = [self._keyframes[r.number].prepared for r in ranked if r.number in self._keyframes]
        drawable = [face for face in faces if face is not None]
        if landmarks is None or not drawable:
            return None
        other = drawable[1] if len(drawable) > 1 else None
        return prepare(self._animator.animate(drawable[0], other, landmarks))

    def _note_harm(self, harm: float, elapsed_ms: float) -> None:
        """Take note of how much worse animation looks than the newest keyframe as it is; change over if it lasts."""
        settings = self._settings
        lasting_ms = settings.animated_after_ms if self.is_plain else settings.plain_after_ms
        self._harm += min(1.0, elapsed_ms / lasting_ms) * (harm - self._harm)
        if not self.is_plain:
            self.is_plain = self._harm > settings.plain_above
        elif self._harm < settings.animated_below:
            self.is_plain = False

    def _note_change(self, change: Float32) -> None:
        """Take note of how much more the cells differ than they would of a keyframe that is made now."""
        worst = float(np.sort(change, axis=None)[-_WORST_CELLS:].mean())
        self.has_changed = worst > _UNCHANGED
        self._usual_change += _LEARNING * (worst - self._usual_change)
        usual = max(_DUE_PER_MEAN * self._usual_change, _UNCHANGED)
        self.need = min(max(worst / usual, 0.0), _MOST_NEED)
