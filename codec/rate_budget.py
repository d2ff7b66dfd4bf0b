"""What a sender may spend: bytes against time."""

from collections import deque
from typing import Protocol


class Budget(Protocol):
    """Says whether a keyframe may be made now."""

    def allows_keyframe(self, time_ms: float, need: float = 1.0) -> bool:
        """Tell whether a keyframe of the expected size may be made at `time_ms`; `need` 0…2 says how urgently."""

    def allows_intra(self, time_ms: float) -> bool:
        """Tell whether a keyframe may begin a new chain now because the newest has grown long."""

    def spend_keyframe(self, size: int, time_ms: float, *, begins_chain: bool) -> None:
        """Take note of a keyframe of `size` bytes."""

    def spend_bundle(self, size: int, time_ms: float) -> None:
        """Take note of a bundle of `size` bytes."""


class KeyframeBudget:
    """A call's: keyframes have a token bucket of their own, which the last one may overdraw; motion is not counted."""

    def __init__(self, kbps: float, burst_bytes: float) -> None:
        self._bytes_per_ms = kbps / 8
        self._burst_bytes = burst_bytes
        self._credit_bytes = burst_bytes
        self._updated_ms = 0.0

    def allows_keyframe(self, time_ms: float, need: float = 1.0) -> bool:
        """Tell whether the bucket is not overdrawn."""
        return self._credit(time_ms) >= 0

    def allows_intra(self, time_ms: float) -> bool:
        """Allow it: chains of a call are begun anew for newcomers."""
        return True

    def spend_keyframe(self, size: int, time_ms: float, *, begins_chain: bool) -> None:
        """Take `size` bytes out of the bucket."""
        self._credit_bytes = self._credit(time_ms) - size
        self._updated_ms = time_ms

    def spend_bundle(self, size: int, time_ms: float) -> None:
        """Motion is not counted."""

    def _credit(self, time_ms: float) -> float:
        earned = (time_ms - self._updated_ms) * self._bytes_per_ms
        return min(self._credit_bytes + earned, self._burst_bytes)


#: Bounds of what is spent, with a little kept for sizes that turn out larger than expected: of any window of 5 s that
#: begins after the first 3, and of the whole file once it is 6 s long.
_WINDOW_MS, _WINDOWS_FROM_MS, _WINDOW_SHARE = 5000.0, 3000.0, 1.05
_WHOLE_FROM_MS, _WHOLE_SHARE = 6000.0, 1.03
#: Unspent bytes are kept up to what the rate carries in this time.
_LARGEST_CREDIT_S = 1.0
#: While a large picture is being paid for, or saved for, this share of the rate goes into it at least and at most.
_SMALLEST_DEBT_SHARE, _LARGEST_DEBT_SHARE, _SAVING_SHARE = 0.2, 0.85, 0.45
#: Sizes of keyframes are expected to be like the last few, rather too large than too small.
_RISING, _FALLING, _SURPRISE, _INTRA_SURPRISE = 0.7, 0.2, 1.4, 1.05
#: The container: bytes of a record, of a second in chunks, and of a file's beginning.
_RECORD_BYTES, _CHUNKS_BYTES_PER_MS, _BEGINNING_BYTES = 3, 0.016, 90
#: Every fourth picture of a chain is one that the others lean on, and larger (SVT-AV1's low-delay structure).
_RHYTHM = 4


class RateBudget:
    """A file's: everything counts, the container included.

    Any 5 s after the first 3 hold at most 1.1 times their share, and 6 s and more at most 1.05 times theirs. A picture
    that begins a chain is many times larger than the others: it is a debt, paid back bit by bit, and before every such
    picture but the first the budget saves. Other keyframes come at an even pace, or sooner where they are needed more.
    """

    def __init__(self, kbps: float) -> None:
        self._bytes_per_ms = kbps / 8
        self._sent: deque[tuple[float, int]] = deque()
        self._in_window = 0
        self._total = float(_BEGINNING_BYTES)
        self._credit = 0.0
        self._debt = 0.0
        self._debt_share = 0.0
        self._intra_bytes: int | None = None
        self._expected = [0.0] * _RHYTHM
        self._position = 0
        self._saves = False
        self._saved = 0.0
        self._updated_ms = 0.0

    def allows_keyframe(self, time_ms: float, need: float = 1.0) -> bool:
        """Tell whether a keyframe like the last few may be made (the first always may).

        `need` is 1 for a keyframe that can wait until its bytes are earned, up to 2 for one that cannot, and less, down
        to 0, for one of little use.
        """
        self._earn(time_ms)
        if self._intra_bytes is None:
            return True
        if self._credit < sum(self._expected) / _RHYTHM * (2.0 - need):
            return False
        # What has changed more takes more bytes.
        expected = self._expected[self._position] * max(1.0, need)
        return self._fits(expected * _SURPRISE + (self._intra_bytes if self._saves else 0), time_ms)

    def allows_intra(self, time_ms: float) -> bool:
        """Tell whether a keyframe may begin a new chain; from the first time that this is asked, it is saved for."""
        self._earn(time_ms)
        if self._intra_bytes is None or self._fits(self._intra_bytes * _INTRA_SURPRISE, time_ms):
            return True
        self._saves = True
        return False

    def spend_keyframe(self, size: int, time_ms: float, *, begins_chain: bool) -> None:
        """Take note of a keyframe; one that begins a chain becomes a debt."""
        self._earn(time_ms)
        self._note(size, time_ms)
        if begins_chain:
            self._debt += max(0.0, size - self._saved)
            self._saved = 0.0
            owed_s = self._debt / (1000 * self._bytes_per_ms)
            self._debt_share = min(max(_SMALLEST_DEBT_SHARE, owed_s * 1000 / _WHOLE_FROM_MS), _LARGEST_DEBT_SHARE)
            if self._intra_bytes is None:
                self._expected = [size / 4, *[size / 9] * (_RHYTHM - 1)]
            self._intra_bytes = size
            self._position, self._saves = 1, False
            return
        self._credit -= size
        difference = size - self._expected[self._position]
        self._expected[self._position] += (_RISING if difference > 0 else _FALLING) * difference
        self._position = (self._position + 1) % _RHYTHM

    def spend_bundle(self, size: int, time_ms: float) -> None:
        """Take note of a bundle."""
        self._earn(time_ms)
        self._note(size, time_ms)
        self._credit -= size

    def _note(self, size: int, time_ms: float) -> None:
        self._sent.append((time_ms, size))
        self._in_window += size
        self._total += size + _RECORD_BYTES
        self._credit -= _RECORD_BYTES

    def _fits(self, size: float, time_ms: float) -> bool:
        """Tell whether so many bytes now break none of the bounds."""
        while self._sent and self._sent[0][0] <= max(time_ms - _WINDOW_MS, min(_WINDOWS_FROM_MS, time_ms)):
            self._in_window -= self._sent.popleft()[1]
        whole_ms = max(time_ms, _WHOLE_FROM_MS)
        return (
            self._in_window + size <= _WINDOW_SHARE * _WINDOW_MS * self._bytes_per_ms
            and self._total + _CHUNKS_BYTES_PER_MS * whole_ms + size <= _WHOLE_SHARE * whole_ms * self._bytes_per_ms
        )

    def _earn(self, time_ms: float) -> None:
        elapsed_ms = time_ms - self._updated_ms
        self._updated_ms = time_ms
        earned = elapsed_ms * (self._bytes_per_ms - _CHUNKS_BYTES_PER_MS)
        if self._debt > 0:
            repaid = min(self._debt, earned * self._debt_share)
            self._debt -= repaid
            earned -= repaid
        elif self._saves:
            self._saved += earned * _SAVING_SHARE
            earned *= 1 - _SAVING_SHARE
        # Enough for the largest keyframe, needed or not: else none would ever come again.
        largest = max(1000 * _LARGEST_CREDIT_S * self._bytes_per_ms, 2 * max(self._expected))
        self._credit = min(self._credit + earned, largest)


class Unlimited:
    """Keyframes may cost what they cost."""

    def allows_keyframe(self, time_ms: float, need: float = 1.0) -> bool:
        """Allow it."""
        return True

    def allows_intra(self, time_ms: float) -> bool:
        """Allow it."""
        return True

    def spend_keyframe(self, size: int, time_ms: float, *, begins_chain: bool) -> None:
        """Nothing is counted."""

    def spend_bundle(self, size: int, time_ms: float) -> None:
        """Nothing is counted."""
