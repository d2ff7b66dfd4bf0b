"""Puts a voice on the clock of its sender's frames, from when both arrive.

Opus packets carry the voice's own clock, bundles that of the frames; the wire says nothing of how they differ. But both
leave when their last moment is over, and the fastest of both take the same way: what the fastest differ by is the
difference of the clocks. Only that a bundle waits: for its last face to be tracked, and for the voice packet behind
which it goes. How long, up to a packet, nobody says; the fastest wait for less than half of one.
"""

from collections import deque

_WINDOW_MS = 10_000.0
#: Tracking a face takes that.
_TRACKING_MS = 30.0
#: Of a packet's length: how long the fastest bundle waits for one.
_WAITING_SHARE = 0.25


class VoiceClock:
    """Compares the arrivals of one sender's packets and bundles. All times are ms."""

    def __init__(self) -> None:
        self._bundles: deque[tuple[float, float]] = deque()
        self._voice: deque[tuple[float, float]] = deque()
        self._waiting_ms = 0.0

    def note_bundle(self, last_frame_ms: float, arrival_ms: float) -> None:
        """Take the time of a bundle's last frame, on the sender's clock, and its arrival."""
        _note(self._bundles, arrival_ms, arrival_ms - last_frame_ms - _TRACKING_MS)

    def note_voice(self, end_ms: float, length_ms: float, arrival_ms: float) -> None:
        """Take the time at which a packet's sound ends, on the voice's clock, its length, and its arrival."""
        _note(self._voice, arrival_ms, arrival_ms - end_ms)
        self._waiting_ms = _WAITING_SHARE * length_ms

    def to_frames(self, voice_ms: float) -> float | None:
        """Return a time of the voice's clock on the frames' clock; None before both have arrived."""
        if not self._bundles or not self._voice:
            return None
        fastest_voice, fastest_bundle = (min(delay for _, delay in noted) for noted in (self._voice, self._bundles))
        return voice_ms + fastest_voice - (fastest_bundle - self._waiting_ms)


def _note(delays: deque[tuple[float, float]], arrival_ms: float, delay_ms: float) -> None:
    delays.append((arrival_ms, delay_ms))
    while arrival_ms - delays[0][0] > _WINDOW_MS:
        delays.popleft()
