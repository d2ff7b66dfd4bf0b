"""A browser dies, a server dies: the others' call goes on, and everybody is back when the server is."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.material import DEMONSTRATION
from server.bench.server_process import ServerProcess
from tests.interop.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(180)]

_NAMES = "window.facewire.statistics().remotes.map((r) => r.name).sort().join()"


def test_the_others_go_on_when_a_browser_dies_and_return_when_the_server_does(
    people: dict[str, Person], tmp_path: Path
) -> None:
    ann, bob = people["Ann"], people["Bob"]
    with ServerProcess() as server, Browsers() as browsers:
        join = [sys.executable, "-m", "server.cli", "join", server.url("tea"), "--name", "Recorded"]
        recorded = subprocess.Popen(
            [*join, "--replay", str(DEMONSTRATION), "--stats", str(tmp_path / "statistics.json")]
        )
        try:
            page = browsers.open(server.url("tea", "?name=Ann&autojoin=1&provider=wasm"), ann.camera, ann.microphone)
            dying = browsers.open(server.url("tea", "?name=Bob&autojoin=1&provider=wasm"), bob.camera, bob.microphone)
            wait_until(page, f"!!window.facewire && {_NAMES} === 'Bob,Recorded'", "three are in the room")
            wait_until(page, DRAWS_A_FACE, "a face is drawn")

            browsers.kill(dying)
            wait_until(page, f"{_NAMES} === 'Recorded'", "the dead browser's participant has left", timeout_s=15)
            wait_until(page, DRAWS_A_FACE, "the other's face goes on", timeout_s=5)

            server.stop(signal.SIGKILL)
            wait_until(page, "window.facewire.statistics().phase === 'reconnecting'", "the page notices", timeout_s=15)
            server.start()
            wait_until(page, "window.facewire.statistics().phase === 'in-call'", "the page is back", timeout_s=30)
            wait_until(page, f"{_NAMES} === 'Recorded'", "the native peer is back", timeout_s=30)
            wait_until(page, DRAWS_A_FACE, "its face is drawn again", timeout_s=30)
        finally:
            recorded.terminate()
            assert recorded.wait(timeout=15) == 0
