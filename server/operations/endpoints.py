"""What an operator asks of a running server: health, readiness, metrics, and the admin API (docs/operations.md)."""

import hmac
import time
from typing import Any

from aiohttp import web

from server.addresses import Addresses
from server.errors import ProtocolError
from server.limits.limiter import Deed
from server.operations.admin_description import describe_admin_api
from server.operations.metrics import CONTENT_TYPE, Metrics
from server.rooms.open_room import OpenRoom
from server.settings import Settings
from server.signalling.endpoint import Signalling

_NOT_STORED = {"Cache-Control": "no-store"}
_ENDED = "the call was ended by the server's operator"


class Operations:
    """Handlers for operators and their machines."""

    def __init__(self, settings: Settings, signalling: Signalling, metrics: Metrics) -> None:
        self._admin_token = settings.access.admin_token
        self._addresses = Addresses(settings.access.proxies)
        self._signalling = signalling
        self._metrics = metrics
        rooms = signalling.rooms
        metrics.watch("facewire_rooms", "Rooms with somebody in them, or at their door", lambda: rooms.room_count)
        metrics.watch("facewire_participants", "People in rooms", lambda: rooms.participant_count)
        metrics.watch("facewire_waiting", "People who wait to be let in", lambda: rooms.waiting_count)
        metrics.watch("facewire_sockets", "Open signalling sockets", lambda: signalling.socket_count)
        cluster = signalling.cluster
        metrics.watch("facewire_nodes", "Nodes that are alive, this one included", lambda: cluster.members.count)
        metrics.watch("facewire_bus_up", "1 while the other nodes can be reached", lambda: cluster.bus.is_up)
        metrics.watch("facewire_bus_dropped", "Messages to other nodes not sent", lambda: cluster.bus.dropped.total())
        metrics.watch("facewire_draining", "1 while the server stops", lambda: signalling.is_draining)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/healthz", self._health),
            web.get("/readyz", self._readiness),
            web.get("/metrics", self._figures),
            web.get("/admin/openapi.json", self._description),
            web.get("/admin/rooms", self._list_rooms),
            web.delete("/admin/rooms/{room}", self._end_room),
        ]

    async def _health(self, request: web.Request) -> web.Response:
        rooms = self._signalling.rooms
        answer = _json({"status": "ok", "rooms": rooms.room_count, "participants": rooms.participant_count})
        # Pages of other nodes look here for a way back in.
        answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer

    async def _readiness(self, request: web.Request) -> web.Response:
        if self._signalling.is_draining:
            return _json({"status": "draining"}, 503)
        return _json({"status": "ready"})

    async def _figures(self, request: web.Request) -> web.Response:
        if self._admin_token is not None or not self._addresses.is_this_machine(request):
            await self._authorise(request)
        return web.Response(body=self._metrics.exposition(), headers={**_NOT_STORED, "Content-Type": CONTENT_TYPE})

    async def _description(self, request: web.Request) -> web.Response:
        await self._authorise(request)
        return _json(describe_admin_api())

    async def _list_rooms(self, request: web.Request) -> web.Response:
        await self._authorise(request)
        return _json({"rooms": [_described(room) for room in self._signalling.rooms.open_rooms()]})

    async def _end_room(self, request: web.Request) -> web.Response:
        await self._authorise(request)
        name = request.match_info["room"]
        try:
            ended = await self._signalling.rooms.end(name, _ENDED, stays_ended=True)
        except ProtocolError as error:
            return _json({"error": str(error)}, 503)
        if not ended:
            return _json({"error": "there is no such room"}, 404)
        return web.Response(status=204)

    async def _authorise(self, request: web.Request) -> None:
        """Let pass who has the admin token; without one configured nobody. Refusals are counted and slowed down."""
        address = self._addresses.client(request)
        if await self._signalling.limiter.is_exhausted(Deed.BAD_TOKEN, address):
            self._metrics.refuse("too-fast")
            raise web.HTTPTooManyRequests(text="too many refused tokens\n", headers={"Retry-After": "60"})
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        token = self._admin_token
        if token is None or not hmac.compare_digest(given, token.reveal().encode()):
            await self._signalling.limiter.admit(Deed.BAD_TOKEN, address)
            self._metrics.refuse("admin-token")
            raise web.HTTPUnauthorized(text="this needs the admin token\n", headers={"WWW-Authenticate": "Bearer"})


def _described(room: OpenRoom) -> dict[str, Any]:
    return {
        "name": room.name,
        "seconds": round(time.time() - room.record.began_at),
        "locked": room.record.locked,
        "lobby": room.record.lobby,
        "waiting": len(room.record.waiting),
        "participants": [
            {
                "id": seat.id,
                "name": seat.name,
                "source": seat.source,
                "host": room.record.is_host(seat),
                "node": seat.node,
            }
            for seat in room.present.values()
        ],
    }


def _json(content: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(content, status=status, headers=_NOT_STORED)
