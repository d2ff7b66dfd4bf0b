"""Bundles between a real browser and the native peer: behind the voice where both can, else by data channel."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from codec.recording import RecordingReader, RecordKind
from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.material import DEMONSTRATION
from server.bench.server_process import ServerProcess
from tests.interop.people import Person

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(120)]

_STATISTICS = "window.facewire.statistics()"
_SENDS_THIN = f"{_STATISTICS}.transport.sending === 'thin'"
_NO_TRANSFORMS = "delete window.RTCRtpScriptTransform"
_NO_MICROPHONE = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wanted) =>
  wanted.audio ? Promise.reject(new DOMException('none', 'NotFoundError')) : open(wanted);
"""
#: Longest time without a moving face, ms; `drawing` is reported once a second and turns stale after 1 s.
_WATCH = """
async ({ seconds, participant }) => {
  const canvas = window.facewire.canvas(participant);
  const sheet = new OffscreenCanvas(64, 64).getContext('2d', { willReadFrequently: true });
  let before = '', changed = performance.now(), longest = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    sheet.drawImage(canvas, 0, 0, 64, 64);
    const now = sheet.getImageData(0, 0, 64, 64).data.join();
    if (now !== before) changed = performance.now();
    before = now;
    longest = Math.max(longest, performance.now() - changed);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return longest;
}
"""


@contextmanager
def native(server: ServerProcess, room: str, folder: Path, *arguments: str) -> Iterator[Path]:
    """Run a native peer, by default with the demonstration's face; its figures are there when it has ended."""
    figures = folder / "figures.json"
    join = [sys.executable, "-m", "server.cli", "join", server.url(room), "--name", "Native"]
    source = [] if "--video" in arguments else ["--replay", str(DEMONSTRATION)]
    peer = subprocess.Popen([*join, *source, "--stats", str(figures), *arguments])
    try:
        yield figures
        peer.terminate()
        assert peer.wait(timeout=15) == 0
    finally:
        peer.kill()
        peer.wait()


def enter(browsers: Browsers, server: ServerProcess, room: str, person: Person, script: str = "") -> "Page":
    """Open the room as a person, after a script that takes something from the browser; wait until a face moves."""
    page = browsers.open("about:blank", person.camera, person.microphone)
    if script:
        page.add_init_script(script)
    page.goto(server.url(room, f"?name={person.name}&autojoin=1&provider=wasm"))
    wait_until(page, DRAWS_A_FACE, "the native peer's face is drawn")
    return page


def transport(page: "Page") -> dict[str, Any]:
    """Return the page's figures of bundles by both transports."""
    result: dict[str, Any] = page.evaluate(
        f"(() => {{ const s = {_STATISTICS}; return {{ ...s.transport, motion: s.channels.motion }}; }})()"
    )
    return result


def longest_stillness_ms(page: "Page", seconds: float) -> float:
    """Return for how long at most the only other participant's picture did not change."""
    participant = page.evaluate(f"{_STATISTICS}.remotes[0].id")
    page.evaluate(
        f"(options) => {{ window.stillness = ({_WATCH.strip()})(options); }}",
        {"seconds": seconds, "participant": participant},
    )
    return float(page.evaluate("window.stillness"))


def test_motion_rides_on_the_voice_both_ways(people: dict[str, Person], server: ServerProcess, tmp_path: Path) -> None:
    with native(server, "thin", tmp_path) as figures, Browsers() as browsers:
        page = enter(browsers, server, "thin", people["Bob"])
        wait_until(page, _SENDS_THIN, "bundles leave behind the voice", timeout_s=10)
        page.wait_for_timeout(1000)
        before = transport(page)
        page.wait_for_timeout(5000)
        after = transport(page)
        assert longest_stillness_ms(page, 3) < 1500
    assert after["motion"] == before["motion"], "motion went over the data channel"
    for way in ("Sent", "Received"):
        assert after["trailers"][f"bundles{way}"] - before["trailers"][f"bundles{way}"] > 20
    assert after["bundlesDuplicate"] == 0
    assert after["bundlesLost"] <= 2
    report = json.loads(figures.read_text())
    (bob,) = report["participants"]
    assert report["transport"] == "thin"
    assert report["channels"]["trailer"]["messages_up"] > 40
    assert report["channels"]["trailer"]["messages_down"] > 40
    assert bob["voice_packets"] > 40
    assert bob["broken"] == bob["bundles_duplicate"] == report["bad_messages"] == 0


@pytest.mark.parametrize(
    ("script", "arguments"), [(_NO_TRANSFORMS, []), ("", ["--transport", "datachannel"])], ids=["browser", "native"]
)
def test_with_one_who_cannot_all_go_by_data_channel(
    people: dict[str, Person], server: ServerProcess, tmp_path: Path, script: str, arguments: list[str]
) -> None:
    with native(server, "plain", tmp_path, *arguments) as figures, Browsers() as browsers:
        page = enter(browsers, server, "plain", people["Bob"], script)
        page.wait_for_timeout(4000)
        seen = transport(page)
    assert seen["sending"] == "datachannel"
    assert seen["trailers"] is None or seen["trailers"]["bundlesReceived"] == 0
    assert seen["motion"]["messagesSent"] > 15
    assert seen["motion"]["messagesReceived"] > 15
    channels = json.loads(figures.read_text())["channels"]
    assert min(channels["motion"]["messages_up"], channels["motion"]["messages_down"]) > 15
    assert channels["trailer"]["messages_down"] == 0


def test_the_face_stays_through_muting_and_a_guest_who_reads_no_trailers(
    people: dict[str, Person], server: ServerProcess, tmp_path: Path
) -> None:
    bob = people["Bob"]
    recording = tmp_path / "bob.fwr"
    with native(server, "switch", tmp_path, "--record", str(recording)) as figures, Browsers() as browsers:
        page = enter(browsers, server, "switch", bob)
        wait_until(page, _SENDS_THIN, "bundles leave behind the voice", timeout_s=10)
        dropped = transport(page)["motion"]["messagesDropped"]  # before the channels were open
        page.evaluate(
            f"(options) => {{ window.stillness = ({_WATCH.strip()})(options); }}",
            {"seconds": 14, "participant": page.evaluate(f"{_STATISTICS}.remotes[0].id")},
        )
        for _ in range(3):
            page.keyboard.press("m")
            page.wait_for_timeout(1000)
        muted = transport(page)
        page.wait_for_timeout(1500)
        assert transport(page)["trailers"]["bundlesSent"] - muted["trailers"]["bundlesSent"] >= 5, "muted"
        guest = ["--transport", "datachannel", "--video", "none", "--audio", "none"]
        with native(server, "switch", tmp_path / "guest", *guest):
            wait_until(page, f"!({_SENDS_THIN})", "the data channel takes over", timeout_s=10)
            page.wait_for_timeout(2000)
            assert not page.evaluate(_SENDS_THIN)
        wait_until(page, _SENDS_THIN, "and hands back", timeout_s=10)
        longest_ms = float(page.evaluate("window.stillness"))
        print(f"the picture stood still for {longest_ms:.0f} ms at most")
        assert longest_ms < 1000
        page.wait_for_timeout(500)
        sent = transport(page)
    with RecordingReader(recording) as reader:
        arrivals = [record.time_ms for record in reader.records() if record.kind is RecordKind.BUNDLE]
    longest_ms = max(later - earlier for earlier, later in pairwise(arrivals))
    print(f"and came to the native peer at most {longest_ms} ms apart")
    assert longest_ms < 1000
    bob_as_seen = next(p for p in json.loads(figures.read_text())["participants"] if p["name"] == "Bob")
    assert bob_as_seen["bundles_duplicate"] == 0
    assert bob_as_seen["bundles_lost"] <= 2
    assert sent["motion"]["messagesDropped"] == dropped


def test_without_a_microphone_silence_carries_the_face(
    people: dict[str, Person], server: ServerProcess, tmp_path: Path
) -> None:
    with native(server, "camera", tmp_path) as figures, Browsers() as browsers:
        page = enter(browsers, server, "camera", people["Bob"], _NO_MICROPHONE)
        wait_until(page, _SENDS_THIN, "bundles leave behind silence", timeout_s=10)
        before = transport(page)
        page.wait_for_timeout(3000)
        after = transport(page)
    assert after["trailers"]["bundlesSent"] - before["trailers"]["bundlesSent"] >= 12
    assert after["motion"]["messagesSent"] == before["motion"]["messagesSent"]
    assert json.loads(figures.read_text())["channels"]["trailer"]["messages_down"] >= 12
