"""How a call of a browser and a native peer comes back: after another address, a restarted server, an outage."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.material import DEMONSTRATION
from server.bench.server_process import ServerProcess
from tests.interop.people import Person
from tests.network.namespaces import Host, Network

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SCRIPT = (Path(__file__).parent / "recovery.js").read_text().split("\n", 1)[1]
_STATISTICS = "window.facewire.statistics()"
_PORT = 8080
_SETTLE_S = 3.0
_AFTERWARDS_S = 2.0
_WATCHED_S = 12.0
_OUTAGE_S = 10.0


class NoRecoveryError(Exception):
    """The call did not come back, or nothing was wrong with it."""


@contextmanager
def replaying_peer(host: Host, url: str) -> Iterator[None]:
    """Let Bob, the demonstration participant, join by a native peer on this host."""
    join = [sys.executable, "-m", "server.cli", "join", url, "--name", "Bob", "--quiet"]
    peer = subprocess.Popen(host.command(*join, "--replay", str(DEMONSTRATION)))
    try:
        yield
    finally:
        peer.terminate()
        peer.wait(timeout=15)


@dataclass(frozen=True)
class Recovery:
    """One try."""

    seconds: float
    """From the fault, or the end of what caused it, until the other's face moved again."""
    noticed_s: float
    """From the fault until the page said that it looks for a way back."""
    is_same: bool
    """Whether both are the participants that they were, and the page is the one that it was."""
    keyframe_bytes: int
    """Of keyframes, in slices, that came to the page from the fault until 2 s after the recovery."""


class RecoveringCall:
    """Ann's browser, Bob's native peer and a server that keeps its state, each on a host of its own."""

    def __init__(self, network: Network, ann: Person, folder: Path) -> None:
        self._server_host, self._ann_host, self._bob_host = (
            network.add_host(label) for label in ("server", "ann", "bob")
        )
        self._ann = ann
        self._folder = folder
        self._server = ServerProcess(
            *("--set", f"state_file={folder / 'rooms.sqlite'}"),
            port=_PORT,
            host=self._server_host.address,
            within=self._server_host.command(),
        )

    @contextmanager
    def begin(self) -> Iterator["Page"]:
        """Start everything; returns Ann's page once Bob's face moves in it."""
        with (
            self._server as server,
            replaying_peer(self._bob_host, server.url("recovery")),
            Browsers(480, 400) as browsers,
        ):
            page = browsers.open(
                server.url("recovery", "?name=Ann&autojoin=1&provider=wasm"),
                self._ann.camera,
                self._ann.microphone,
                within=self._ann_host.command(),
                trusted_origin=server.address,
            )
            wait_until(page, DRAWS_A_FACE, "the other's face is drawn", timeout_s=90)
            page.evaluate(f"({_SCRIPT.strip().removesuffix(';')})()")
            yield page

    def change_address(self, page: "Page") -> Recovery:
        """Give Ann another address; returns after how long Bob's face moved again. Raises `NoRecoveryError`."""
        before = _settled(page)
        fault_s = time.time()
        self._ann_host.change_address()
        return _watch(page, before, fault_s, fault_s)

    def restart_server(self, page: "Page") -> Recovery:
        """Kill the server and start it again; counts from when it answers. Raises `NoRecoveryError`."""
        before = _settled(page)
        fault_s = time.time()
        self._server.stop(signal.SIGKILL)
        self._server.start()
        return _watch(page, before, fault_s, time.time())

    def suffer_outage(self, page: "Page") -> Recovery:
        """Let all that Ann sends and gets vanish for 10 s; counts from the path's return. Raises `NoRecoveryError`."""
        before = _settled(page)
        fault_s = time.time()
        self._ann_host.take_down()
        time.sleep(_OUTAGE_S)
        back_s = time.time()
        self._ann_host.bring_up()
        return _watch(page, before, fault_s, back_s)


@dataclass(frozen=True)
class _State:
    ids: list[int]
    loaded_ms: float
    keyframe_bytes: int


def _settled(page: "Page") -> _State:
    """Wait until the call is as usual: in the call, and no keyframe on its way."""
    wait_until(page, f"{_STATISTICS}.phase === 'in-call'", "in the call")
    before = _state(page)
    while True:
        time.sleep(_SETTLE_S)
        now = _state(page)
        if now == before:
            return now
        before = now


def _state(page: "Page") -> _State:
    return _State(
        page.evaluate(f"{_STATISTICS}.remotes.map((remote) => remote.id)"),
        page.evaluate("performance.timeOrigin"),
        page.evaluate(f"{_STATISTICS}.channels?.keyframe.bytesReceived ?? 0"),
    )


def _watch(page: "Page", before: _State, fault_s: float, from_s: float) -> Recovery:
    """Wait until the face moves again."""
    deadline_s = from_s + _WATCHED_S
    while (found := _lost_and_back(page, fault_s)) is None:
        if time.time() > deadline_s:
            raise NoRecoveryError(f"no picture within {_WATCHED_S:g} s: {page.evaluate(_STATISTICS)}")
        time.sleep(0.1)
    noticed_s, back_s = found
    time.sleep(_AFTERWARDS_S)
    after = _state(page)
    is_same = after.ids == before.ids and after.loaded_ms == before.loaded_ms
    is_new_connection = after.keyframe_bytes < before.keyframe_bytes
    came = after.keyframe_bytes - (0 if is_new_connection else before.keyframe_bytes)
    return Recovery(back_s - from_s, noticed_s - fault_s, is_same, came)


def _lost_and_back(page: "Page", fault_s: float) -> tuple[float, float] | None:
    """Return when the page noticed the fault, and when the picture moved again after that; None before."""
    seen = page.evaluate("window.recovery")
    phases = [(entry["phase"], entry["at"] / 1000) for entry in seen["phases"] if entry["at"] / 1000 > fault_s]
    lost_s = next((at for phase, at in phases if phase == "reconnecting"), None)
    if lost_s is None or phases[-1][0] != "in-call":
        return None
    bundle_s = next((at / 1000 for at in seen["bundles"] if at / 1000 >= phases[-1][1]), None)
    picture_s = next((at / 1000 for at in seen["pictures"] if bundle_s is not None and at / 1000 >= bundle_s), None)
    return None if picture_s is None else (lost_s, picture_s)
