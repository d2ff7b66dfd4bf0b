"""A browser shows a native peer whose bundles stop while the voice goes on; then the voice, too; then both return."""

import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codec.recording import RecordingReader, RecordingWriter, RecordKind
from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.material import DEMONSTRATION
from server.bench.server_process import ServerProcess
from tests.interop.faces import track_shown

pytestmark = [pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(180)]

#: A stretch of the demonstration in which the voice does not pause from `_BUNDLES_END_MS` on.
_BEGIN_MS, _BUNDLES_END_MS, _VOICE_ENDS_MS, _RETURN_MS, _END_MS = 10_000, 16_000, 20_000, 24_000, 29_000
_HEARS = "window.facewire.statistics().timings.renderer.speech > 0"
#: States are reported up to 0.3 s after the picture that they are of.
_SETTLED = slice(3, -3)
_SEEN_S = 2 * (_END_MS - _BEGIN_MS) / 1000
#: What the tile shows ten times a second, and how it is marked; pictures are coded afterwards.
_WATCH = """
async ({ seconds, participant }) => {
  const canvas = window.facewire.canvas(participant);
  const tile = document.querySelector(`[data-participant="${participant}"]`);
  const seen = [];
  const sheet = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const { state, picturesBySound } = window.facewire.statistics().remotes[0].drawing;
    sheet.drawImage(canvas, 0, 0);
    const pixels = sheet.getImageData(0, 0, canvas.width, canvas.height);
    const mark = tile.querySelector('.origin-mark').textContent;
    seen.push({ time: Date.now(), state, picturesBySound, picture: tile.dataset.picture, mark, pixels });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  for (const one of seen) {
    sheet.putImageData(one.pixels, 0, 0);
    const blob = await sheet.canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
    one.pixels = btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
  }
  return seen;
}
"""


@pytest.fixture(scope="module")
def gaps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of the demonstration participant with a gap in the motion, and one within it in the voice."""
    path = tmp_path_factory.mktemp("gaps") / "gaps.fwr"
    with RecordingReader(DEMONSTRATION) as reader:
        records = [record for record in reader.records() if record.kind is not RecordKind.PARTICIPANT]
        participants = tuple(reader.participants.values())
    writer = RecordingWriter(path, participants)
    for record in records:
        lost = {RecordKind.BUNDLE: _BUNDLES_END_MS, RecordKind.VOICE: _VOICE_ENDS_MS}.get(record.kind, _RETURN_MS)
        if record.kind is RecordKind.KEYFRAME:
            writer.add(record.participant, record.kind, 0, record.payload)
        elif _BEGIN_MS <= record.time_ms < _END_MS and not lost <= record.time_ms < _RETURN_MS:
            writer.add(record.participant, record.kind, record.time_ms - _BEGIN_MS, record.payload)
    writer.close()
    return path


def watch(server: ServerProcess, room: str, gaps: Path, *arguments: str) -> list[dict[str, Any]]:
    """Return what a browser shows of a peer that sends the recording twice, once its renderer hears voices."""
    join = [sys.executable, "-m", "server.cli", "join", server.url(room), "--replay", str(gaps), *arguments]
    with Browsers(360, 270) as browsers, subprocess.Popen(join) as peer:
        try:
            page = browsers.open(server.url(room, "?name=Bob&autojoin=1&provider=wasm"))
            wait_until(page, DRAWS_A_FACE, "the peer's face is drawn")
            wait_until(page, _HEARS, "its voice is heard by the renderer")
            participant = page.evaluate("window.facewire.statistics().remotes[0].id")
            options = {"seconds": _SEEN_S, "participant": participant}
            page.evaluate(f"(options) => {{ window.seen = ({_WATCH.strip()})(options); }}", options)
            seen: list[dict[str, Any]] = page.evaluate("window.seen")
        finally:
            peer.terminate()
    return seen


def runs(seen: list[dict[str, Any]], state: str) -> list[list[dict[str, Any]]]:
    """Return the stretches of more than half a second in that state."""
    stretches = [list(stretch) for _, stretch in groupby(seen, lambda one: one["state"])]
    return [one for one in stretches if one[0]["state"] == state and one[-1]["time"] - one[0]["time"] > 500]


def mouth_spread(stretch: list[dict[str, Any]]) -> float:
    """Return how much the mouth's opening varies, in shares of the face's height."""
    track = track_shown([{"time": one["time"], "picture": one["pixels"]} for one in stretch])
    return float(np.std(track.mouth_opening()))


def test_the_voice_moves_the_face_until_it_stops_too(server: ServerProcess, gaps: Path) -> None:
    seen = watch(server, "driven", gaps)
    driven = max(runs(seen, "sound"), key=len)
    driven_s, spread = (driven[-1]["time"] - driven[0]["time"]) / 1000, mouth_spread(driven)
    live = mouth_spread(max(runs(seen, "live"), key=len))
    print(f"driven for {driven_s:.1f} s; the mouth's opening spreads by {spread:.4f}, with motion by {live:.4f}")
    assert driven_s > 2
    assert driven[-1]["picturesBySound"] - driven[0]["picturesBySound"] > 10
    assert {one["mark"] for one in driven[_SETTLED]} == {"moved by the voice"}
    assert spread > 0.0015
    after = seen[seen.index(driven[-1]) + 1 :]
    held = runs(after, "stale")[0]
    assert len({one["pixels"] for one in held[_SETTLED]}) == 1, "held"
    assert {one["mark"] for one in held[_SETTLED]} == {"rendered"}
    assert runs(after[after.index(held[-1]) :], "live"), "motion has come again"


def test_a_face_whose_person_says_never_is_held(server: ServerProcess, gaps: Path) -> None:
    seen = watch(server, "never", gaps, "--sound-drive", "never")
    assert {one["picturesBySound"] for one in seen} == {0}
    assert "sound" not in {one["state"] for one in seen}
    held = max(runs(seen, "stale"), key=len)
    assert len({one["pixels"] for one in held[_SETTLED]}) == 1, "held"
    assert runs(seen, "live")
