"""A real nats-server in a process of its own."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

_START_S = 10.0


class NatsServer:
    """`with` starts and stops it; what it stores outlives a stop."""

    def __init__(self, folder: Path, configuration: str | None = None) -> None:
        """Keep everything in `folder`, with JetStream and nothing else if no configuration is given."""
        self.port = free_port()
        self._folder = folder
        self._configuration = configuration or f'jetstream {{ store_dir: "{folder}" }}'
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._folder.mkdir(exist_ok=True)
        file = self._folder / "nats.conf"
        file.write_text(f"port: {self.port}\nhost: 127.0.0.1\n{self._configuration}\n")
        program = Path(sys.executable).parent / "nats-server"
        self._process = subprocess.Popen([program, "-c", file, "-l", self._folder / "nats.log"])
        deadline = time.monotonic() + _START_S
        while not is_open(self.port):
            assert self._process.poll() is None, (self._folder / "nats.log").read_text()
            assert time.monotonic() < deadline, "the nats-server does not listen"
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
