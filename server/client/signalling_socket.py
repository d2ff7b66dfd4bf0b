"""The WebSocket to a server, with messages instead of bytes."""

import asyncio
import logging
import ssl
from typing import Self

import aiohttp

from server.client.events import CallStats
from server.errors import CallError, ProtocolError
from server.protocol.messages import ClientMessage, Error, ServerMessage, pack, parse_server_message

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 10.0
_SILENCE_S = 30.0
_CLOSE_TIMEOUT_S = 2.0
_MESSAGE_BYTES = 1 << 18


class SignallingSocket:
    """One open socket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, stats: CallStats) -> None:
        self._socket = socket
        self._stats = stats

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, url: str, tls: ssl.SSLContext | None, stats: CallStats) -> Self:
        """Open a socket. Raises `CallError` (`unreachable`, `too-fast`)."""
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                socket = await http.ws_connect(
                    url,
                    ssl=tls or True,
                    timeout=aiohttp.ClientWSTimeout(ws_receive=_SILENCE_S, ws_close=_CLOSE_TIMEOUT_S),
                    max_msg_size=_MESSAGE_BYTES,
                )
        except aiohttp.WSServerHandshakeError as error:
            code = "too-fast" if error.status == 429 else "unreachable"
            raise CallError(code, f"{url} answers {error.status} {error.message}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CallError("unreachable", f"cannot reach {url}: {error or 'no answer'}") from error
        return cls(socket, stats)

    async def send(self, message: ClientMessage) -> None:
        """Send a message. Raises `CallError` (`unreachable`)."""
        data = pack(message)
        try:
            await self._socket.send_bytes(data)
        except (ConnectionError, aiohttp.ClientError) as error:
            raise CallError("unreachable", "the server closed the connection") from error
        self._stats.count_up("signalling", data)

    async def receive(self) -> ServerMessage:
        """Return the next message. Raises `CallError`: the server's own, or `unreachable`, `bad-message`."""
        try:
            received = await self._socket.receive()
        except TimeoutError as error:
            raise CallError("unreachable", f"no sign of the server for {_SILENCE_S:g} s") from error
        if received.type is not aiohttp.WSMsgType.BINARY:
            raise CallError("unreachable", "the server closed the connection")
        self._stats.count_down("signalling", received.data)
        try:
            message = parse_server_message(received.data)
        except ProtocolError as error:
            raise CallError("bad-message", f"the server sent something strange: {error}") from error
        if isinstance(message, Error):
            raise CallError(message.code, message.message)
        return message

    async def close(self) -> None:
        """Close the socket, whether the server closes its end or not."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._socket.close()
        except TimeoutError:
            logger.debug("the server did not close its end of the socket")
