"""What a sender may spend: bytes against time."""

from typing import Protocol


class Budget(Protocol):
    """Says whether a keyframe may be made now."""

    def allows_keyframe(self, time_ms: float) -> bool:
        """Tell whether a keyframe of the expected size may be made at `time_ms`."""

    def spend_keyframe(self, size: int, time_ms: float) -> None:
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

    def allows_keyframe(self, time_ms: float) -> bool:
        """Tell whether the bucket is not overdrawn."""
        return self._credit(time_ms) >= 0

    def spend_keyframe(self, size: int, time_ms: float) -> None:
        """Take `size` bytes out of the bucket."""
        self._credit_bytes = self._credit(time_ms) - size
        self._updated_ms = time_ms

    def spend_bundle(self, size: int, time_ms: float) -> None:
        """Motion is not counted."""

    def _credit(self, time_ms: float) -> float:
        earned = (time_ms - self._updated_ms) * self._bytes_per_ms
        return min(self._credit_bytes + earned, self._burst_bytes)


#: A window of 5 s may hold 10 % more than its share, half a second's worth: how far credit may rise and be overdrawn.
_LARGEST_CREDIT_S, _LARGEST_OVERDRAFT_S = 0.15, 0.35
#: The first picture is paid for out of at least this share of the rate, within this time if that can be.
_START_SHARE, _LARGEST_START_SHARE = 0.25, 0.9
_START_S = 5.5
#: Sizes of keyframes are expected to be like the last few.
_SMOOTHING = 0.3


class RateBudget:
    """A file's: everything counts, and any 5 s after the first picture should hold at most 1.1 times their share.

    Single pictures far beyond the last few (another scene, a new chain) can break that. The first picture is a debt,
    paid back bit by bit, so that a file as a whole keeps to its rate, too. Keyframes come at an even pace.
    """

    def __init__(self, kbps: float) -> None:
        self._bytes_per_ms = kbps / 8
        self._second = 1000 * self._bytes_per_ms
        self._credit = 0.0
        self._debt: float | None = None
        self._start_share = 0.0
        self._expected = 0.0
        self._motion_bytes = 0.0
        self._keyframe_ms = 0.0
        self._updated_ms = 0.0

    def allows_keyframe(self, time_ms: float) -> bool:
        """Tell whether it is time for a keyframe like the last few (always for the first)."""
        self._earn(time_ms)
        if self._debt is None:
            return True
        # Of keyframes too large for the band, one is made whenever the credit is full.
        needed = min(self._expected - _LARGEST_OVERDRAFT_S * self._second, 0.9 * _LARGEST_CREDIT_S * self._second)
        if self._credit < needed:
            return False
        for_keyframes = self._bytes_per_ms - self._motion_bytes / max(time_ms, 1.0)
        if self._debt:
            for_keyframes -= self._bytes_per_ms * self._start_share
        return (time_ms - self._keyframe_ms) * for_keyframes >= self._expected - self._credit

    def spend_keyframe(self, size: int, time_ms: float) -> None:
        """Take note of a keyframe; the first one becomes the debt."""
        self._earn(time_ms)
        self._keyframe_ms = time_ms
        if self._debt is None:
            self._debt = float(size)
            self._start_share = min(max(_START_SHARE, size / (_START_S * self._second)), _LARGEST_START_SHARE)
            self._expected = size / 4
            return
        self._credit -= size
        self._expected += _SMOOTHING * (size - self._expected)

    def spend_bundle(self, size: int, time_ms: float) -> None:
        """Take note of a bundle."""
        self._earn(time_ms)
        self._credit -= size
        self._motion_bytes += size

    def _earn(self, time_ms: float) -> None:
        earned = (time_ms - self._updated_ms) * self._bytes_per_ms
        self._updated_ms = time_ms
        if self._debt:
            repaid = min(self._debt, earned * self._start_share)
            self._debt -= repaid
            earned -= repaid
        self._credit = min(self._credit + earned, _LARGEST_CREDIT_S * self._second)


class Unlimited:
    """Keyframes may cost what they cost."""

    def allows_keyframe(self, time_ms: float) -> bool:
        """Allow it."""
        return True

    def spend_keyframe(self, size: int, time_ms: float) -> None:
        """Nothing is counted."""

    def spend_bundle(self, size: int, time_ms: float) -> None:
        """Nothing is counted."""
