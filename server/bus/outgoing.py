"""What waits for the bus: in order, and media not for long."""

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

#: While the bus is down; then the oldest go.
_MOST_MESSAGES = 4096


class _Waiting(NamedTuple):
    since: float
    is_media: bool
    subject: str
    message: bytes


class BusQueue:
    """Messages on their way to the bus, oldest first; media that have waited for `media_age_s` are dropped."""

    def __init__(self, media_age_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._media_age_s = media_age_s
        self._now = now
        self._waiting: deque[_Waiting] = deque()
        self.dropped: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, subject: str, message: bytes, *, is_media: bool) -> None:
        """Let a message wait."""
        self._waiting.append(_Waiting(self._now(), is_media, subject, message))
        if len(self._waiting) > _MOST_MESSAGES:
            self._drop()

    def take(self) -> tuple[str, bytes] | None:
        """Return the subject and bytes of the oldest message worth sending, or None if none is left."""
        while self._waiting:
            oldest = self._waiting[0]
            if not oldest.is_media or self._now() - oldest.since <= self._media_age_s:
                self._waiting.popleft()
                return oldest.subject, oldest.message
            self._drop()
        return None

    def _drop(self) -> None:
        oldest = self._waiting.popleft()
        self.dropped["bus too slow" if oldest.is_media else "bus down"] += 1
