"""A real browser and `facewire join` in a room: each gets the other's face and voice."""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codec.animator import Animator
from codec.crop import Crop
from codec.decoder import FaceDecoder
from codec.landmarks import LandmarkTracker
from codec.recording import RecordingReader, RecordKind
from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.server_process import ServerProcess
from server.native.voice_codec import VoiceDecoder
from tests.interop.faces import Agreement, Track, compare, landmarks_of_clip, track_camera, track_shown
from tests.interop.observing import observe
from tests.interop.people import Person
from tests.interop.sounds import STEP_MS, best_correlation, decibels, envelope_heard, envelope_of_file

pytestmark = [pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(240)]

_SECONDS = 12.0
#: A picture is displayed at most so long after it was taken.
_LATEST_MS = 1000.0


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


def _clip_track(clip: Path, crop: Crop, loops: int) -> Track:
    """Return the landmarks of a looping file in one crop."""
    frame_ms, _, faces = landmarks_of_clip(clip)
    assert all(face is not None for face in faces)
    cropped = np.array([crop.to_crop_units(face) for face in faces if face is not None] * loops)
    return Track(np.arange(len(cropped), dtype=np.float64) * frame_ms, cropped)


def _longest_in_one_crop(shown: Track, crops: list[dict[str, Any]]) -> tuple[Crop, Track]:
    """Return the crop that a sender kept for the most of the shown pictures, and these pictures."""
    changes = [*(crop["unix_ms"] for crop in crops), np.inf]
    stretches = [(shown.times >= since + _LATEST_MS) & (shown.times < until) for since, until in pairwise(changes)]
    longest = max(range(len(crops)), key=lambda number: stretches[number].sum())
    chosen, kept = crops[longest], stretches[longest]
    return Crop(chosen["left"], chosen["top"], chosen["side"]), Track(shown.times[kept], shown.landmarks[kept])


def _check(agreement: Agreement) -> None:
    print(agreement)
    assert agreement.frames >= 60
    assert agreement.yaw_spread > 0.01, "the picture is frozen"
    assert agreement.mean_error < 0.04
    assert agreement.yaw_correlation > 0.8
    assert agreement.mouth_correlation > 0.7


def test_the_browser_shows_the_native_peers_face(call: Call) -> None:
    crop, shown = _longest_in_one_crop(track_shown(call.browser["shown"]), call.statistics["own"]["crops"])
    loops = 6
    source = _clip_track(call.ann.clip, crop, loops)
    loop_ms = float(source.times[1] * len(source.times) / loops)
    # Where in its loop the file was is unknown: every phase is tried.
    started = Track(shown.times - shown.times[0] + 2 * loop_ms, shown.landmarks)
    _check(compare(source, started, range(0, int(loop_ms), 20)))


def test_the_native_peer_gets_the_browsers_face(call: Call) -> None:
    source = track_camera(call.bob.camera, call.browser["camera"])
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
    decoder = VoiceDecoder()
    with RecordingReader(call.recording) as reader:
        packets = [(r.time_ms, r.payload) for r in reader.records() if r.kind is RecordKind.VOICE]
    power = np.zeros(int(packets[-1][0] / STEP_MS) + 10)
    for time_ms, payload in packets:
        samples = decoder.decode(payload) / 32768
        for number, block in enumerate(np.array_split(samples, max(1, round(samples.size / 48 / STEP_MS)))):
            power[int(time_ms / STEP_MS) + number] = (block**2).mean()
    heard = decibels(power)
    right = best_correlation(heard, envelope_of_file(call.bob.microphone))
    wrong = best_correlation(heard, envelope_of_file(call.ann.microphone))
    print(f"correlation {right:.2f}, with the wrong voice {wrong:.2f}")
    assert right > 0.6
    assert right > wrong + 0.1
