"""A `facewire serve` of one's own, in another process."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from server.errors import ServerError

_START_S = 30.0


class ServerProcess:
    """A server on a free port of this machine; `with` starts and stops it."""

    def __init__(
        self, *arguments: str, port: int | None = None, host: str = "localhost", within: Sequence[str] = ()
    ) -> None:
        """Prepare one that listens on `host`; `within` goes before its command, like `nsenter` with its arguments."""
        self.port = port or _free_port()
        self._host = host
        self._within = within
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def address(self) -> str:
        """The address of its pages."""
        return f"http://{self._host}:{self.port}"

    def url(self, room: str, query: str = "") -> str:
        """Return a room's link."""
        return f"{self.address}/room/{room}{query}"

    def __enter__(self) -> "ServerProcess":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop(signal.SIGTERM)

    def start(self) -> None:
        """Start the server and wait until it answers. Raises `ServerError` if it does not."""
        serve = [sys.executable, "-m", "server.cli", "serve", "--host", self._host, "--port", str(self.port)]
        command = [*self._within, *serve, *self._arguments]
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "FACEWIRE_STATE_FILE": ""}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        deadline = monotonic() + _START_S
        while monotonic() < deadline and self._process.poll() is None:
            try:
                with urlopen(f"{self.address}/healthz", timeout=2):
                    return
            except (URLError, OSError):
                sleep(0.1)
        self.stop(signal.SIGKILL)
        raise ServerError(f"the server did not answer within {_START_S:.0f} s")

    def stop(self, how: signal.Signals) -> None:
        """End the server with a signal and wait for it."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=15)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
