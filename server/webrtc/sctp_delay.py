"""How long data wait on their way to one peer."""

import time
from collections import deque
from collections.abc import Callable

from aiortc.rtcsctptransport import RTCSctpTransport

_WINDOW_S = 30.0
#: Acknowledgements may come so late (RFC 9260, section 6.2); what is more is a queue.
_MOST_WAIT_S = 0.2


class SctpDelay:
    """Compares how long the oldest data have been under way with the fastest acknowledgement of the last 30 s.

    Why: bytes in flight do not tell a queue from a long path, and voices, which nothing holds back, may leave data
    next to nothing of a thin link.
    """

    def __init__(self, sctp: RTCSctpTransport, now: Callable[[], float] = time.time) -> None:
        """Watch an association."""
        self._sctp = sctp
        self._now = now
        self._round_trips: deque[tuple[float, float]] = deque()
        self._fastest_s: float | None = None
        self._update_timeout = sctp._update_rto
        sctp._update_rto = self._note_round_trip  # type: ignore[method-assign, assignment]

    @property
    def is_long(self) -> bool:
        """Whether something has been under way for so long that it waits in a queue."""
        waiting = self._sctp._sent_queue
        since = waiting[0]._sent_time if waiting else None
        if since is None or self._fastest_s is None:
            return False
        return self._now() - since > self._fastest_s + _MOST_WAIT_S

    def _note_round_trip(self, seconds: float) -> None:
        now = self._now()
        self._round_trips.append((now, seconds))
        while now - self._round_trips[0][0] > _WINDOW_S:
            self._round_trips.popleft()
        # Here and not where it is asked for: that is for each message, this for each acknowledgement.
        self._fastest_s = min(known for _, known in self._round_trips)
        self._update_timeout(seconds)
