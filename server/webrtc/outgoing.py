"""What waits to be sent on one data channel."""

import time
from collections import deque
from collections.abc import Callable

from aiortc import RTCDataChannel


class OutgoingQueue:
    """Feeds a data channel one message at a time; when its peer does not keep up, the oldest messages go.

    aiortc sends all channels of a connection through one queue, and a link of 20 kbit/s takes most of a second for
    two slices of a keyframe. Handing messages over only when that queue is empty, and slices only when the one
    before has been acknowledged, keeps a keyframe from delaying the bundles behind it.
    """

    def __init__(
        self, most_messages: int, most_age_s: float, most_in_flight: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Hold at most `most_messages` for at most `most_age_s`; send while at most `most_in_flight` bytes are out."""
        self._channel: RTCDataChannel | None = None
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._most_messages = most_messages
        self._most_age_s = most_age_s
        self._most_in_flight = most_in_flight
        self._in_flight: Callable[[], float] = int
        self._now = now
        self.dropped = 0

    @property
    def attached(self) -> bool:
        """Whether there is a channel already."""
        return self._channel is not None

    def attach(self, channel: RTCDataChannel, in_flight: Callable[[], float]) -> None:
        """Send on this channel from now on, what has waited for it first; `in_flight` tells how many bytes are out."""
        self._channel = channel
        self._in_flight = in_flight
        channel.on("open", self.feed)
        channel.on("bufferedamountlow", self.feed)
        self.feed()

    def send(self, message: bytes) -> None:
        """Send a message now or when the channel is free."""
        self._waiting.append((self._now(), message))
        if len(self._waiting) > self._most_messages:
            self._drop_oldest()
        self.feed()

    def feed(self) -> None:
        """Send what can be sent; to be called when data have been acknowledged."""
        while self._waiting and self._now() - self._waiting[0][0] > self._most_age_s:
            self._drop_oldest()
        channel = self._channel
        while channel and self._waiting and channel.readyState == "open":
            if channel.bufferedAmount > 0 or self._in_flight() > self._most_in_flight:
                return
            channel.send(self._waiting.popleft()[1])

    def _drop_oldest(self) -> None:
        self._waiting.popleft()
        self.dropped += 1
