"""What waits to be sent on one data channel."""

from collections import deque

from aiortc import RTCDataChannel


class OutgoingQueue:
    """Feeds a data channel one message at a time and drops the oldest when its peer does not keep up.

    aiortc sends all channels of a connection through one queue; handing messages over only when it is empty
    keeps a keyframe on a slow link from delaying the bundles behind it.
    """

    def __init__(self, most_messages: int) -> None:
        self._channel: RTCDataChannel | None = None
        self._waiting: deque[bytes] = deque()
        self._most_messages = most_messages
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
        if len(self._waiting) >= self._most_messages:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(message)
        self._feed()

    def _feed(self) -> None:
        channel = self._channel
        while channel and self._waiting and channel.readyState == "open" and channel.bufferedAmount == 0:
            channel.send(self._waiting.popleft())
