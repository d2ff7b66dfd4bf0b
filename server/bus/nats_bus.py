"""The bus over NATS: core subjects for what nodes say, JetStream for what they keep."""

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from server.bus.bus import MEDIA_AGE_S, BusError, Handler
from server.bus.jetstream_domain import DomainJetStream
from server.bus.outgoing import BusQueue
from server.settings import BusSettings

logger = logging.getLogger(__name__)

_PROBE_S = 0.5
_ANSWER_S = 1.0
_LATE_ANSWER_S = 10.0
_RECONNECT_S = 0.25
_CONNECT_S = 5.0
_REQUEST_S = 2.0
#: What nats-py has not written yet; more waits here, where it can grow too old.
_UNWRITTEN_BYTES = 65_536


class NatsBus:
    """One connection to NATS, by all its servers; made anew for ever when it breaks."""

    def __init__(self, settings: BusSettings) -> None:
        self.node = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self.is_up = False
        self.on_recovery: Callable[[], None] = lambda: None
        self._queue = BusQueue(MEDIA_AGE_S)
        self.dropped = self._queue.dropped
        self._settings = settings
        self._client = Client()
        self._something_waits = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._pings: set[asyncio.Task[bool]] = set()

    async def connect(self) -> None:
        """Connect. Raises `BusError` if no server answers or they refuse."""
        servers = list(self._settings.servers)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await self._client.connect(
                    servers,
                    name=f"facewire {self.node}",
                    no_echo=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=_RECONNECT_S,  # type: ignore[arg-type]
                    ping_interval=2,
                    user_credentials=self._settings.credentials or None,
                    error_cb=_log_error,
                )
                await self._client.flush(_ANSWER_S)  # type: ignore[arg-type]
        except (NatsError, OSError, TimeoutError) as error:
            with suppress(NatsError, OSError):
                await self._client.close()
            raise BusError(
                f"no NATS server at {self._settings.shown()} takes this node "
                f"({type(error).__name__} {error}): is one running, and are the credentials right?"
            ) from error
        self.is_up = True
        self._tasks = [asyncio.create_task(self._probe()), asyncio.create_task(self._write())]

    @property
    def jetstream(self) -> JetStreamContext:
        """What keeps records."""
        if self._settings.domain:
            return DomainJetStream(self._client, self._settings.domain, _REQUEST_S)
        return self._client.jetstream(timeout=_REQUEST_S)

    async def subscribe(self, subject: str, handler: Handler) -> "_NatsSubscription":
        """Hear all messages under a subject."""

        async def handle(message: Msg) -> None:
            handler(message.subject.rpartition(".")[2], message.data)

        try:
            return _NatsSubscription(await self._client.subscribe(f"{subject}.*", cb=handle))
        except NatsError as error:
            raise BusError(f"cannot listen on the bus: {error!r}") from error

    def publish(self, subject: str, word: str, message: bytes) -> None:
        """Say something that must not be missed."""
        self._queue.put(f"{subject}.{word}", message, is_media=False)
        self._something_waits.set()

    def publish_media(self, subject: str, word: str, message: bytes) -> None:
        """Say something that is worth nothing after 100 ms."""
        if not self.is_up:
            self.dropped["bus down"] += 1
            return
        self._queue.put(f"{subject}.{word}", message, is_media=True)
        self._something_waits.set()

    async def close(self) -> None:
        """Say what still waits, and leave."""
        leaving = (*self._tasks, *self._pings)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        with suppress(NatsError, OSError, TimeoutError):
            async with asyncio.timeout(_ANSWER_S):
                while self.is_up and (waiting := self._queue.take()) is not None:
                    await self._client.publish(*waiting)
                await self._client.flush(_ANSWER_S)  # type: ignore[arg-type]
        with suppress(NatsError, OSError):
            await self._client.close()

    async def _write(self) -> None:
        """Hand over what waits, as fast as the servers take it."""
        while True:
            await self._something_waits.wait()
            self._something_waits.clear()
            while len(self._queue):
                if not self.is_up or self._client.pending_data_size > _UNWRITTEN_BYTES:
                    await asyncio.sleep(MEDIA_AGE_S / 10)
                    continue
                waiting = self._queue.take()
                if waiting is None:
                    break
                try:
                    await self._client.publish(*waiting)
                except (NatsError, OSError) as error:
                    logger.debug("a message was not published: %r", error)

    async def _probe(self) -> None:
        """Ask the server for a sign of life, again and again: a connection can hang without closing."""
        while True:
            answers = await self._answers()
            if answers and not self.is_up:
                self.is_up = True
                logger.info("the bus is back")
                self.on_recovery()
            elif self.is_up and not answers:
                self.is_up = False
                logger.error("the bus is down: calls go on inside this node only, and nobody new comes in")
            await asyncio.sleep(_PROBE_S)

    async def _answers(self) -> bool:
        """Tell whether the server answers in time; a later pong must find nats-py waiting, or it breaks with it."""
        ping = asyncio.create_task(self._ping())
        self._pings.add(ping)
        ping.add_done_callback(self._pings.discard)
        done, _ = await asyncio.wait((ping,), timeout=_ANSWER_S)
        return ping in done and ping.result()

    async def _ping(self) -> bool:
        try:
            await self._client.flush(_LATE_ANSWER_S)  # type: ignore[arg-type]
        except (NatsError, OSError, TimeoutError):
            return False
        return self._client.is_connected


class _NatsSubscription:
    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def close(self) -> None:
        with suppress(NatsError):
            await self._subscription.unsubscribe()


async def _log_error(error: Exception) -> None:
    """Note what nats-py complains about; `_probe` says what matters."""
    logger.debug("nats: %r", error)
