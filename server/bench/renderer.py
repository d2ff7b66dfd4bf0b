"""`facewire bench renderer`: how many faces a renderer draws, and what a browser that cannot decode sees of them."""

import subprocess
import sys
import time
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from codec.animator import Animator
from codec.bench.report import Report
from codec.errors import ModelFileError
from codec.keyframes import slice_keyframe
from codec.recording import Record, RecordingReader, RecordKind
from server.bench.browser import BrowserError, Browsers, chromium_path, wait_until
from server.bench.material import DEMONSTRATION
from server.bench.server_process import ServerProcess
from server.native.remote import RemoteParticipant
from server.protocol.messages import ParticipantInfo
from server.renderer.face_drawing import FaceJob, draw
from server.renderer.video_stream import VideoCodec, VideoStream
from server.settings import RendererSettings

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SAMPLE_S = 1.0
_START_S = 1.0
_LEAST_FPS = 12.0
_FACES = {"cpu": (1, 4), "cuda": (1, 4, 16, 64, 128)}
_EVERYBODY_LIVE = "window.facewire.statistics().remotes.filter((r) => r.drawing?.state === 'live').length >= {people}"


def run(people: int, seconds: float, provider: str) -> Report:
    """Measure drawing alone, then a call of `people` who replay the demonstration, seen by a browser as video.

    `provider` is the renderer's: `auto`, `cpu` or `cuda`. Raises `ModelFileError` where CUDA is asked for and missing.
    """
    animator = Animator(provider=provider)
    settings = RendererSettings()
    report = Report(
        f"A renderer drawing with {animator.name} on {animator.provider.upper()}", ["faces", "ms a picture", "CPU ms"]
    )
    report.notes.append(_say_cuda(animator))
    for faces in _FACES[animator.provider]:
        wall_ms, cpu_ms = _drawing_cost(animator, faces, seconds, settings)
        report.add(str(faces), f"{wall_ms:.2f}", f"{cpu_ms:.2f}")
        report.figures[f"draw_ms_{faces}_faces"] = round(wall_ms, 2)
    streams = int(1000 / (_LEAST_FPS * wall_ms))
    report.figures |= {"provider": animator.provider, f"streams_at_{_LEAST_FPS:g}_fps": streams}
    report.notes.append(
        f"One drawing thread on {animator.provider.upper()} keeps up {streams} streams of {animator.side}² at "
        f"{_LEAST_FPS:g} pictures a second: bundles decoded, drawn, encoded as VP8."
    )
    try:
        chromium_path()
    except BrowserError as error:
        report.notes.append(f"What a page shows was not measured: {error}")
        return report
    _add_call(report, people, seconds, provider)
    return report


def _say_cuda(animator: Animator) -> str:
    if animator.provider == "cuda":
        return "CUDA draws."
    try:
        Animator(provider="cuda")
    except ModelFileError as error:
        return f"No CUDA: {error}."
    return "CUDA is here and was not asked for."


def _drawing_cost(animator: Animator, faces: int, seconds: float, settings: RendererSettings) -> tuple[float, float]:
    """Return milliseconds a picture, by the clock and of the processor, of the drawing thread's work.

    The demonstration is played to so many receivers by its own clock, as fast as it goes; its first second, in which
    keyframes come, does not count.
    """
    with RecordingReader(DEMONSTRATION) as reader:
        records = [record for record in reader.records() if record.time_ms <= (_START_S + seconds) * 1000]
    jobs = [
        FaceJob(
            RemoteParticipant(ParticipantInfo(number + 1, "Actor", "file"), animator, 0.0),
            {VideoCodec.VP8: VideoStream(VideoCodec.VP8, animator.side, settings.fps, settings.kbps)},
        )
        for number in range(faces)
    ]
    pictures_before, wall_s, cpu_s, now_ms = 0, 0.0, 0.0, 0.0
    while records:
        due = [record for record in records if record.time_ms <= now_ms]
        records = records[len(due) :]
        started, cpu_started = time.perf_counter(), time.thread_time()
        for job in jobs:
            _receive(job.remote, due)
        draw(animator, jobs, now_ms)
        if now_ms >= _START_S * 1000:
            wall_s += time.perf_counter() - started
            cpu_s += time.thread_time() - cpu_started
        else:
            pictures_before = sum(job.remote.figures.pictures for job in jobs)
        now_ms += 1000 / settings.fps
    pictures = sum(job.remote.figures.pictures for job in jobs) - pictures_before
    return 1000 * wall_s / pictures, 1000 * cpu_s / pictures


def _receive(remote: RemoteParticipant, records: list[Record]) -> None:
    for record in records:
        if record.kind is RecordKind.BUNDLE:
            remote.add_bundle(record.payload, record.time_ms)
        elif record.kind is RecordKind.KEYFRAME:
            for part in slice_keyframe(record.payload):
                remote.add_slice(part)


def _add_call(report: Report, people: int, seconds: float, provider: str) -> None:
    """Measure what the page of a browser without WebAssembly shows."""
    settings = ("--renderer", "--set", f"renderer.provider={provider}")
    with ExitStack() as stack:
        server = stack.enter_context(ServerProcess(*settings))
        browsers = stack.enter_context(Browsers())
        for number in range(people):
            stack.enter_context(replaying(server.url("bench"), f"Actor {number + 1}"))
        page = browsers.open(server.url("bench", "?name=Viewer&autojoin=1&decoder=server"), webassembly=False)
        accept_server_view(page)
        wait_until(page, _EVERYBODY_LIVE.format(people=people), f"{people} faces are live", timeout_s=120)
        samples = []
        for _ in range(round(seconds / _SAMPLE_S)):
            time.sleep(_SAMPLE_S)
            samples.append(page.evaluate("window.facewire.statistics().remotes"))
        figures = _renderer_figures(server.address)
    rates = {
        remote["name"]: [person["drawing"]["picturesPerSecond"] for sample in samples for person in sample
                         if person["name"] == remote["name"]]
        for remote in samples[0] if remote["drawing"]
    }  # fmt: skip
    size = samples[-1][0]["drawing"]["weights"]
    report.notes.append(
        f"In the page, without WebAssembly, {len(rates)} people as {size}: "
        + ", ".join(f"{name} {median(values):.1f}" for name, values in sorted(rates.items()))
        + " pictures a second."
    )
    report.figures |= {
        "page_people": len(rates),
        "page_fps_slowest": round(min(median(values) for values in rates.values()), 1),
        "page_fps_mean": round(sum(median(values) for values in rates.values()) / len(rates), 1),
        "renderer_busy_share": round(figures["facewire_renderer_busy_share"], 2),
        "renderer_gpu_share": figures.get("facewire_renderer_gpu_share"),
    }


def accept_server_view(page: "Page") -> None:
    """Accept, as a person must, that the server sees the faces."""
    page.locator("#accept-server-view").click()


def replaying(url: str, name: str) -> "subprocess.Popen[bytes]":
    """Return a participant who replays the demonstration in a process of their own; leaving the context ends it."""
    command = [sys.executable, "-m", "server.cli", "join", url, "--name", name, "--replay", str(DEMONSTRATION)]
    return _Actor([*command, "--quiet"])


class _Actor(subprocess.Popen[bytes]):
    """Ends with its context."""

    def __exit__(self, *exception: Any) -> None:
        self.terminate()
        super().__exit__(*exception)


def _renderer_figures(address: str) -> dict[str, float]:
    with urlopen(f"{address}/metrics", timeout=10) as response:
        text = response.read().decode()
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "renderer" in sample.name
    }
