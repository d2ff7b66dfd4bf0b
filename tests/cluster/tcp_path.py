"""A way for TCP connections that can be cut and mended."""

import asyncio
from collections.abc import Callable
from typing import Self

from tests.cluster.nats_server import free_port

_CHUNK_BYTES = 65_536


class TcpPath:
    """Hands on what comes to its port, in both directions; `async with` opens and closes it."""

    def __init__(self, target: int) -> None:
        """Lead from a free port of this machine to the port `target`."""
        self.port = free_port()
        self.there_bytes = 0
        self.back_bytes = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._leading: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        await asyncio.gather(*self._leading, return_exceptions=True)

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    def cut(self) -> None:
        """End all connections at once, and take no new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in self._ends:
            end.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        leading = asyncio.create_task(self._lead(reader, writer))
        self._leading.add(leading)
        leading.add_done_callback(self._leading.discard)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._ends |= {writer, far_writer}

        def count_there(length: int) -> None:
            self.there_bytes += length

        def count_back(length: int) -> None:
            self.back_bytes += length

        await asyncio.gather(_hand_on(reader, far_writer, count_there), _hand_on(far_reader, writer, count_back))
        self._ends -= {writer, far_writer}


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Callable[[int], None]) -> None:
    try:
        while data := await reader.read(_CHUNK_BYTES):
            count(len(data))
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
