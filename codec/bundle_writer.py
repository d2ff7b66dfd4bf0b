"""Collects frames until they fill a bundle."""

from collections import Counter
from dataclasses import dataclass

from codec.bundle import (
    MAXIMUM_FRAMES,
    MAXIMUM_GAP,
    SEQUENCE_MODULUS,
    TICK_MS,
    TIME_MODULUS,
    Bundle,
    BundleHeader,
    Frame,
    Mode,
    encode_bundle,
)
from codec.errors import WireError


@dataclass(frozen=True, slots=True)
class Reference:
    """A keyframe that a frame can be drawn from; without motion it can only be shown as it is."""

    number: int
    motion: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class _Pending:
    ticks: int
    motion: tuple[int, ...] | None
    picked: Reference | None


class BundleWriter:
    """Bundles of one sender: consecutive sequence numbers, at most two keyframes named in each."""

    def __init__(self, bundle_ms: int) -> None:
        self._bundle_ticks = bundle_ms // TICK_MS
        self._sequence = 0
        self._pending: list[_Pending] = []
        self._second = 0
        self._last_ticks = 0
        self._interval_ticks = 4

    def add(
        self, time_ms: float, motion: tuple[int, ...] | None, ranked: list[Reference], voice_active: bool
    ) -> list[bytes]:
        """Add a frame; return the bundles that are complete now.

        `ranked` holds the picked keyframe and the second best, if there is one. Without `motion` the picked one is to
        be shown as it is; without either the frame says that there is no face. A third keyframe and a
        gap of over 640 ms begin a new bundle. A frame in the same 10 ms as the one before is dropped.
        """
        now = round(time_ms / TICK_MS)
        gap = now - self._last_ticks
        if self._pending and gap <= 0:
            return []
        complete: list[bytes] = []
        if gap > MAXIMUM_GAP:
            complete += self.finish(voice_active)
        elif gap > 0:
            self._interval_ticks = gap
        self._last_ticks = now
        picked = ranked[0] if ranked else None
        named = {frame.picked.number for frame in self._pending if frame.picked}
        if picked is not None and len(named | {picked.number}) > 2:
            complete += self.finish(voice_active)
        self._pending.append(_Pending(now, motion, picked))
        if ranked:
            self._second = ranked[-1].number
        filled_ticks = now + self._interval_ticks - self._pending[0].ticks
        if filled_ticks >= self._bundle_ticks or len(self._pending) >= MAXIMUM_FRAMES:
            complete += self.finish(voice_active)
        return complete

    def finish(self, voice_active: bool) -> list[bytes]:
        """Return the open bundle as it is: nothing without frames, two where one cannot hold so much motion."""
        pending, self._pending = self._pending, []
        if not pending:
            return []
        try:
            return [self._encoded(pending, voice_active)]
        except WireError:
            if len(pending) == 1:
                raise
            middle = len(pending) // 2
            return [self._encoded(half, voice_active) for half in (pending[:middle], pending[middle:])]

    def _encoded(self, pending: list[_Pending], voice_active: bool) -> bytes:
        picks = Counter(frame.picked.number for frame in pending if frame.picked)
        named = [number for number, _ in picks.most_common()] or [self._second]
        keyframe_a, keyframe_b = (named[0], named[1]) if len(named) > 1 else (named[0], self._second)
        header = BundleHeader(self._sequence, pending[0].ticks % TIME_MODULUS, keyframe_a, keyframe_b, voice_active)
        frames = []
        before = pending[0].ticks
        for frame in pending:
            pick = int(frame.picked is not None and frame.picked.number != keyframe_a)
            mode = Mode.ANIMATED if frame.motion else Mode.PLAIN if frame.picked else Mode.NONE
            frames.append(Frame(frame.ticks - before, mode, pick, frame.motion))
            before = frame.ticks
        picked = [frame.picked for frame in pending if frame.picked]
        motions = {keyframe.number: keyframe.motion for keyframe in picked if keyframe.motion}
        data = encode_bundle(Bundle(header, tuple(frames)), motions)
        self._sequence = (self._sequence + 1) % SEQUENCE_MODULUS
        return data
