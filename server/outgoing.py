"""What waits to be sent on one data channel."""

import time
from collections import deque
from collections.abc import Callable

from aiortc import RTCDataChannel


class OutgoingQueue:
    """Feeds a data channel one message at a time; when its peer does not keep up, the oldest messages go.

    aiortc sends all channels of a connection through one queue; handing messages over only when it is empty
    keeps a keyframe on a slow link from delaying the bundles behind it.
    """

    def __init__(self, most_messages: int, most_age_s: float, now: Callable[[], float] = time.monotonic) -> None:
        """Hold at most `most_messages`, none for longer than `most_age_s` (may be infinite)."""
        self._channel: RTCDataChannel | None = None
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._most_messages = most_messages
        self._most_age_s = most_age_s
        self._now = now
        self.dropped = 0

    @property
    def attached(self) -> bool:
        """Whether there is a channel already."""
        return self._channel is not None

    def attach(self, channel: RTCDataChannel) -> None:
        """Send on this channel from now on, what has waited for it first."""
        self._channel = channel
        channel.on("open", self._feed)
        channel.on("bufferedamountlow", self._feed)
        self._feed()

    def send(self, message: bytes) -> None:
        """Send a message now or when the channel is free."""
        self._waiting.append((self._now(), message))
        if len(self._waiting) > self._most_messages:
            self._drop_oldest()
        self._feed()

    def _feed(self) -> None:
        while self._waiting and self._now() - self._waiting[0][0] > self._most_age_s:
            self._drop_oldest()
        channel = self._channel
        while channel and self._waiting and channel.readyState == "open" and channel.bufferedAmount == 0:
            channel.send(self._waiting.popleft()[1])

    def _drop_oldest(self) -> None:
        self._waiting.popleft()
        self.dropped += 1
