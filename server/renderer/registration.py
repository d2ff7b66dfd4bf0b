"""The renderer's side of the WebSocket `/renderer`: registers with a server, and again whenever that is lost."""

import asyncio
import logging
import ssl
from pathlib import Path

import aiohttp

from codec.animator import Animator
from server.errors import CallError, ProtocolError
from server.protocol.messages import pack
from server.renderer.messages import OfView, Register, parse_to_renderer
from server.renderer.rendering import Rendering
from server.settings import LinkSettings, RendererSettings, Secret

logger = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 10.0
_REPORT_S = 1.0
_SILENCE_S = 12.0
_CLOSE_TIMEOUT_S = 1.0
_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 8.0
_WAITING_MESSAGES = 1024
_MESSAGE_BYTES = 1 << 17


class Registration:
    """One server that this renderer works for."""

    def __init__(
        self,
        server: str,
        name: str,
        animator: Animator,
        settings: RendererSettings,
        link: LinkSettings,
        tls: ssl.SSLContext | None,
        alive: Path | None = None,
    ) -> None:
        """Prepare to work for the server at `server` (http(s)://HOST[:PORT]) under a name that its metrics show.

        The file `alive` is touched with each report.
        """
        self._server = server
        self._about = Register(name, animator.provider, settings.faces)
        self._animator = animator
        self._settings = settings
        self._link = link
        self._tls = tls
        self._alive = alive

    async def run(self, key: Secret) -> None:
        """Serve until cancelled. Raises `CallError` if the server refuses the key, or is no facewire server."""
        wait_s = _FIRST_RETRY_S
        async with aiohttp.ClientSession() as http:
            while True:
                try:
                    socket = await self._connect(http, key)
                except CallError as error:
                    if error.code != "unreachable":
                        raise
                    logger.info("no server yet: %s; again in %g s", error, wait_s)
                else:
                    wait_s = _FIRST_RETRY_S
                    logger.info("registered", extra={"server": self._server})
                    await self._work(socket)
                    logger.warning("the server has gone: %s", self._server)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_RETRY_S)

    async def _connect(self, http: aiohttp.ClientSession, key: Secret) -> aiohttp.ClientWebSocketResponse:
        url = f"{self._server}/renderer"
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                socket = await http.ws_connect(
                    url,
                    headers={"Authorization": f"Bearer {key.reveal()}"},
                    ssl=self._tls or True,
                    timeout=aiohttp.ClientWSTimeout(ws_receive=_SILENCE_S, ws_close=_CLOSE_TIMEOUT_S),
                    max_msg_size=_MESSAGE_BYTES,
                )
                await socket.send_bytes(pack(self._about))
        except aiohttp.WSServerHandshakeError as error:
            if error.status == 401:
                raise CallError("bad-token", f"{url} refuses the key: use the server's renderer.key") from error
            if error.status == 404:
                raise CallError("bad-url", f"{url} is not there: set renderer.key on the server") from error
            raise CallError("unreachable", f"{url} answers {error.status} {error.message}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise CallError("unreachable", f"cannot reach {url}: {error or 'no answer'}") from error
        return socket

    async def _work(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Render for the server until its socket closes."""
        outgoing: asyncio.Queue[OfView] = asyncio.Queue(_WAITING_MESSAGES)
        rendering = Rendering(self._server, self._animator, self._settings, self._link, outgoing.put_nowait)
        works = (
            rendering.run(),
            self._receive(socket, rendering),
            self._send(socket, outgoing),
            self._report(socket, rendering),
        )
        tasks = [asyncio.create_task(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except (ConnectionError, aiohttp.ClientError, ProtocolError) as error:
            logger.info("registration ended: %s", error)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await rendering.close()
            await socket.close()

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse, rendering: Rendering) -> None:
        while True:
            try:
                received = await socket.receive()
            except TimeoutError:
                return
            if received.type is not aiohttp.WSMsgType.BINARY:
                return
            await rendering.take(parse_to_renderer(received.data))

    async def _send(self, socket: aiohttp.ClientWebSocketResponse, outgoing: asyncio.Queue[OfView]) -> None:
        while True:
            await socket.send_bytes(pack(await outgoing.get()))

    async def _report(self, socket: aiohttp.ClientWebSocketResponse, rendering: Rendering) -> None:
        while True:
            await socket.send_bytes(pack(rendering.load()))
            if self._alive is not None:
                self._alive.touch()
            await asyncio.sleep(_REPORT_S)
