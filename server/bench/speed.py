"""`facewire bench speed`: milliseconds of every stage, in Python and in a browser, and pictures a second in a call."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import sleep
from typing import Any

import av
import numpy as np

from codec.bench.report import Report
from codec.bench.speed import stage_timings, throughput
from codec.intra_picture import Picture
from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until, write_camera, write_microphone
from server.bench.material import DEMONSTRATION, demonstration_clip, talking_clip
from server.bench.server_process import ServerProcess

_SAMPLE_S = 1.0
_PYTHON_FRAMES = 120


def run(seconds: float) -> Report:
    """Measure Python alone, then a browser in a call with a native peer: one that replays, one that tracks a clip."""
    report = Report("Milliseconds of every stage, 256²", ["stage", "Python", "browser"])
    pictures = list(_frames(talking_clip(), _PYTHON_FRAMES))
    python, whole = stage_timings(pictures), throughput(pictures)
    replaying = _call(seconds, ["--replay", str(DEMONSTRATION)])
    tracking = _call(seconds, ["--video", str(talking_clip()), "--audio", "none"])
    encoder, renderer = replaying["timings"]["encoder"], replaying["timings"]["renderer"]
    for stage, in_python, in_browser in (
        ("landmarks", python["landmarks"], encoder["landmarks"]),
        ("motion", python["motion"], encoder["motion"]),
        ("entropy, encode a bundle", python["entropy_encode"], encoder["entropy"]),
        ("entropy, decode a bundle", python["entropy_decode"], renderer["entropy"]),
        ("keyframe, encode", python["keyframe_encode"], encoder["keyframe"]),
        ("keyframe, decode and cache", python["keyframe_decode"], renderer["keyframe"]),
        ("animate", python["animate"], renderer["animate"]),
        ("draw", None, renderer["draw"]),
        ("speech encoder, 40 ms of sound", None, renderer["speech"]),
        ("motion and sound together, a picture", None, renderer["fusion"]),
    ):
        report.add(stage, "" if in_python is None else f"{in_python:.2f}", f"{in_browser:.2f}")
    report.notes += [
        f"In Python, at 16 kbit/s: {whole.encode_fps:.1f} pictures a second tracked and coded, closed loop included, "
        f"and {whole.decode_fps:.1f} decoded and drawn.",
        f"The browser draws with {replaying['provider']} while it tracks its own camera and talks to a native peer.",
        f"Pictures a second drawn: {replaying['fps']:.1f} (peer replays), {tracking['fps']:.1f} (peer tracks a clip).",
        f"Pictures a second tracked: {replaying['tracked']:.1f} and {tracking['tracked']:.1f}.",
        f"Playout delay beyond the fastest bundle, start to end: {replaying['delays']} and {tracking['delays']} ms.",
    ]
    report.figures = {
        "encode_fps": round(whole.encode_fps, 1),
        "decode_fps": round(whole.decode_fps, 1),
        "decode_fps_wasm": round(replaying["fps"], 1),
        "decode_fps_wasm_tracking_peer": round(tracking["fps"], 1),
        "tracked_fps_browser": round(replaying["tracked"], 1),
        **{f"python_{stage}_ms": round(value, 2) for stage, value in python.items()},
        **{f"browser_sender_{stage}_ms": round(value, 2) for stage, value in encoder.items()},
        **{f"browser_receiver_{stage}_ms": round(value, 2) for stage, value in renderer.items()},
    }
    return report


def _frames(clip: Path, count: int) -> Iterator[Picture]:
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= count:
                return
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def _call(seconds: float, peer_arguments: list[str]) -> dict[str, Any]:
    """Return what a browser's page says after `seconds` of a call with a native peer."""
    with tempfile.TemporaryDirectory() as folder, ServerProcess() as server, Browsers() as browsers:
        camera, voice = Path(folder) / "camera.y4m", Path(folder) / "voice.wav"
        write_camera(demonstration_clip(), camera, 640, 640, seconds=20)
        write_microphone(demonstration_clip(), voice)
        with _native_peer(server.url("bench"), peer_arguments):
            page = browsers.open(server.url("bench", "?name=browser&autojoin=1&provider=wasm"), camera, voice)
            wait_until(page, DRAWS_A_FACE, "a face is drawn")
            samples = []
            for _ in range(round(seconds / _SAMPLE_S)):
                sleep(_SAMPLE_S)
                samples.append(page.evaluate("window.facewire.statistics()"))
    drawing = [sample["remotes"][0]["drawing"] for sample in samples]
    delays = [round(d["playoutDelayMs"]) for d in drawing]
    return {
        "fps": median(d["picturesPerSecond"] for d in drawing),
        "tracked": median(sample["tracking"]["fps"] for sample in samples if sample["tracking"]),
        "provider": drawing[-1]["provider"],
        "delays": f"{delays[0]} → {delays[-1]}",
        "timings": samples[-1]["timings"],
    }


@contextmanager
def _native_peer(url: str, arguments: list[str]) -> Iterator[None]:
    peer = subprocess.Popen([sys.executable, "-m", "server.cli", "join", url, "--name", "native", *arguments])
    try:
        yield
    finally:
        peer.terminate()
        peer.wait(timeout=15)
