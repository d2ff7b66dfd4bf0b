"""A real browser and `facewire join` in a room: each gets the other's face and voice."""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from codec.animator import Animator
from codec.crop import StableCrop
from codec.decoder import FaceDecoder
from codec.landmarks import LandmarkTracker
from codec.recording import RecordingReader, RecordKind
from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.server_process import ServerProcess
from tests.interop.conftest import Person, observe
from tests.interop.faces import Agreement, Track, compare, track_pictures
from tests.interop.sounds import STEP_MS, best_correlation, decibels, envelope_heard, envelope_of_file

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

_SECONDS = 12.0
_FRAME_MS = 40


@dataclass(frozen=True)
class Call:
    """What came of a call between Ann, a native peer, and Bob, a browser."""

    ann: Person
    bob: Person
    browser: dict[str, Any]  #: what the observer saw in Bob's page
    recording: Path  #: what the native peer received
    statistics: dict[str, Any]


@pytest.fixture(scope="module")
def call(people: dict[str, Person], server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Call:
    ann, bob = people["Ann"], people["Bob"]
    folder = tmp_path_factory.mktemp("native")
    recording, statistics = folder / "bob.fwr", folder / "statistics.json"
    join = [sys.executable, "-m", "server.cli", "join", server.url("mixed"), "--name", "Ann", "--video", str(ann.clip)]
    files = ["--audio", str(ann.microphone), "--record", str(recording), "--stats", str(statistics)]
    native = subprocess.Popen([*join, *files])
    try:
        with Browsers() as browsers:
            page = browsers.open(server.url("mixed", "?name=Bob&autojoin=1&provider=wasm"), bob.camera, bob.microphone)
            wait_until(page, DRAWS_A_FACE, "the native peer's face is drawn")
            page.wait_for_timeout(4000)
            who = page.evaluate("window.facewire.statistics().remotes[0]")
            assert who["name"] == "Ann"
            assert who["source"] == "file"
            (seen,) = observe({page: who["id"]}, _SECONDS)
        native.terminate()
        assert native.wait(timeout=15) == 0
    finally:
        native.kill()
        native.wait()
    return Call(ann, bob, seen, recording, json.loads(statistics.read_text()))


def _clip_track(clip: Path, loops: int) -> Track:
    """Return the landmarks of a looping file as its sender crops them, once its crop has settled."""
    crop, faces = StableCrop(), []
    with LandmarkTracker() as tracker, av.open(str(clip)) as container:
        pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]
        for number, picture in enumerate(pictures * 2):
            found = tracker.track(picture, number * _FRAME_MS)
            assert found is not None
            square, _ = crop.update(found, picture.shape[1], picture.shape[0])
            faces.append(square.to_crop_units(found))
    settled = np.array(faces[len(pictures) :] * loops)
    return Track(np.arange(len(settled), dtype=np.float64) * _FRAME_MS, settled)


def _check(agreement: Agreement) -> None:
    print(agreement)
    assert agreement.frames >= 60
    assert agreement.yaw_spread > 0.01, "the picture is frozen"
    assert agreement.mean_error < 0.04
    assert agreement.yaw_correlation > 0.8
    assert agreement.mouth_correlation > 0.7


def test_the_browser_shows_the_native_peers_face(call: Call) -> None:
    shown = track_pictures(call.browser["shown"])
    loops = 6
    source = _clip_track(call.ann.clip, loops)
    loop_ms = len(source.times) / loops * _FRAME_MS
    # Where in its loop the file was is unknown: every phase is tried.
    started = Track(shown.times - shown.times[0] + 2 * loop_ms, shown.landmarks)
    _check(compare(source, started, range(0, int(loop_ms), 20)))


def test_the_native_peer_gets_the_browsers_face(call: Call) -> None:
    source = track_pictures(call.browser["camera"])
    decoder = FaceDecoder(Animator(provider="cpu"))
    times, faces = [], []
    with RecordingReader(call.recording) as reader, LandmarkTracker() as tracker:
        created_ms = datetime.fromisoformat(reader.created).timestamp() * 1000
        for record in reader.records():
            now_ms = created_ms + record.time_ms
            if record.kind is RecordKind.KEYFRAME:
                decoder.add_keyframe(record.payload)
            elif record.kind is RecordKind.BUNDLE:
                decoder.add_bundle(record.payload, now_ms)
                picture = decoder.show(now_ms).picture
                if picture is not None and source.times[0] <= now_ms <= source.times[-1]:
                    found = tracker.track(picture, record.time_ms)
                    assert found is not None
                    times.append(now_ms)
                    faces.append((found - (128, 128, 0)) / 128)
        assert reader.damage is None
    # The recording's beginning is known to the second.
    _check(compare(source, Track(np.array(times), np.array(faces)), range(-1000, 2500, 20)))


def test_the_browser_hears_the_native_peer(call: Call) -> None:
    heard = envelope_heard(call.browser["loudness"])
    right = best_correlation(heard, envelope_of_file(call.ann.microphone))
    wrong = best_correlation(heard, envelope_of_file(call.bob.microphone))
    print(f"correlation {right:.2f}, with the wrong voice {wrong:.2f}")
    assert right > 0.6
    assert right > wrong + 0.1


def test_the_native_peer_hears_the_browser(call: Call) -> None:
    decoder = av.CodecContext.create("libopus", "r")
    decoder.layout, decoder.sample_rate = "mono", 48_000
    with RecordingReader(call.recording) as reader:
        packets = [(r.time_ms, r.payload) for r in reader.records() if r.kind is RecordKind.VOICE]
    last_ms = packets[-1][0]
    power = np.full(int(last_ms / STEP_MS) + 10, 1e-9)
    for time_ms, payload in packets:
        for frame in decoder.decode(av.Packet(payload)):
            samples = np.asarray(frame.to_ndarray(), np.float64).ravel()
            for number, block in enumerate(np.array_split(samples, max(1, round(samples.size / 48 / STEP_MS)))):
                power[int(time_ms / STEP_MS) + number] = (block**2).mean()
    heard = decibels(power)
    right = best_correlation(heard, envelope_of_file(call.bob.microphone))
    wrong = best_correlation(heard, envelope_of_file(call.ann.microphone))
    print(f"correlation {right:.2f}, with the wrong voice {wrong:.2f}")
    assert right > 0.6
    assert right > wrong + 0.1
