"""The WebSocket of one participant, from `join` to the end (docs/protocol.md)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web

from server.errors import ProtocolError
from server.limits.gate import Seat
from server.limits.rate_limit import TokenBucket
from server.operations.metrics import Metrics
from server.operations.traffic import IN, SIGNALLING
from server.protocol.messages import (
    ROOM_PATTERN,
    Answer,
    ClientMessage,
    Error,
    Join,
    Leave,
    Offer,
    ServerMessage,
    parse_client_message,
)
from server.protocol.view_messages import View
from server.renderer.registry import Renderers
from server.rooms.host_powers import use_power
from server.rooms.room import Participant, Visitor
from server.settings import Settings
from server.signalling.entrance import Entrance
from server.signalling.outbox import Outbox

logger = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 1.0
#: Endings after which clients join again.
_MAY_COME_BACK = ("media-failed", "going-away", "too-fast")


class Service(Protocol):
    """What a session needs of the server."""

    settings: Settings
    metrics: Metrics
    entrance: Entrance
    renderers: Renderers
    is_draining: bool


class Session:
    """One participant's signalling session."""

    def __init__(self, service: Service, room_name: str, address: str) -> None:
        settings = service.settings
        self._service = service
        self._rooms = service.entrance.rooms
        self._settings = settings
        self._room_name = room_name
        self._address = address
        # Silence is measured here: aiohttp's own heartbeat gives a pong only half the interval of a ping.
        self._socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=settings.signal_bytes, timeout=_CLOSE_TIMEOUT_S
        )
        self._outbox = Outbox(self._socket, settings.heartbeat_s, service.metrics.traffic)
        self._rate = TokenBucket(settings.signal_per_second)
        self._ended: asyncio.Future[ProtocolError] = asyncio.get_running_loop().create_future()
        self._visitor: Visitor | None = None
        self._participant: Participant | None = None
        self._noting: set[asyncio.Task[None]] = set()

    async def run(self, request: web.Request, seat: Seat) -> web.WebSocketResponse:
        """Serve the session until it ends; always returns the closed socket."""
        try:
            await self._socket.prepare(request)
        except ConnectionError:
            # The client has gone; there is nobody to answer, but aiohttp wants an answer.
            raise web.HTTPBadRequest from None
        writing = asyncio.create_task(self._outbox.run())
        error: ProtocolError | None = None
        reason = "lost"
        try:
            messages = self._messages()
            if await self._join(messages, seat) and await self._converse(messages):
                reason = "left"
        except ProtocolError as refusal:
            error = refusal
            self._service.metrics.refuse(refusal.code)
            logger.info(
                "session ended",
                extra={
                    "room": _shown(self._room_name),
                    "code": error.code,
                    "reason": str(error),
                    "from": self._address,
                },
            )
        except ConnectionError:
            logger.debug("the socket closed while it was written to")
        finally:
            if self._participant is not None:
                self._service.renderers.end_view(self._participant)
                may_come_back = error is None or error.code in _MAY_COME_BACK
                if reason == "lost" and may_come_back and self._participant.seat.is_person:
                    await self._rooms.hold(self._participant)
                else:
                    await self._rooms.leave(self._participant, reason)
            elif self._visitor is not None:
                await self._rooms.stop_waiting(self._room_name, self._visitor)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            try:
                await self._say_goodbye(error)
            finally:
                if self._participant is not None:
                    await self._participant.close()
        return self._socket

    def end(self, error: ProtocolError) -> None:
        """End the session with an error; the first one counts."""
        if not self._ended.done():
            self._ended.set_result(error)

    async def _join(self, messages: AsyncIterator[ClientMessage], seat: Seat) -> bool:
        """Bring the client to the room's door, or in; False if it goes before that. Raises `ProtocolError`."""
        if self._service.is_draining:
            raise ProtocolError("going-away", "the server is stopping and lets nobody in; it may be back soon")
        if not ROOM_PATTERN.fullmatch(self._room_name):
            raise ProtocolError("bad-room", f"{self._room_name[:64]!r} is not a room: use 1–64 of A–Z a–z 0–9 _ and -")
        try:
            async with asyncio.timeout(self._settings.silence_s):
                join = await anext(messages, None)
        except TimeoutError:
            raise ProtocolError("bad-message", f"no join within {self._settings.silence_s:g} s") from None
        if join is None:
            return False
        if not isinstance(join, Join):
            raise ProtocolError("bad-message", f"{join.type} before join")
        seat.has_joined()
        arrival = await self._service.entrance.identify(self._room_name, join, self._address)
        self._visitor = Visitor(
            arrival.person,
            arrival.name(join.name),
            join.source,
            self._tell,
            self.end,
            self._on_admitted,
            self._on_silence,
        )
        await self._rooms.enter(
            self._room_name,
            self._visitor,
            is_invited=arrival.invitation is not None,
            is_host=arrival.is_host,
            is_back=arrival.is_back or arrival.is_renderer,
        )
        await self._service.entrance.use_up(arrival)
        return True

    def _on_admitted(self, participant: Participant) -> None:
        self._participant = participant

    def _on_silence(self, is_silent: bool) -> None:
        noting = asyncio.create_task(self._note_silence(is_silent))
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    async def _note_silence(self, is_silent: bool) -> None:
        if self._participant is not None:
            await self._rooms.note_silence(self._participant, is_silent=is_silent)

    async def _converse(self, messages: AsyncIterator[ClientMessage]) -> bool:
        """Serve the client until it leaves (True) or its socket closes (False). Raises `ProtocolError`."""
        async for message in messages:
            if isinstance(message, Leave):
                return True
            if isinstance(message, Join):
                raise ProtocolError("bad-message", "join after join")
            if self._participant is None:
                raise ProtocolError("bad-message", f"{message.type} while waiting to be let in")
            if isinstance(message, Offer):
                self._tell(Answer(await self._participant.answer(message.sdp)))
                self._participant.tell_voices()
            elif isinstance(message, View):
                self._service.renderers.view(self._participant, message)
            else:
                await use_power(self._rooms, self._participant, message, self._settings)
        return False

    async def _messages(self) -> AsyncIterator[ClientMessage]:
        """Yield the client's messages until its socket closes; raises `ProtocolError` to end the session."""
        while True:
            reading = asyncio.ensure_future(self._socket.receive())
            await asyncio.wait(
                (reading, self._ended), timeout=self._settings.silence_s, return_when=asyncio.FIRST_COMPLETED
            )
            if self._ended.done() or not reading.done():
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                if self._ended.done():
                    raise self._ended.result()
                logger.debug("no sign of life for %s s", self._settings.silence_s)
                return
            received = reading.result()
            if received.type is WSMsgType.PONG:
                continue
            if received.type is WSMsgType.ERROR:
                # Too long, or no WebSocket frame: aiohttp has closed the socket already.
                self._service.metrics.refuse("bad-frame")
                return
            if received.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
                if self._socket.close_code == WSCloseCode.GOING_AWAY:
                    # RFC 6455, 7.4.1: a closed page, whose last message browsers do not always send.
                    yield Leave()
                return
            if not self._rate.admit():
                raise ProtocolError(
                    "too-fast", f"more than {self._settings.signal_per_second:g} signalling messages a second"
                )
            if received.type is WSMsgType.PING:
                await self._socket.pong(received.data)
            elif received.type is WSMsgType.BINARY:
                self._service.metrics.traffic.count(IN, SIGNALLING, len(received.data))
                yield parse_client_message(received.data)
            else:
                raise ProtocolError("bad-message", "signalling messages are binary (msgpack), not text")

    def _tell(self, message: ServerMessage) -> None:
        if not self._outbox.put(message):
            self.end(ProtocolError("too-fast", "you do not take messages as fast as they come"))

    async def _say_goodbye(self, error: ProtocolError | None) -> None:
        code = WSCloseCode.OK
        if error is not None:
            code = WSCloseCode.GOING_AWAY if error.code == "going-away" else WSCloseCode.POLICY_VIOLATION
            self._outbox.put(Error(error.code, str(error)[:1000]))
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._outbox.flush()
                await self._socket.close(code=code)
        except (TimeoutError, ConnectionError):
            logger.debug("the socket was gone before it was closed")


def _shown(room: str) -> str:
    """Return what the log says of a room: what is no room's name might hold control characters."""
    return room if ROOM_PATTERN.fullmatch(room) else repr(room[:64])
