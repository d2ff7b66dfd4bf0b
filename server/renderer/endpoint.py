"""The server's side of the WebSocket `/renderer`: renderers register, are given views, and say how loaded they are."""

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator

from aiohttp import WSCloseCode, WSMsgType, web

from server.addresses import Addresses
from server.errors import ProtocolError
from server.limits.limiter import Deed, Limiter
from server.operations.metrics import Metrics
from server.renderer.messages import FromRenderer, Load, OfView, Register, ToRenderer, parse_from_renderer
from server.renderer.registry import Renderer, Renderers
from server.settings import Secret, Settings
from server.signalling.outbox import Outbox

logger = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 1.0
_MESSAGE_BYTES = 1 << 17


class RendererEndpoint:
    """Takes the sockets of those who know the key."""

    def __init__(self, settings: Settings, key: Secret, renderers: Renderers, limiter: Limiter, metrics: Metrics):
        self._settings = settings
        self._key = key
        self._renderers = renderers
        self._limiter = limiter
        self._metrics = metrics
        self._addresses = Addresses(settings.access.proxies)
        self._sockets: set[web.WebSocketResponse] = set()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one renderer until it goes; without the key it is refused (401), and slowed down (429)."""
        await self._authorise(request)
        socket = web.WebSocketResponse(
            autoping=False, compress=False, max_msg_size=_MESSAGE_BYTES, timeout=_CLOSE_TIMEOUT_S
        )
        await socket.prepare(request)
        outbox = Outbox(socket, self._settings.heartbeat_s, self._metrics.traffic)
        writing = asyncio.create_task(outbox.run())
        self._sockets.add(socket)
        try:
            await self._serve(self._messages(socket), socket, outbox)
        except ProtocolError as error:
            self._metrics.refuse(error.code)
            logger.warning("renderer refused", extra={"code": error.code, "reason": str(error)})
        finally:
            self._sockets.discard(socket)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await socket.close(code=WSCloseCode.GOING_AWAY)
        return socket

    async def close(self) -> None:
        """Send all renderers away."""
        await asyncio.gather(*(socket.close(code=WSCloseCode.GOING_AWAY) for socket in list(self._sockets)))

    async def _authorise(self, request: web.Request) -> None:
        address = self._addresses.client(request)
        if await self._limiter.is_exhausted(Deed.BAD_TOKEN, address):
            self._metrics.refuse("too-fast")
            raise web.HTTPTooManyRequests(text="too many refused keys\n", headers={"Retry-After": "60"})
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(given, self._key.reveal().encode()):
            await self._limiter.admit(Deed.BAD_TOKEN, address)
            self._metrics.refuse("renderer-key")
            raise web.HTTPUnauthorized(text="this needs the renderers' key\n", headers={"WWW-Authenticate": "Bearer"})

    async def _serve(
        self, messages: AsyncIterator[FromRenderer], socket: web.WebSocketResponse, outbox: Outbox
    ) -> None:
        first = await anext(messages, None)
        if not isinstance(first, Register):
            return
        stopping: set[asyncio.Task[bool]] = set()

        def send(message: ToRenderer) -> None:
            if not outbox.put(message):
                logger.warning("a renderer does not take messages as fast as they come", extra={"renderer": first.name})
                stopping.add(asyncio.create_task(socket.close(code=WSCloseCode.POLICY_VIOLATION)))

        renderer = Renderer(first, send)
        self._renderers.add(renderer)
        try:
            async for message in messages:
                match message:
                    case Load():
                        renderer.report(message)
                    case OfView():
                        self._renderers.hand_over(renderer, message)
                    case Register():
                        raise ProtocolError("bad-message", "register after register")
        finally:
            self._renderers.remove(renderer)

    async def _messages(self, socket: web.WebSocketResponse) -> AsyncIterator[FromRenderer]:
        """Yield a renderer's messages until its socket closes or is silent. Raises `ProtocolError`."""
        while True:
            try:
                async with asyncio.timeout(self._settings.silence_s):
                    received = await socket.receive()
            except TimeoutError:
                return
            if received.type is WSMsgType.BINARY:
                yield parse_from_renderer(received.data)
            elif received.type is WSMsgType.PING:
                await socket.pong(received.data)
            elif received.type is not WSMsgType.PONG:
                return
