"""Who is alive: nodes say so twice a second, and are lost when they do not."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Container
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from server.bus.bus import NODES, Bus, Subscription

logger = logging.getLogger(__name__)

_BEAT_S = 0.5
#: A node that was silent for so long, while others could be heard, is lost.
_LOST_S = 2.5
_ALIVE, _GONE = "alive", "gone"


class _Beat(msgspec.Struct):
    node: str
    url: str


@dataclass
class _Member:
    url: str
    heard_at: float


class Members:
    """The other nodes. While the bus is down nobody is judged, and for a while after it is back."""

    def __init__(self, bus: Bus, url: str) -> None:
        """Speak for a node that people reach at `url`, an origin; empty if they are not to be told."""
        self._bus = bus
        self._beat = msgspec.json.encode(_Beat(bus.node, url))
        self._url = url
        self._others: dict[str, _Member] = {}
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._down_until = 0.0
        self.on_lost: Callable[[str], None] = lambda node: None

    async def start(self) -> None:
        """Take part; returns when every node that is alive has been heard."""
        self._subscription = await self._bus.subscribe(NODES, self._hear)
        self._task = asyncio.create_task(self._beat_for_ever())
        await asyncio.sleep(2 * _BEAT_S)

    @property
    def alive(self) -> Container[str]:
        """The ids of all nodes that are alive, this one included."""
        return {self._bus.node, *self._others}

    @property
    def count(self) -> int:
        """How many nodes are alive, this one included."""
        return 1 + len(self._others)

    @property
    def urls(self) -> tuple[str, ...]:
        """Where people reach the other nodes, in an order by chance, so that not all go to the same one."""
        urls = {member.url for member in self._others.values()} - {"", self._url}
        return tuple(random.sample(sorted(urls), len(urls)))

    def send_nobody_here(self) -> None:
        """Let the others tell nobody of this node any more: it drains."""
        self._beat = msgspec.json.encode(_Beat(self._bus.node, ""))

    async def close(self) -> None:
        """Say goodbye, so that nobody waits for this node."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._bus.publish(NODES, _GONE, self._beat)
        if self._subscription is not None:
            await self._subscription.close()

    async def _beat_for_ever(self) -> None:
        due = time.monotonic()
        while True:
            self._bus.publish_media(NODES, _ALIVE, self._beat)
            now = time.monotonic()
            if not self._bus.is_up or now - due > _BEAT_S:
                # Nothing could be heard, or it waits to be read because this process stood still.
                self._down_until = now
            elif now - self._down_until > _LOST_S:
                for node in [node for node, member in self._others.items() if now - member.heard_at > _LOST_S]:
                    self._lose(node, "silent")
            due = now + _BEAT_S
            await asyncio.sleep(_BEAT_S)

    def _hear(self, word: str, message: bytes) -> None:
        with suppress(msgspec.MsgspecError):
            beat = msgspec.json.decode(message, type=_Beat)
            if word == _GONE:
                self._lose(beat.node, "stopped")
                return
            if beat.node not in self._others:
                logger.info("node is alive", extra={"node": beat.node, "url": beat.url})
            self._others[beat.node] = _Member(beat.url, time.monotonic())

    def _lose(self, node: str, why: str) -> None:
        if self._others.pop(node, None) is not None:
            logger.info("node is lost", extra={"node": node, "why": why})
            self.on_lost(node)
