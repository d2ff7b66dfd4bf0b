"""Where UDP is blocked, the same call goes through TURN over TCP, to a relay that knows nothing of it."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.server_process import ServerProcess
from tests.interop.people import make_people
from tests.network.namespaces import Host, Network
from tests.network.recovery import replaying_peer

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(240)]

_SECRET = "5a0a41c5d6a5f8e3b42b7c0f6a51d0e94c77ab83"
_ETHERNET_BYTES = 14
_SECONDS = 15.0
_MOST_KBPS = 48


@contextmanager
def coturn(host: Host, folder: Path) -> Iterator[None]:
    """Run a TURN server that takes TCP only."""
    settings = {
        "listening-ip": host.address,
        "relay-ip": host.address,
        "listening-port": "3478",
        "realm": "facewire",
        "static-auth-secret": _SECRET,
        "pidfile": str(folder / "turn.pid"),
        "log-file": str(folder / "turn.log"),
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    switches = ["-n", "--use-auth-secret", "--no-udp", "--no-tls", "--no-dtls", "--no-cli", "--simple-log"]
    process = subprocess.Popen(host.command("turnserver", *switches, *options), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def wire_bytes(network: Network, host: Host) -> tuple[int, int]:
    """Return the bytes that a host has sent and got, IP headers included, as the router's interface counted them."""
    (link,) = json.loads(network.router.run("ip", "-json", "-stats", "link", "show", "dev", host.label))
    counted = link["stats64"]
    up, down = (counted[way]["bytes"] - _ETHERNET_BYTES * counted[way]["packets"] for way in ("rx", "tx"))
    return up, down


def test_a_call_goes_by_turn_where_udp_is_blocked(network: Network, tmp_path: Path) -> None:
    at_server, at_ann, at_bob = (network.add_host(label) for label in ("server", "ann", "bob"))
    at_ann.block_udp()
    ann = make_people(tmp_path)["Ann"]
    turn = ["--set", f"turn.urls=turn:{at_server.address}:3478?transport=tcp", "--set", f"turn.secret={_SECRET}"]
    with (
        coturn(at_server, tmp_path),
        ServerProcess(*turn, port=8080, host=at_server.address, within=at_server.command()) as server,
        replaying_peer(at_bob, server.url("turn")),
        Browsers(480, 400) as browsers,
    ):
        page = browsers.open(
            server.url("turn", "?name=Ann&autojoin=1&provider=wasm"),
            ann.camera,
            ann.microphone,
            within=at_ann.command(),
            trusted_origin=server.address,
        )
        wait_until(page, DRAWS_A_FACE, "the other's face is drawn", timeout_s=120)
        time.sleep(5)
        before, began_s = wire_bytes(network, at_ann), time.monotonic()
        page.wait_for_timeout(_SECONDS * 1000)
        after, seconds = wire_bytes(network, at_ann), time.monotonic() - began_s
        up_kbps, down_kbps = ((late - early) * 8 / 1000 / seconds for late, early in zip(after, before, strict=True))
        transport = page.evaluate("window.facewire.statistics().transport")
        pictures = page.evaluate("window.facewire.statistics().remotes[0].drawing.picturesPerSecond")
    print(f"up {up_kbps:.1f}, down {down_kbps:.1f} kbit/s; {pictures:.0f} pictures/s; {transport['sending']}")
    assert max(up_kbps, down_kbps) <= _MOST_KBPS
    assert min(up_kbps, down_kbps) > 3
    assert pictures > 0
