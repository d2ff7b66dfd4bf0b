"""How a server is reached: at once, or as soon as it can be."""

import asyncio
import logging
import ssl
from collections.abc import Iterator

import aiohttp

from server.client.events import CallStats
from server.client.node_ring import NodeRing
from server.client.signalling_socket import SignallingSocket
from server.errors import CallError

logger = logging.getLogger(__name__)

_FIRST_INTERVAL_S = 0.5
_LONGEST_INTERVAL_S = 8.0
_EAGER_S = 10.0


def retry_intervals() -> Iterator[float]:
    """Yield how long to wait between attempts: 0.5 s for 10 s, then twice as long each time, 8 s at most."""
    waited_s, interval_s = 0.0, _FIRST_INTERVAL_S
    while True:
        yield interval_s
        waited_s += interval_s
        if waited_s >= _EAGER_S:
            interval_s = min(2 * interval_s, _LONGEST_INTERVAL_S)


class Reach:
    """Opens sockets to whichever server of a ring answers."""

    def __init__(
        self, http: aiohttp.ClientSession, nodes: NodeRing, tls: ssl.SSLContext | None, stats: CallStats
    ) -> None:
        self._http = http
        self._nodes = nodes
        self._tls = tls
        self._stats = stats

    def advance(self) -> None:
        """Try another server first from now on."""
        self._nodes.advance()

    async def once(self) -> SignallingSocket:
        """Open a socket to the first server in turn. Raises `CallError`."""
        return await SignallingSocket.open(self._http, self._nodes.current, self._tls, self._stats)

    async def persistently(self, intervals_s: Iterator[float]) -> SignallingSocket:
        """Try all servers, again and again at these intervals, until a socket opens.

        Attempts do not wait for each other: TCP repeats what got lost after a time that doubles, so that after an
        outage a new attempt is there sooner than those before it.
        """
        attempts: set[asyncio.Task[SignallingSocket]] = set()
        opened: list[SignallingSocket] = []
        try:
            while not opened:
                attempts.add(asyncio.create_task(self._somewhere()))
                until_s = asyncio.get_running_loop().time() + next(intervals_s)
                while not opened and (left_s := until_s - asyncio.get_running_loop().time()) > 0:
                    if not attempts:
                        await asyncio.sleep(left_s)
                        break
                    finished, attempts = await asyncio.wait(
                        attempts, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
                    )
                    opened += _successes(finished)
            return opened.pop()
        finally:
            for attempt in attempts:
                attempt.cancel()
            await asyncio.gather(*attempts, return_exceptions=True)
            await asyncio.gather(*(socket.close() for socket in opened))

    async def _somewhere(self) -> SignallingSocket:
        for _ in range(len(self._nodes) - 1):
            url = self._nodes.current
            try:
                return await self.once()
            except CallError as error:
                logger.info("cannot join: %s", error)
                if self._nodes.current == url:
                    self.advance()
        return await self.once()


def _successes(finished: set[asyncio.Task[SignallingSocket]]) -> list[SignallingSocket]:
    opened = []
    for attempt in finished:
        try:
            opened.append(attempt.result())
        except CallError as error:
            logger.info("cannot join again yet: %s", error)
    return opened
