"""The WebSocket endpoint: which sockets are taken, and what is done with all of them."""

import asyncio
from urllib.parse import urlsplit

from aiohttp import web

from server.addresses import Addresses
from server.cluster import Cluster
from server.errors import ProtocolError
from server.limits.gate import Gate
from server.limits.limiter import Deed, Limiter
from server.operations.metrics import Metrics
from server.renderer.registry import Renderers
from server.settings import Settings
from server.signalling.entrance import Entrance
from server.signalling.session import Session

_SWEEP_S = 5.0
_RETRY_LATER = {"Retry-After": "60"}


class Signalling:
    """The WebSocket endpoint and its open sessions."""

    def __init__(self, settings: Settings, cluster: Cluster, metrics: Metrics) -> None:
        self.settings = settings
        self.metrics = metrics
        self.is_draining = False
        self.cluster = cluster
        self.limiter = Limiter(settings.limits)
        self._gate = Gate(settings.limits)
        self._addresses = Addresses(settings.access.proxies)
        self.entrance = Entrance(settings, self.limiter, cluster, metrics)
        self.rooms = self.entrance.rooms
        self.renderers = Renderers(self.entrance.invite_renderer, metrics)
        self._sessions: dict[Session, asyncio.Event] = {}

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve `/room/NAME/signal`. Pages of other sites are refused (403), and who opens too many sockets (429)."""
        origin = request.headers.get("Origin")
        if (
            origin is not None
            and urlsplit(origin).netloc != request.host
            and origin not in self.settings.access.origins
            and origin not in self.cluster.members.urls
        ):
            self.metrics.refuse("origin")
            raise web.HTTPForbidden(text=f"signalling is for pages of {request.host}, not of {origin}\n")
        address = self._addresses.client(request)
        if self._gate.is_full():
            self.metrics.refuse("server-full")
            raise web.HTTPServiceUnavailable(text="too many connections: try later\n", headers=_RETRY_LATER)
        if self._gate.is_full_for(address) or not await self.limiter.admit(Deed.SOCKET, address):
            self.metrics.refuse("too-many-sockets")
            raise web.HTTPTooManyRequests(text="too many connections from your address\n", headers=_RETRY_LATER)
        session = Session(self, request.match_info["room"], address)
        gone = self._sessions[session] = asyncio.Event()
        try:
            with self._gate.seat(address) as seat:
                return await session.run(request, seat)
        finally:
            del self._sessions[session]
            gone.set()

    @property
    def socket_count(self) -> int:
        """Open sockets."""
        return len(self._sessions)

    async def keep_house(self) -> None:
        """Let rooms expire and be forgotten, for ever."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            await self.rooms.sweep()

    async def drain(self) -> None:
        """Let nobody in any more, and wait until all have gone."""
        self._let_nobody_in()
        while self._sessions:
            await next(iter(self._sessions.values())).wait()

    async def shut_down(self) -> None:
        """Tell everybody `going-away` and wait until all are gone, at most as long as the settings allow."""
        self._let_nobody_in()
        for session in self._sessions:
            session.end(ProtocolError("going-away", "the server is stopping; it may be back soon"))
        if self._sessions:
            waiting = [asyncio.create_task(gone.wait()) for gone in self._sessions.values()]
            _, pending = await asyncio.wait(waiting, timeout=self.settings.shutdown_s)
            for task in pending:
                task.cancel()

    def _let_nobody_in(self) -> None:
        self.is_draining = True
        self.cluster.members.send_nobody_here()
