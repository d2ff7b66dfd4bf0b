"""Networks of namespaces do what they say, to real packets."""

import socket
import subprocess
from contextlib import suppress

import pytest

from tests.network.namespaces import Host, Network

pytestmark = pytest.mark.network

_ECHO = """
import socket, threading
udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.create_server(("", 7))
udp.bind(("", 7))
print("ready", flush=True)
def echo_datagrams():
    while True:
        data, sender = udp.recvfrom(64)
        udp.sendto(sender[0].encode(), sender)
threading.Thread(target=echo_datagrams, daemon=True).start()
while True:
    connection, sender = tcp.accept()
    connection.sendall(sender[0].encode())
    connection.close()
"""
_ASK = """
import socket, sys
kind, address = sys.argv[1:]
asking = socket.socket(type=socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
asking.settimeout(0.5)
asking.connect((address, 7))
if kind == "udp":
    asking.send(b"who am I?")
print(asking.recv(64).decode())
"""


class Echo:
    """A server that tells whoever asks by UDP or TCP which address they have."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._process = subprocess.Popen(host.command("python3", "-c", _ECHO), stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def ask(self, asking: Host, kind: str) -> str | None:
        answer = subprocess.run(
            asking.command("python3", "-c", _ASK, kind, self._host.address), capture_output=True, text=True
        )
        return answer.stdout.strip() or None

    def __enter__(self) -> "Echo":
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()


def test_what_is_done_to_one_host_happens_to_it_only(network: Network) -> None:
    server, ann, bob = (network.add_host(label) for label in ("server", "ann", "bob"))
    with Echo(server) as echo:
        first = ann.address
        assert echo.ask(ann, "udp") == echo.ask(ann, "tcp") == first

        ann.block_udp()
        assert echo.ask(ann, "udp") is None
        assert echo.ask(ann, "tcp") == first
        assert echo.ask(bob, "udp") == bob.address

        ann.take_down()
        assert echo.ask(ann, "tcp") is None
        assert echo.ask(bob, "tcp") == bob.address

        ann.bring_up()
        assert echo.ask(ann, "udp") == first
        assert ann.change_address() != first
        assert echo.ask(ann, "udp") == echo.ask(ann, "tcp") == ann.address
        ann.change_address()
        assert echo.ask(ann, "tcp") == first

        with socket.create_connection((server.address, 7), timeout=1) as from_here:
            assert from_here.recv(64).decode().startswith(network.prefix)


def test_nothing_stays_behind() -> None:
    with suppress(RuntimeError), Network() as network:
        name = network.add_host("ann").name
        raise RuntimeError
    assert name not in subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
