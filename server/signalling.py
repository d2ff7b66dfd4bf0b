"""The WebSocket of one participant, from `join` to the end (docs/protocol.md)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from server.errors import ProtocolError
from server.messages import (
    ROOM_PATTERN,
    Answer,
    ClientMessage,
    Error,
    Join,
    Joined,
    Leave,
    ServerMessage,
    pack,
    parse_client_message,
)
from server.rate_limit import TokenBucket
from server.room import Participant, Rooms
from server.settings import Settings

logger = logging.getLogger(__name__)

_WAITING_MESSAGES = 256
_CLOSE_TIMEOUT_S = 1.0


class _Outbox:
    """Sends messages and heartbeats to one WebSocket, so that a slow one keeps nobody waiting."""

    def __init__(self, socket: web.WebSocketResponse, heartbeat_s: float) -> None:
        self._socket = socket
        self._heartbeat_s = heartbeat_s
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_MESSAGES)

    def put(self, message: ServerMessage) -> bool:
        """Queue a message; False if the other end has not taken the last 256."""
        if self._waiting.full():
            return False
        self._waiting.put_nowait(pack(message))
        return True

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        ping_at = loop.time() + self._heartbeat_s
        try:
            while True:
                try:
                    async with asyncio.timeout_at(ping_at):
                        message = await self._waiting.get()
                except TimeoutError:
                    await self._socket.ping()
                    ping_at += self._heartbeat_s
                else:
                    await self._socket.send_bytes(message)
        except ConnectionError:
            logger.debug("the socket closed while it was written to")

    async def flush(self) -> None:
        while not self._waiting.empty():
            await self._socket.send_bytes(self._waiting.get_nowait())


class Session:
    """One participant's signalling session."""

    def __init__(self, rooms: Rooms, settings: Settings, room_name: str) -> None:
        self._rooms = rooms
        self._settings = settings
        self._room_name = room_name
        # Silence is measured here: aiohttp's own heartbeat gives a pong only half the interval of a ping.
        self._socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=settings.signal_bytes, timeout=_CLOSE_TIMEOUT_S
        )
        self._outbox = _Outbox(self._socket, settings.heartbeat_s)
        self._rate = TokenBucket(settings.signal_per_second)
        self._ended: asyncio.Future[ProtocolError] = asyncio.get_running_loop().create_future()

    async def run(self, request: web.Request) -> web.WebSocketResponse:
        """Serve the session until it ends; always returns the closed socket."""
        await self._socket.prepare(request)
        writing = asyncio.create_task(self._outbox.run())
        participant: Participant | None = None
        error: ProtocolError | None = None
        reason = "lost"
        try:
            messages = self._messages()
            participant = await self._admit(messages)
            if participant is not None and await self._converse(participant, messages):
                reason = "left"
        except ProtocolError as refusal:
            error = refusal
            logger.info("room %s: %s: %s", self._room_name[:64], error.code, error)
        except ConnectionError:
            logger.debug("the socket closed while it was written to")
        finally:
            if participant is not None:
                self._rooms.leave(participant, reason)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            try:
                await self._say_goodbye(error)
            finally:
                if participant is not None:
                    await participant.close()
        return self._socket

    def end(self, error: ProtocolError) -> None:
        """End the session with an error; the first one counts."""
        if not self._ended.done():
            self._ended.set_result(error)

    async def _admit(self, messages: AsyncIterator[ClientMessage]) -> Participant | None:
        """Take the client into the room it asks for; None if it goes before that. Raises `ProtocolError`."""
        if not ROOM_PATTERN.fullmatch(self._room_name):
            raise ProtocolError("bad-room", f"{self._room_name[:64]!r} is not a room: use 1–64 of A–Z a–z 0–9 _ and -")
        try:
            async with asyncio.timeout(self._settings.silence_s):
                join = await anext(messages, None)
        except TimeoutError:
            raise ProtocolError("bad-message", f"no join within {self._settings.silence_s:g} s") from None
        if join is None:
            return None
        if not isinstance(join, Join):
            raise ProtocolError("bad-message", f"{join.type} before join")
        participant = self._rooms.enter(self._room_name, join.name, join.source, self._tell, self.end)
        others = (other.info for other in participant.room.participants.values() if other is not participant)
        self._tell(Joined(participant.id, tuple(others), self._settings.ice_servers))
        return participant

    async def _converse(self, participant: Participant, messages: AsyncIterator[ClientMessage]) -> bool:
        """Serve a participant until it leaves (True) or its socket closes (False). Raises `ProtocolError`."""
        async for message in messages:
            if isinstance(message, Leave):
                return True
            if isinstance(message, Join):
                raise ProtocolError("bad-message", "join after join")
            self._tell(Answer(await participant.answer(message.sdp)))
            participant.tell_voices()
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
            if received.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return
            if not self._rate.admit():
                raise ProtocolError(
                    "too-fast", f"more than {self._settings.signal_per_second:g} signalling messages a second"
                )
            if received.type is WSMsgType.PING:
                await self._socket.pong(received.data)
            elif received.type is WSMsgType.BINARY:
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


class Signalling:
    """The WebSocket endpoint and its open sessions."""

    def __init__(self, settings: Settings) -> None:
        self.rooms = Rooms(settings)
        self._settings = settings
        self._sessions: dict[Session, asyncio.Event] = {}

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve `/room/NAME/signal`. Pages of other sites are refused (403)."""
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text=f"signalling is for pages of {request.host}, not of {origin}")
        session = Session(self.rooms, self._settings, request.match_info["room"])
        gone = self._sessions[session] = asyncio.Event()
        try:
            return await session.run(request)
        finally:
            del self._sessions[session]
            gone.set()

    async def shut_down(self) -> None:
        """Tell everybody `going-away` and wait until all are gone, at most as long as the settings allow."""
        for session in self._sessions:
            session.end(ProtocolError("going-away", "the server is stopping; it may be back soon"))
        if self._sessions:
            waiting = [asyncio.create_task(gone.wait()) for gone in self._sessions.values()]
            _, pending = await asyncio.wait(waiting, timeout=self._settings.shutdown_s)
            for task in pending:
                task.cancel()
