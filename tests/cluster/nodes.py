"""Nodes of a cluster: servers in processes of their own that meet at one nats-server."""

import signal
from contextlib import ExitStack
from typing import Self

from server.bench.server_process import ServerProcess
from tests.cluster.nats_server import NatsServer, free_port

KEY = "3d1f0c7ab2e94856ac5d20f7719be5c4f08a6d33"


class Nodes:
    """So many nodes; `with` starts and stops them."""

    def __init__(self, count: int, nats: NatsServer, *arguments: str) -> None:
        self._stack = ExitStack()
        self._nats = nats
        self._arguments = arguments
        self._nodes = [self._make() for _ in range(count)]

    def __enter__(self) -> Self:
        for node in self._nodes:
            self._stack.enter_context(node)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def room(self, node: int, name: str = "tea") -> str:
        """Return a room's link by one of the nodes."""
        return f"http://127.0.0.1:{self._nodes[node].port}/room/{name}"

    def kill(self, node: int) -> None:
        """End a node at once, as a crash would."""
        self._nodes[node].stop(signal.SIGKILL)

    def start(self, node: int) -> None:
        """Start a node again."""
        self._nodes[node].start()

    def _make(self) -> ServerProcess:
        port = free_port()
        return ServerProcess(
            *("--host", "127.0.0.1", "--bus", self._nats.url, "--public-url", f"http://127.0.0.1:{port}"),
            *("--set", f"access.token_key={KEY}", "--set", "log.level=warning"),
            *self._arguments,
            port=port,
        )
