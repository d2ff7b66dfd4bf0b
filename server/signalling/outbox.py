"""What waits to be sent on one signalling socket."""

import asyncio
import logging

from aiohttp import web

from server.operations.traffic import OUT, SIGNALLING, Traffic
from server.protocol.message import Message
from server.protocol.messages import pack

logger = logging.getLogger(__name__)

_WAITING_MESSAGES = 256


class Outbox:
    """Sends messages and heartbeats to one WebSocket, so that a slow one keeps nobody waiting."""

    def __init__(self, socket: web.WebSocketResponse, heartbeat_s: float, traffic: Traffic) -> None:
        self._socket = socket
        self._traffic = traffic
        self._heartbeat_s = heartbeat_s
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_WAITING_MESSAGES)

    def put(self, message: Message) -> bool:
        """Queue a message; False if the other end has not taken the last 256."""
        if self._waiting.full():
            return False
        packed = pack(message)
        self._traffic.count(OUT, SIGNALLING, len(packed))
        self._waiting.put_nowait(packed)
        return True

    async def run(self) -> None:
        """Send until the socket closes, or this is cancelled."""
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
        """Send what still waits; raises `ConnectionError` if the socket is closed."""
        while not self._waiting.empty():
            await self._socket.send_bytes(self._waiting.get_nowait())
