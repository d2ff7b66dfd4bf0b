"""Moves a face by its received motion and its voice together.

Received motion is coarse and full of gaps: the fusion says what the mouth did, finer than it was sent, and where
nothing was received. Then head and eyes hold still at first and come to rest, with a blink now and then; where motion
begins again, what was shown glides into it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from codec.motion import GAZE, MOTION_LENGTH, POSE, FloatArray
from codec.playout import TimedFrame
from codec.speech.fusion import MouthFusion, Observations
from codec.speech.heard_voice import HeardVoice
from codec.speech.idle import IdleFace
from codec.speech.mouth import PersonalRange
from codec.speech.networks import SpeechEncoder

#: The sound that counts.
_SOUND_BEFORE_MS, _SOUND_AFTER_MS = 200.0, 80.0
#: A frame that is so much later than frames usually are is missing: the face counts as driven by sound.
_DRIVEN_AFTER_MS = 60.0
_USUAL_GAP_MS = 40.0
_GLIDE_MS = 40.0
#: Without a received frame for so long, nothing moves any more: whoever was there may be gone.
_LONGEST_MS = 10_000.0
#: A voice that was not heard for so long says nothing of the face any more: then it is held.
_VOICE_MEMORY_MS = 1_500.0


class SpeechDrive:
    """Drives one sender's face. Times are ms of the sender's clock."""

    def __init__(self, encoder: SpeechEncoder, fusion: MouthFusion) -> None:
        self.voice = HeardVoice(encoder)  #: feed it the sound
        self.allowed = True  #: whether this person lets sound move their face while no motion is received
        self.error_px = 0.0  #: what is expected of the newest mouth's error at 256²
        self._fusion = fusion
        self._range = PersonalRange()
        self._idle = IdleFace()
        self._noted_ms = float("-inf")
        self._shown: FloatArray | None = None
        self._shown_ms = float("-inf")
        self._was_driven = False
        self._glide = np.zeros(MOTION_LENGTH)

    def move(self, frame: TimedFrame, around: Sequence[TimedFrame], media_ms: float) -> TimedFrame:
        """Return the frame to show at `media_ms`.

        `frame` is what playout says is due, `around` the frames that were received from 0.6 s before `media_ms` on, in
        order of time. A frame without motion is returned as it is. Where no motion is received, what was shown is held
        if this person does not let sound move their face, if no voice is heard, or when that has lasted for 10 s.
        """
        animated = [other for other in around if other.motion is not None]
        if frame.motion is None or not animated:
            self._shown, self._was_driven = None, False
            return frame
        self._note(animated)
        age_ms = media_ms - animated[-1].time_ms
        driven = age_ms > _usual_gap_ms(animated) + _DRIVEN_AFTER_MS
        if driven and not self._may_drive(age_ms, media_ms):
            if self._shown is None:
                return frame
            return replace(frame, motion=tuple(self._shown.tolist()))
        motion = np.asarray(frame.motion, np.float64)
        motion[POSE + GAZE :] = self._expression(animated, media_ms)
        return self._show(frame, self._idle.settle(motion, age_ms, media_ms), media_ms, driven)

    def _may_drive(self, age_ms: float, media_ms: float) -> bool:
        is_heard = media_ms - self.voice.end_ms <= _VOICE_MEMORY_MS
        return self.allowed and age_ms <= _LONGEST_MS and is_heard

    def sound_alone(self, last: TimedFrame, media_ms: float) -> TimedFrame:
        """Return the frame to show at `media_ms` when nothing is received and `last`, with motion, is all there was."""
        self._note([last])
        motion = np.asarray(last.motion, np.float64)
        motion[POSE + GAZE :] = self._expression([], media_ms)
        return self._show(last, self._idle.settle(motion, media_ms - last.time_ms, media_ms), media_ms, True)

    def _note(self, frames: list[TimedFrame]) -> None:
        for frame in frames:
            if frame.time_ms > self._noted_ms:
                self._noted_ms = frame.time_ms
                motion = np.asarray(frame.motion, np.float64)
                self._range.note(motion[POSE + GAZE :])
                self._idle.note(motion)

    def _expression(self, frames: list[TimedFrame], media_ms: float) -> FloatArray:
        """Return the (24,) expression at `media_ms` from the frames around it and the sound."""
        rest = self._range.rest
        assert rest is not None
        frame_ms = np.array([frame.time_ms for frame in frames], np.float64) - media_ms
        motion = np.array([frame.motion for frame in frames], np.float64).reshape(-1, MOTION_LENGTH)
        sound_ms, features = self.voice.around(media_ms, _SOUND_BEFORE_MS, _SOUND_AFTER_MS)
        if not self.allowed:
            sound_ms, features = sound_ms[:0], features[:0]
        seen = Observations(frame_ms, motion[:, POSE + GAZE :] - rest, sound_ms - media_ms, features)
        expression, self.error_px = self._fusion.estimate(seen, self._range.scale_px)
        return expression + rest

    def _show(self, frame: TimedFrame, target: FloatArray, media_ms: float, driven: bool) -> TimedFrame:
        """Return the frame with its target, reached without a jump where motion begins again."""
        if self._was_driven and not driven and self._shown is not None:
            self._glide = self._shown - target
        self._glide *= np.exp(-max(0.0, media_ms - self._shown_ms) / _GLIDE_MS)
        motion = target + self._glide
        self._shown, self._shown_ms, self._was_driven = motion, media_ms, driven
        return replace(frame, motion=tuple(motion.tolist()), driven=driven)


def _usual_gap_ms(frames: list[TimedFrame]) -> float:
    """Return the median time between frames."""
    times_ms = [frame.time_ms for frame in frames]
    return float(np.median(np.diff(times_ms))) if len(times_ms) > 1 else _USUAL_GAP_MS
