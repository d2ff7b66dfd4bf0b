import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from codec.bundle import Mode, decode_frames, parse_bundle
from codec.keyframes import Keyframe
from codec.recording import RecordingReader, RecordKind
from server.cli import main
from server.client.events import BundleReceived, ControlReceived, VoiceReceived
from server.demonstration import RECORDING
from tests.material import talking_clip
from tests.server.running_server import Guest, RunningServer


async def _join(url: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.cli", "join", url, *arguments, stdout=asyncio.subprocess.PIPE
    )


async def _end(process: asyncio.subprocess.Process) -> str:
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, output.decode()
    return output.decode()


def _sound_file(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        tone = np.rint(6000 * np.sin(np.arange(16_000) * 2 * np.pi * 300 / 16_000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


async def test_a_file_as_camera_is_seen_heard_recorded_and_counted(tmp_path: Path) -> None:
    statistics, recording = tmp_path / "stats.json", tmp_path / "heard.fwr"
    voice = _sound_file(tmp_path / "tone.wav")
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann:
        files = ["--video", str(talking_clip()), "--audio", str(voice), "--name", "Bob"]
        bob = await _join(server.room(), *files, "--stats", str(statistics))
        listener = ["--name", "Eve", "--video", "none", "--audio", "none", "--record", str(recording)]
        eve = await _join(server.room(), *listener, "--seconds", "60")
        await ann.saw(BundleReceived, count=8)
        await ann.saw(VoiceReceived, count=20)
        assert await ann.saw(ControlReceived, lambda event: event.message.get("camera") == "on")
        assert [info.source for info in ann.call.participants.values() if info.name == "Bob"] == ["file"]
        await asyncio.sleep(2)
        eve.send_signal(signal.SIGINT)
        said = await _end(eve)
        bob.send_signal(signal.SIGINT)
        await _end(bob)
    assert "Bob" in said
    assert "fed from file" in said
    _check_figures(json.loads(statistics.read_text()))
    _check_recording(recording)


def _check_figures(figures: dict[str, Any]) -> None:
    assert figures["own"]["faces"] >= 8
    assert figures["own"]["tracking_fps"] > 1
    assert figures["channels"]["motion"]["messages_up"] >= 8
    assert figures["channels"]["voice"]["bytes_up"] > 200
    assert {other["name"] for other in figures["participants"]} == {"Ann", "Eve"}
    for other in figures["participants"]:
        assert other["state"] == "waiting"
        assert other["bundles"] == other["broken"] == 0


def _check_recording(path: Path) -> None:
    with RecordingReader(path) as reader:
        records = list(reader.records())
        assert reader.damage is None
        bob = next(participant for participant in reader.participants.values() if participant.name == "Bob")
    assert bob.kind == "file"
    own = [record for record in records if record.participant == bob.id]
    motions = {}
    frames = 0
    for record in own:
        if record.kind is RecordKind.KEYFRAME:
            keyframe = Keyframe.parse(record.payload)
            assert keyframe.motion is not None
            motions[keyframe.number] = keyframe.motion
        elif record.kind is RecordKind.BUNDLE:
            packed = parse_bundle(record.payload)
            if not {packed.header.keyframe_a, packed.header.keyframe_b} <= motions.keys():
                continue  # it overtook the keyframe, which takes its time in slices
            bundle = decode_frames(packed, motions)
            frames += sum(frame.mode is Mode.ANIMATED for frame in bundle.frames)
    assert frames >= 4
    times = [record.time_ms for record in own if record.kind is RecordKind.VOICE]
    assert len(times) > 10
    steps = np.diff(times)
    assert np.median(steps) == pytest.approx(60, abs=1)


async def test_a_replayed_participant_is_drawn(tmp_path: Path) -> None:
    statistics = tmp_path / "stats.json"
    async with RunningServer() as server:
        demonstration = await _join(server.room(), "--replay", str(RECORDING), "--seconds", "30")
        viewer = ["--video", "none", "--audio", "none", "--draw", "--seconds", "6", "--stats", str(statistics)]
        said = await _end(await _join(server.room(), *viewer))
        demonstration.send_signal(signal.SIGTERM)
        await _end(demonstration)
    assert "joined as participant" in said
    figures = json.loads(statistics.read_text())
    (shown,) = figures["participants"]
    assert (shown["name"], shown["source"], shown["state"]) == ("Demonstration", "file", "live")
    assert shown["keyframes"] >= 5
    assert shown["voice_packets"] > 20
    assert shown["pictures"] > 15
    assert shown["broken"] == 0


def test_replaying_needs_no_face_model_and_no_runtime() -> None:
    needless = "mediapipe", "onnxruntime", "cv2", "pyaudio", "skimage"
    check = f"import sys, server.commands.join; sys.exit(sum(name in sys.modules for name in {needless}))"
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", check]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["http://localhost:1/room/tea", "--video", "none", "--audio", "none"], "cannot reach"),
        (["ftp://localhost/room/tea", "--video", "none", "--audio", "none"], "is not a room"),
        (["http://localhost:1/room/tea", "--video", "absent.mp4"], "absent.mp4"),
        (["http://localhost:1/room/tea", "--video", "camera:x"], "camera:0"),
        (["http://localhost:1/room/tea", "--video", "camera:77", "--audio", "none"], "cannot open camera 77"),
        (["http://localhost:1/room/tea", "--video", "none", "--audio", __file__], "cannot read the media file"),
        (["http://localhost:1/room/tea", "--replay", __file__], "is no recording"),
        (["http://localhost:1/room/tea", "--replay", str(RECORDING), "--certificate", __file__], "--certificate"),
    ],
)
def test_what_cannot_start_is_said_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["join", *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_window_needs_a_display(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["join", "http://localhost:1/room/tea", "--replay", str(RECORDING), "--show"]) == 2
    assert "--" in capsys.readouterr().err
