"""`facewire encode` with the packaged talking clip, and back through `facewire decode`."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from codec.animator import Animator
from codec.bench.clip import load_clip
from codec.bench.metrics.landmark_error import compare, track
from codec.bundle import Mode, decode_frames, parse_bundle
from codec.file_encoder import CodingMode
from codec.keyframes import Keyframe
from codec.recording import CLIP, Record, RecordedParticipant, RecordingReader, RecordingWriter, RecordKind
from server.cli import main
from server.native.play_out import PlayOut
from server.native.voice_codec import VoiceDecoder
from tests.material import talking_clip
from tests.native.films import RATE, talking_film, write_film
from tests.native.recordings import short_demonstration

SECONDS = 2.4


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return talking_film(tmp_path_factory.mktemp("films") / "talk.mp4", SECONDS, tone_hz=440)


@pytest.fixture(scope="module")
def recording(film: Path) -> Path:
    path = film.with_suffix(".fwr")
    assert main(["encode", str(film), str(path)]) == 0
    return path


def _read(path: Path) -> list[Record]:
    with RecordingReader(path) as reader:
        records = list(reader.records())
        assert reader.damage is None
    return records


def _info(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["info", str(path), "--json"]) == 0
    figures: dict[str, Any] = json.loads(capsys.readouterr().out)
    return figures


def test_a_film_becomes_motion_keyframes_and_voice(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = _info(recording, capsys)
    (clip,) = figures["participants"]
    assert (clip["id"], clip["name"], clip["kind"]) == (1, "talk", CLIP)
    assert figures["created"] == "2026-01-02T03:04:05+00:00"
    assert figures["seconds"] == pytest.approx(SECONDS, abs=0.1)
    assert clip["frames"] == round(25 * SECONDS)
    assert clip["frames_per_second"] == pytest.approx(25, abs=0.5)
    assert clip["keyframes"] >= 1
    assert 20 < clip["voice_packets"] <= SECONDS / 0.06 + 2
    assert figures["kbps"]["container"] < 1


def test_records_come_in_the_order_in_which_a_decoder_needs_them(recording: Path) -> None:
    records = _read(recording)
    assert [record.time_ms for record in records] == sorted(record.time_ms for record in records)
    motions, frames, next_ms = {}, 0, 0
    for record in records:
        if record.kind is RecordKind.KEYFRAME:
            keyframe = Keyframe.parse(record.payload)
            motions[keyframe.number] = keyframe.motion
        elif record.kind is RecordKind.BUNDLE:
            known = {number: motion for number, motion in motions.items() if motion is not None}
            bundle = decode_frames(parse_bundle(record.payload), known)
            assert bundle.header.time_ticks * 10 == next_ms, "the clock of bundles is the recording's"
            next_ms = record.time_ms
            frames += sum(frame.mode is Mode.ANIMATED for frame in bundle.frames)
    assert frames > 0.9 * 25 * SECONDS
    assert next_ms == pytest.approx(1000 * SECONDS, abs=1)


def test_the_voice_can_be_heard_where_it_was(recording: Path) -> None:
    sound = np.zeros(round((SECONDS + 1) * RATE))
    decoder = VoiceDecoder()
    for record in _read(recording):
        if record.kind is RecordKind.VOICE:
            samples = decoder.decode(record.payload)
            start = record.time_ms * RATE // 1000 - samples.size
            sound[start : start + samples.size] = samples
    for second in range(2):
        loud, quiet = (np.abs(sound[round((second + part) * RATE) :][: RATE // 8]).max() for part in (0.3, 0.8))
        assert loud > 4000
        assert quiet < loud / 10


def test_the_same_input_gives_the_same_bytes(film: Path, recording: Path, tmp_path: Path) -> None:
    assert main(["encode", str(film), str(tmp_path / "again.fwr")]) == 0
    assert (tmp_path / "again.fwr").read_bytes() == recording.read_bytes()


def test_pictures_are_shown_when_they_were_filmed(film: Path, tmp_path: Path) -> None:
    """Their landmarks are nearer to their own moment's than to those 80 ms before or after."""
    assert main(["encode", str(film), str(tmp_path / "square.fwr"), "--crop", "none"]) == 0
    playing = PlayOut(tmp_path / "square.fwr", Animator(provider="cpu"), 25)
    moments = np.stack([moment.picture for moment in playing.moments()])
    assert len(moments) == pytest.approx(25 * SECONDS, abs=3)
    assert playing.broken == 0
    filmed, shown = track(load_clip(film).pictures[:60], 1), track(moments[:60], 1)
    errors = {shift: compare(shown[5:50], filmed[5 + shift : 50 + shift], 256).all_px for shift in (-2, 0, 2)}
    assert errors[0] < min(errors[-2], errors[2]), errors
    assert errors[0] < 4


def test_the_last_line_says_what_it_cost(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "talk.fwr"
    assert main(["encode", str(film), str(path), "--no-audio", "--crop", "none", "--kbps", "6"]) == 0
    said = capsys.readouterr().out
    size = path.stat().st_size
    assert f"2.4 s in {size} bytes, {size * 8 / 2400:.2f} kbit/s, no sound" in said
    assert "0 of 60 pictures without a face" in said
    assert "× real time" in said
    assert not any(record.kind is RecordKind.VOICE for record in _read(path))


def test_quality_and_rate_say_how_large_a_file_becomes(tmp_path: Path) -> None:
    sizes = []
    for options in (["--quality", "10"], ["--quality", "90"], ["--kbps", "4"]):
        assert main(["encode", str(talking_clip()), str(tmp_path / "talk.fwr"), *options]) == 0
        sizes.append((tmp_path / "talk.fwr").stat().st_size)
    assert sizes[0] < sizes[1]
    assert sizes[2] < sizes[1]


def test_appending_goes_on_with_the_clip(film: Path, recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "both.fwr"
    path.write_bytes(recording.read_bytes())
    assert main(["encode", str(film), str(path), "--append"]) == 0
    first, both = _read(recording), _read(path)
    assert both[: len(first)] == first
    start_ms = first[-1].time_ms + -first[-1].time_ms % 10
    assert both[len(first)].kind is RecordKind.KEYFRAME
    assert [record.time_ms - start_ms for record in both[len(first) :]] == [record.time_ms for record in first]
    playing = PlayOut(path, Animator(provider="cpu"), 25)
    assert playing.size == (256, 256), "one participant"
    assert playing.frames == pytest.approx(2 * 25 * SECONDS, abs=3)
    assert sum(moment.picture.mean() > 40 for moment in playing.moments()) > 2 * 25 * SECONDS - 6
    assert playing.broken == 0


def test_appending_to_a_call_adds_a_participant(film: Path, tmp_path: Path) -> None:
    path = short_demonstration(tmp_path, 1.0)
    assert main(["encode", str(film), str(path), "--append", "--no-audio"]) == 0
    with RecordingReader(path) as reader:
        assert len(list(reader.records())) > 30
        assert reader.participants[2] == RecordedParticipant(2, "talk", CLIP)
    with RecordingWriter(tmp_path / "empty.fwr"):
        pass
    assert main(["encode", str(film), str(tmp_path / "new.fwr"), "--append"]) == 0
    assert main(["encode", str(film), str(tmp_path / "empty.fwr"), "--append"]) == 0


def test_a_crop_by_hand_is_what_is_coded(tmp_path: Path) -> None:
    """The clip is put into the corner of a larger film; without a crop its face is small in the square."""
    with av.open(str(talking_clip())) as container:
        clip = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)][:30]
    pictures = [np.pad(picture, ((100, 56), (300, 24), (0, 0))) for picture in clip]
    film = write_film(tmp_path / "corner.mp4", pictures, [40 * index for index in range(30)])
    assert main(["encode", str(film), str(tmp_path / "out.fwr"), "--crop", "310,100,144"]) == 0
    keyframe = next(record for record in _read(tmp_path / "out.fwr") if record.kind is RecordKind.KEYFRAME)
    motion = Keyframe.parse(keyframe.payload).motion
    assert motion is not None
    assert np.abs(np.array(motion[3:5]) / 224).max() < 0.4, "the head is in the middle of the square"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--crop", "0,0,2000"], "does not lie in pictures of 193 × 144 pixels"),
        (["--crop", "left"], "expected none, face, or X,Y,SIDE"),
        (["--crop", "0,0,8"], "at least 16"),
        (["--size", "512"], "draw 256² only"),
        (["--kbps", "0.1"], "rate of 0.1 kbit/s"),
        (["--quality", "101"], "quality 101"),
    ],
)
def test_options_that_cannot_be_met(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["encode", str(talking_clip()), str(tmp_path / "out.fwr"), *options]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out.fwr").exists()


def test_input_that_cannot_be_coded_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept.fwr"
    kept.write_bytes(b"something else")
    grey = write_film(tmp_path / "grey.mp4", [np.full((96, 96, 3), 90, np.uint8)] * 10, list(range(0, 400, 40)))
    for film in (Path(__file__), tmp_path):
        assert main(["encode", str(film), str(kept)]) == 2
        assert "cannot read" in capsys.readouterr().err
        assert kept.read_bytes() == b"something else"
    assert main(["encode", str(talking_clip()), str(kept), "--append"]) == 2
    assert "is no recording" in capsys.readouterr().err
    assert main(["encode", str(grey), str(grey)]) == 2
    assert "read and written at once" in capsys.readouterr().err
    assert main(["encode", str(talking_clip()), str(tmp_path / "no" / "folder.fwr")]) == 2
    assert "cannot write the recording" in capsys.readouterr().err


def test_a_film_without_a_face_is_coded_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grey = write_film(tmp_path / "grey.mp4", [np.full((96, 96, 3), 90, np.uint8)] * 10, list(range(0, 400, 40)))
    path = tmp_path / "grey.fwr"
    assert main(["encode", str(grey), str(path)]) == 0
    assert "10 of 10 pictures without a face" in capsys.readouterr().out
    bundles = [parse_bundle(record.payload) for record in _read(path) if record.kind is RecordKind.BUNDLE]
    frames = [frame for bundle in bundles for frame in decode_frames(bundle, {}).frames]
    assert [frame.mode for frame in frames] == [Mode.PLAIN] * 10


def test_what_was_coded_before_it_is_stopped_can_be_read(tmp_path: Path) -> None:
    film, path = talking_film(tmp_path / "long.mp4", 4.8, tone_hz=440), tmp_path / "long.fwr"
    command = [sys.executable, "-m", "server.cli", "encode", str(film), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until_s = time.monotonic() + 60
        while not path.exists() and time.monotonic() < until_s:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped: " in said[1]
    assert any(record.kind is RecordKind.KEYFRAME for record in _read(path))


@pytest.mark.parametrize("mode", [mode.value for mode in CodingMode])
def test_every_mode_shows_all_frames_with_the_voice_beside_them(
    mode: str, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mode.fwr"
    assert main(["encode", str(film), str(path), "--mode", mode, "--quality", "80", "--crop", "none"]) == 0
    assert main(["encode", str(film), str(path), "--mode", mode, "--quality", "80", "--crop", "none", "--append"]) == 0
    (clip,) = _info(path, capsys)["participants"]
    assert clip["frames"] == 2 * round(25 * SECONDS)
    times = [record.time_ms for record in _read(path)]
    assert times == sorted(times)
    playing = PlayOut(path, Animator(provider="cpu"), 25)
    moments = list(playing.moments())
    assert playing.broken == 0
    filmed = track(load_clip(film).pictures[:60], 1)
    shown = track(np.stack([moment.picture for moment in moments[:60]]), 1)
    assert compare(shown[5:50], filmed[5:50], 256).all_px < 4
    loud = [np.abs(moment.sound.astype(int)).max() > 3000 for moment in moments[:50]]
    assert loud[5:14] == [True] * 9, "the tone"
    assert loud[18:24] == [False] * 6, "its pause"
