"""A token bucket: how much one participant may send."""

import time
from collections.abc import Callable


class TokenBucket:
    """Lets `per_second` units through on average and `burst_s` seconds' worth of them at once."""

    def __init__(self, per_second: float, burst_s: float = 3.0, now: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = per_second * burst_s
        self._tokens = self._most
        self._now = now
        self._filled_at = now()

    def admit(self, units: float = 1.0) -> bool:
        """Take `units` if there are so many, else take nothing and return False."""
        now = self._now()
        self._tokens = min(self._most, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if units > self._tokens:
            return False
        self._tokens -= units
        return True
