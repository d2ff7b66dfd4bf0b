"""How soon one is in a call on a thin link whose page is on the device already; run by `make bench-join`, as root.

    python -m tests.network.join_bench [--profile gprs] [--tries 3] [--json FILE]

The page is opened over a good link and left again, so that the browser keeps its files. Then the link becomes what the
profile says, the page is opened anew, and once the camera's picture is there Join is pressed.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from codec.bench.report import Report
from server.bench.browser import HEARS_A_VOICE, Browsers, wait_until, write_camera, write_microphone
from server.bench.material import demonstration_clip, talking_clip
from server.bench.server_process import ServerProcess
from tests.network.link import Link
from tests.network.namespaces import Network, unavailable
from tests.network.profiles import PROFILES, Profile
from tests.network.recovery import replaying_peer

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PORT = 8080
_BEFORE_JOINING_S = 5.0
_LIMIT_S = 60.0
_STATISTICS = "window.facewire.statistics()"
#: Presses Join and says after how many seconds one was in the call, heard the other, and saw the face.
_JOIN = f"""async () => {{
  const until = async (fits) => {{
    while (!fits() && performance.now() - begin < {1_000 * _LIMIT_S}) await new Promise((go) => setTimeout(go, 20));
    return (performance.now() - begin) / 1000;
  }};
  const begin = performance.now();
  document.querySelector('.join button[type=submit]').click();
  const call = until(() => {_STATISTICS}.phase === 'in-call');
  const voice = until(() => {HEARS_A_VOICE});
  const face = until(() => {_STATISTICS}.remotes.some(({{ drawing }}) => drawing?.state === 'live'));
  return {{ call: await call, voice: await voice, face: await face }};
}}"""


@dataclass(frozen=True)
class Joined:
    """One try, in seconds."""

    page_s: float  #: from the address to the camera's picture
    call_s: float  #: from pressing Join until messages reach the relay
    voice_s: float  #: until the other is heard
    face_s: float  #: until the other's face moves


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.network.join_bench")
    parser.add_argument("--profile", default="gprs", choices=list(PROFILES), help="the link (default: %(default)s)")
    parser.add_argument("--tries", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the table and figures there")
    arguments = parser.parse_args()
    if reason := unavailable():
        sys.exit(reason)
    profile = PROFILES[arguments.profile]
    report = Report(f"Joining by a page that the device has kept: {profile.title}", ["what", "seconds, median", "all"])
    tries = [_join(profile) for _ in range(arguments.tries)]
    for name, what in (
        ("page_s", "the address to the preview"),
        ("call_s", "Join to the call"),
        ("voice_s", "Join to the first voice"),
        ("face_s", "Join to the first face"),
    ):
        seconds = [getattr(one, name) for one in tries]
        report.add(what, median(seconds), " ".join(f"{one:.1f}" for one in seconds))
        report.figures[name] = round(median(seconds), 2)
    print(report.text())
    if arguments.json:
        report.write(arguments.json)


def _join(profile: Profile) -> Joined:
    with tempfile.TemporaryDirectory() as name, Network() as network:
        folder = Path(name)
        camera, microphone = folder / "camera.y4m", folder / "microphone.wav"
        write_camera(talking_clip(), camera, 352, 288)
        write_microphone(demonstration_clip(), microphone, seconds=16)
        server_host, ann, bob = (network.add_host(label) for label in ("server", "ann", "bob"))
        with (
            ServerProcess(port=_PORT, host=server_host.address, within=server_host.command()) as server,
            replaying_peer(bob, server.url("bench")),
            Browsers(480, 400) as browsers,
        ):
            address = server.url("bench", "?name=Ann&provider=wasm")
            page = browsers.open(
                f"{server.address}/prepare", camera, microphone, within=ann.command(), trusted_origin=server.address
            )
            page.get_by_text("This device is ready").wait_for(timeout=120_000)
            _visit(page, address)
            with Link(network, ann, profile, folder / "packets.log"):
                page_s = _visit(page, address)
                time.sleep(_BEFORE_JOINING_S)
                joined = page.evaluate(_JOIN)
    return Joined(page_s, joined["call"], joined["voice"], joined["face"])


def _visit(page: "Page", address: str) -> float:
    """Open the preview; return after how many seconds the face was tracked."""
    page.goto("about:blank")
    began_s = time.monotonic()
    page.goto(address, timeout=1_000 * _LIMIT_S)
    wait_until(page, f"!!window.facewire && {_STATISTICS}.tracking?.state === 'face'", "the face is tracked")
    return time.monotonic() - began_s


if __name__ == "__main__":
    main()
