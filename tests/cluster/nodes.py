"""Nodes of a cluster: servers in processes of their own that meet at one nats-server."""

import signal
from contextlib import ExitStack
from typing import Self

from server.bench.server_process import ServerProcess
from tests.cluster.nats_server import free_port

KEY = "3d1f0c7ab2e94856ac5d20f7719be5c4f08a6d33"

_HOST = "127.0.0.1"


class Nodes:
    """Nodes on buses of these addresses; `with` starts and stops them."""

    def __init__(self, *buses: str, domain: str = "") -> None:
        """Prepare a node for each bus; `domain` is that of JetStream, where it has a name."""
        self._stack = ExitStack()
        self._nodes = [_node(bus, domain) for bus in buses]

    def __enter__(self) -> Self:
        for node in self._nodes:
            self._stack.enter_context(node)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __len__(self) -> int:
        return len(self._nodes)

    def room(self, node: int, name: str = "tea") -> str:
        """Return a room's link by one of the nodes."""
        return self._nodes[node].url(name)

    def kill(self, node: int) -> None:
        """End a node at once, as a crash would."""
        self._nodes[node].stop(signal.SIGKILL)

    def stop(self, node: int) -> None:
        """End a node as an operator would."""
        self._nodes[node].stop(signal.SIGTERM)

    def start(self, node: int) -> None:
        """Start a node again."""
        self._nodes[node].start()


def _node(bus: str, domain: str) -> ServerProcess:
    port = free_port()
    return ServerProcess(
        *("--bus", bus, "--set", f"bus.domain={domain}", "--public-url", f"http://{_HOST}:{port}"),
        *("--set", f"access.token_key={KEY}", "--set", "log.level=warning"),
        port=port,
        host=_HOST,
    )
