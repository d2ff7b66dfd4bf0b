"""The receiver's clock for pictures: which frame is due now (docs/architecture.md, 'Playout')."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from codec.bundle import TICK_MS, TIME_MODULUS, Bundle, Frame, Mode

_WINDOW_MS = 10_000
_QUANTILE = 0.97
_SHRINK_MS_PER_S = 20
_LARGEST_BUFFER_MS = 400
_LATE_BEFORE_RESTART = 5
_LONGEST_INTERPOLATION_MS = 640
_STALE_MS = 1_000
_MOST_FRAMES = 250
_PASSED_MS = 700


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """A frame on the sender's clock with the keyframes its bundle names."""

    time_ms: int  #: unwrapped
    mode: Mode
    picked: int  #: number of the keyframe that the sender picked
    other: int  #: number of the bundle's other keyframe (the same where there is one)
    motion: tuple[float, ...] | None
    driven: bool = False  #: whether sound moved the mouth, for nothing else told how it moves


class Playout:
    """Orders the frames of one sender and says which one is due. Times are ms of any one steady clock."""

    def __init__(self) -> None:
        self._frames: list[TimedFrame] = []
        self._passed: deque[TimedFrame] = deque()
        self._delays: deque[tuple[float, float]] = deque()
        self._delay_ms: float | None = None
        self._updated_ms = 0.0
        self._media_ms = float("-inf")
        self._late = 0
        self._newest_ms = 0

    @property
    def delay_ms(self) -> float | None:
        """Arrival clock minus sender clock of what is shown now; None before the first bundle."""
        return self._delay_ms

    @property
    def newest_ms(self) -> int:
        """Time of the newest received frame on the sender's clock."""
        return self._newest_ms

    @property
    def media_ms(self) -> float:
        """What time it is on the sender's clock, as the newest `due` said; minus infinity before."""
        return self._media_ms

    @property
    def around(self) -> list[TimedFrame]:
        """The received frames from 0.7 s before `media_ms` on, in order of time."""
        return [*self._passed, *self._frames]

    @property
    def buffering_ms(self) -> float:
        """How much later than the fastest bundle of the last 10 s pictures are shown."""
        if self._delay_ms is None or not self._delays:
            return 0.0
        return self._delay_ms - self._smallest()

    def add(self, bundle: Bundle, arrival_ms: float) -> None:
        """Take the frames of a bundle that arrived at `arrival_ms`."""
        start_ms = self._unwrap(bundle.header.time_ticks)
        self._note_delay(arrival_ms, arrival_ms - start_ms)
        numbers = (bundle.header.keyframe_a, bundle.header.keyframe_b)
        time_ms = start_ms
        for frame in bundle.frames:
            time_ms += frame.gap_ticks * TICK_MS
            self._insert(_timed(frame, time_ms, numbers))
        self._newest_ms = max(self._newest_ms, time_ms)

    def due(self, now_ms: float) -> TimedFrame | None:
        """Return the frame for `now_ms`, interpolated between its neighbours; None before the first one is due.

        What was shown is never followed by anything earlier.
        """
        if self._delay_ms is None:
            return None
        self._shrink(now_ms)
        self._media_ms = max(self._media_ms, now_ms - self._delay_ms)
        while len(self._frames) > 1 and self._frames[1].time_ms <= self._media_ms:
            self._passed.append(self._frames.pop(0))
        while self._passed and self._passed[0].time_ms < self._media_ms - _PASSED_MS:
            self._passed.popleft()
        if not self._frames or self._frames[0].time_ms > self._media_ms:
            return None
        current = self._frames[0]
        following = self._frames[1] if len(self._frames) > 1 else None
        return _interpolate(current, following, self._media_ms) if following else current

    def is_stale(self, now_ms: float) -> bool:
        """Tell whether nothing new has been due for a second."""
        if self._delay_ms is None:
            return False
        return now_ms - self._delay_ms - self._newest_ms > _STALE_MS

    def _unwrap(self, time_ticks: int) -> int:
        newest = self._newest_ms // TICK_MS
        difference = (time_ticks - newest + TIME_MODULUS // 2) % TIME_MODULUS - TIME_MODULUS // 2
        return (newest + difference) * TICK_MS

    def _insert(self, frame: TimedFrame) -> None:
        position = len(self._frames)
        while position and self._frames[position - 1].time_ms > frame.time_ms:
            position -= 1
        if position and self._frames[position - 1].time_ms == frame.time_ms:
            return
        self._frames.insert(position, frame)
        if len(self._frames) > _MOST_FRAMES:
            self._frames.pop(0)

    def _note_delay(self, arrival_ms: float, delay_ms: float) -> None:
        while self._delays and arrival_ms - self._delays[0][0] > _WINDOW_MS:
            self._delays.popleft()
        if self._delays and delay_ms > self._smallest() + _LARGEST_BUFFER_MS:
            self._late += 1
            if self._late < _LATE_BEFORE_RESTART:
                return
            self._restart(arrival_ms - delay_ms)
        self._late = 0
        self._delays.append((arrival_ms, delay_ms))
        target_ms = self._target()
        if self._delay_ms is None or target_ms > self._delay_ms:
            self._delay_ms = target_ms
            self._updated_ms = arrival_ms
        self._delay_ms = min(self._delay_ms, self._smallest() + _LARGEST_BUFFER_MS)

    def _restart(self, start_ms: float) -> None:
        """Start the window over; if the sender's clock itself was set back, forget what it said before."""
        self._delays.clear()
        self._delay_ms = None
        if start_ms <= self._media_ms - _WINDOW_MS:
            self._frames.clear()
            self._passed.clear()
            self._media_ms = float("-inf")
            self._newest_ms = round(start_ms)

    def _smallest(self) -> float:
        return min(delay for _, delay in self._delays)

    def _target(self) -> float:
        ranked = sorted(delay for _, delay in self._delays)
        return ranked[int(_QUANTILE * (len(ranked) - 1) + 0.5)]

    def _shrink(self, now_ms: float) -> None:
        elapsed_ms = max(0.0, now_ms - self._updated_ms)
        self._updated_ms = max(self._updated_ms, now_ms)
        if self._delays and self._delay_ms is not None:
            self._delay_ms = max(self._target(), self._delay_ms - elapsed_ms * _SHRINK_MS_PER_S / 1000)


def _timed(frame: Frame, time_ms: int, numbers: tuple[int, int]) -> TimedFrame:
    return TimedFrame(time_ms, frame.mode, numbers[frame.pick], numbers[1 - frame.pick], frame.motion)


def _interpolate(current: TimedFrame, following: TimedFrame, media_ms: float) -> TimedFrame:
    gap_ms = following.time_ms - current.time_ms
    if current.motion is None or following.motion is None:
        return current
    if following.picked != current.picked or gap_ms > _LONGEST_INTERPOLATION_MS:
        return current
    share = (media_ms - current.time_ms) / gap_ms
    motion = np.asarray(current.motion) * (1 - share) + np.asarray(following.motion) * share
    return TimedFrame(current.time_ms, current.mode, current.picked, current.other, tuple(motion.tolist()))
