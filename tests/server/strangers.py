"""Raw clients of the signalling, for what `Call` would not do."""

from typing import Self, TypeVar

import aiohttp

from server.protocol.messages import (
    ClientMessage,
    Error,
    Join,
    Joined,
    ServerMessage,
    pack,
    parse_server_message,
)
from tests.server.running_server import RunningServer

TIMEOUT_S = 5.0

Message = TypeVar("Message", bound=ServerMessage)


class Stranger:
    """A WebSocket to a room's signalling."""

    def __init__(self, server: RunningServer, room: str = "tea", **headers: str) -> None:
        self._url = f"{server.room(room)}/signal"
        self._headers = headers
        self._http = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        try:
            self.socket = await self._http.ws_connect(self._url, headers=self._headers)
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self._http.close()

    async def send(self, message: ClientMessage) -> None:
        await self.socket.send_bytes(pack(message))

    async def join(self, name: str = "Eve", *, token: str | None = None, admission: str | None = None) -> Joined:
        """Join and be let in."""
        await self.ask(name, token=token, admission=admission)
        return await self.next(Joined)

    async def ask(
        self, name: str = "Eve", *, source: str = "none", token: str | None = None, admission: str | None = None
    ) -> None:
        """Ask to be let in."""
        await self.send(Join(name, source, token=token, admission=admission))

    async def next(self, kind: type[Message]) -> Message:
        """Wait for the next message of a kind; an error instead is a failure."""
        while True:
            message = parse_server_message(await self.socket.receive_bytes(timeout=TIMEOUT_S))
            if isinstance(message, kind):
                return message
            assert not isinstance(message, Error), message

    def drop(self) -> None:
        """End the socket without a word."""
        connection = self.socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()

    async def error(self) -> str:
        """Wait for the error that ends the session; return its code."""
        message = await self.next(Error)
        assert message.message
        assert (await self.socket.receive(timeout=TIMEOUT_S)).type is aiohttp.WSMsgType.CLOSE
        return message.code
