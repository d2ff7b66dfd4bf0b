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
        be shown as it is; without either the frame says that there is no face. A third keyframe begins a new bundle. A
        frame in the same 10 ms as the one before is dropped; frames before a gap of over 640 ms are, too.
        """
        now = round(time_ms / TICK_MS)
        gap = now - self._last_ticks
        if self._pending and gap <= 0:
            return []
        if gap > MAXIMUM_GAP:
            self._pending.clear()
        elif gap > 0:
            self._interval_ticks = gap
        self._last_ticks = now
        picked = ranked[0] if ranked else None
        named = {frame.picked.number for frame in self._pending if frame.picked}
        complete = []
        if picked is not None and len(named | {picked.number}) > 2:
            complete.append(self._close(voice_active))
        self._pending.append(_Pending(now, motion, picked))
        if ranked:
            self._second = ranked[-1].number
        filled_ticks = now + self._interval_ticks - self._pending[0].ticks
        if filled_ticks >= self._bundle_ticks or len(self._pending) >= MAXIMUM_FRAMES:
            complete.append(self._close(voice_active))
        return complete

    def finish(self, voice_active: bool) -> bytes | None:
        """Return the open bundle as it is; None if it has no frames."""
        return self._close(voice_active) if self._pending else None

    def _close(self, voice_active: bool) -> bytes:
        picks = Counter(frame.picked.number for frame in self._pending if frame.picked)
        named = [number for number, _ in picks.most_common()] or [self._second]
        keyframe_a, keyframe_b = (named[0], named[1]) if len(named) > 1 else (named[0], self._second)
        header = BundleHeader(
            self._sequence, self._pending[0].ticks % TIME_MODULUS, keyframe_a, keyframe_b, voice_active
        )
        frames = []
        before = self._pending[0].ticks
        for frame in self._pending:
            pick = int(frame.picked is not None and frame.picked.number != keyframe_a)
            mode = Mode.ANIMATED if frame.motion else Mode.PLAIN if frame.picked else Mode.NONE
            frames.append(Frame(frame.ticks - before, mode, pick, frame.motion))
            before = frame.ticks
        picked = [frame.picked for frame in self._pending if frame.picked]
        motions = {keyframe.number: keyframe.motion for keyframe in picked if keyframe.motion}
        self._sequence = (self._sequence + 1) % SEQUENCE_MODULUS
        self._pending = []
        return encode_bundle(Bundle(header, tuple(frames)), motions)
