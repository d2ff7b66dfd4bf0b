"""What waits to be sent on one recipient's channel `motion`."""

import asyncio
import math
import time
from collections import defaultdict, deque
from collections.abc import Callable

from aiortc import RTCDataChannel

from server.webrtc.gathered import LONGEST_MESSAGE, gather, gathered_bytes
from server.webrtc.outgoing import OutgoingQueue

#: As long as one bundle lasts, so that each speaker has one in each message.
_TICK_S = 0.12
#: Two messages: an acknowledgement comes for every second one, and a thin link holds no more.
_MOST_IN_FLIGHT = 1_200
_MOST_OF_ONE_SENDER = 3


class MotionQueue:
    """Feeds the channel: in small rooms each bundle at once, in large ones all senders' in one message per tick.

    There a recipient whose link is too thin for everybody's bundles gets fewer of each sender, and the newest.
    """

    def __init__(self, most_messages: int, most_age_s: float, now: Callable[[], float] = time.monotonic) -> None:
        """Hold at most `most_messages`, each for at most `most_age_s`."""
        self.gathers = False  #: whether to gather: in large rooms
        self._single = OutgoingQueue(most_messages, most_age_s, math.inf, now)
        self._most_age_s = most_age_s
        self._now = now
        self._channel: RTCDataChannel | None = None
        self._in_flight: Callable[[], float] = int
        self._waiting: defaultdict[int, deque[tuple[float, bytes]]] = defaultdict(deque)
        self._tick: asyncio.TimerHandle | None = None
        self._is_due = False
        self._dropped = 0

    @property
    def attached(self) -> bool:
        """Whether there is a channel already."""
        return self._single.attached

    @property
    def dropped(self) -> int:
        """How many bundles the recipient's link was too slow for."""
        return self._dropped + self._single.dropped

    def attach(self, channel: RTCDataChannel, in_flight: Callable[[], float]) -> None:
        """Send on this channel from now on; `in_flight` tells how many bytes are out, unacknowledged."""
        self._channel = channel
        self._in_flight = in_flight
        self._single.attach(channel, in_flight)

    def send(self, message: bytes) -> None:
        """Send a bundle behind its sender's id: now, or with the others' when it is time."""
        if not self.gathers:
            self._single.send(message)
            return
        of_sender = self._waiting[message[0]]
        of_sender.append((self._now(), message))
        if len(of_sender) > _MOST_OF_ONE_SENDER:
            self._drop_oldest(of_sender)
        if self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(_TICK_S, self._on_tick)

    def feed(self) -> None:
        """Send what can be sent; to be called when data have been acknowledged."""
        self._single.feed()
        if self._is_due:
            self._send_gathered()

    def close(self) -> None:
        """Send nothing more."""
        if self._tick is not None:
            self._tick.cancel()

    def _on_tick(self) -> None:
        self._tick = None
        self._is_due = True
        self._send_gathered()

    def _send_gathered(self) -> None:
        channel = self._channel
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > 0:
            return
        if self._in_flight() > _MOST_IN_FLIGHT:
            return
        self._is_due = False
        messages = self._take()
        if messages:
            channel.send(gather(messages))
        if self._waiting and self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(_TICK_S, self._on_tick)

    def _take(self) -> list[bytes]:
        """Take as many bundles as one message holds: the oldest of each sender, then the next of each."""
        taken: list[bytes] = []
        room = LONGEST_MESSAGE - 1
        for of_sender in self._waiting.values():
            while of_sender and self._now() - of_sender[0][0] > self._most_age_s:
                self._drop_oldest(of_sender)
        for of_sender in self._in_turn():
            if gathered_bytes(of_sender[0][1]) > room:
                break
            _, message = of_sender.popleft()
            room -= gathered_bytes(message)
            taken.append(message)
        # Whoever found no room is the first next time.
        left = sorted(self._waiting.items(), key=lambda found: found[1][0][0] if found[1] else math.inf)
        self._waiting = defaultdict(deque, {sender: bundles for sender, bundles in left if bundles})
        return taken

    def _in_turn(self) -> list[deque[tuple[float, bytes]]]:
        """Return each sender's bundles as often as there are any, everybody's first ones first."""
        rounds = range(_MOST_OF_ONE_SENDER)
        return [of_sender for turn in rounds for of_sender in self._waiting.values() if len(of_sender) > turn]

    def _drop_oldest(self, of_sender: deque[tuple[float, bytes]]) -> None:
        of_sender.popleft()
        self._dropped += 1
