"""`facewire bench client`: what the page weighs, how fast one is in a call, whether it stalls, what memory it takes."""

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from codec.bench.report import Report
from server.bench.browser import Browsers, write_camera, write_microphone
from server.bench.client_weight import first_visit, page_files
from server.bench.material import DEMONSTRATION, demonstration_clip, talking_clip
from server.bench.server_process import ServerProcess
from server.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SAMPLE_S = 5
_FACE = "window.facewire.statistics().remotes.some((remote) => remote.drawing?.state === 'live')"
#: Presses Join and says after how many milliseconds one was in the call, and saw a face.
_JOIN = f"""async () => {{
  const until = async (fits) => {{ while (!fits()) await new Promise((go) => setTimeout(go, 10)); }};
  const begin = performance.now();
  document.querySelector('.join button[type=submit]').click();
  await until(() => window.facewire.statistics().phase === 'in-call');
  const inCallMs = performance.now() - begin;
  await until(() => {_FACE});
  return {{ inCallMs, faceMs: performance.now() - begin }};
}}"""
#: Keeps every task of the page's own thread that takes more than 50 ms (W3C longtasks).
_WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: 'longtask' });
}"""
_SAMPLE = """() => ({
  megabytes: performance.memory.usedJSHeapSize / 1e6,
  faces: window.facewire.statistics().remotes.map(({ drawing }) => drawing?.picturesPerSecond ?? 0),
})"""


def run(seconds: float, people: int) -> Report:
    """Weigh the page, then join a room where `people` replayed participants are, and stay for `seconds`."""
    client = Settings().client_folder
    report = Report("The browser client on this machine", ["what", "value"])
    weights = {"page_bytes": sum(page_files(client).values())}
    for provider in ("wasm", "webgpu", "webgpu-asyncify"):
        weights[f"first_visit_{provider.replace('-', '_')}_bytes"] = sum(first_visit(client, provider).values())
    report.add("the page before joining, compressed", f"{weights['page_bytes'] / 1e3:.0f} kB")
    report.add("first visit in all, by WASM", f"{weights['first_visit_wasm_bytes'] / 1e6:.1f} MB")
    report.add("first visit in all, by WebGPU", f"{weights['first_visit_webgpu_bytes'] / 1e6:.1f} MB")
    report.add("the same where the browser has no JSPI", f"{weights['first_visit_webgpu_asyncify_bytes'] / 1e6:.1f} MB")
    joined, tasks, samples = _call(seconds, people)
    faces = [fps for sample in samples for fps in sample["faces"]]
    megabytes = [sample["megabytes"] for sample in samples]
    report.add("from pressing Join to the call", f"{joined['inCallMs'] / 1e3:.2f} s")
    report.add("from pressing Join to the first face", f"{joined['faceMs'] / 1e3:.2f} s")
    report.add(
        f"tasks over 50 ms in {seconds:.0f} s of the call", f"{len(tasks)}, the longest {max(tasks, default=0):.0f} ms"
    )
    report.add("the page's own memory, first and last", f"{megabytes[0]:.0f} and {megabytes[-1]:.0f} MB")
    report.add(f"pictures a second of each of {people} faces", f"{mean(faces):.1f}, the least {min(faces):.1f}")
    report.notes.append("Browser, server and participants share this machine; a first visit counts compressed bytes.")
    report.figures = {
        **weights,
        "in_call_ms": round(joined["inCallMs"]),
        "first_face_ms": round(joined["faceMs"]),
        "long_tasks": len(tasks),
        "longest_task_ms": round(max(tasks, default=0)),
        "memory_first_mb": round(megabytes[0], 1),
        "memory_last_mb": round(megabytes[-1], 1),
        "faces_fps": round(mean(faces), 1),
    }
    return report


def _call(seconds: float, people: int) -> tuple[dict[str, float], list[float], list[dict[str, Any]]]:
    """Return how long joining took, the long tasks in ms, and what was sampled every 5 s."""
    with ServerProcess() as server, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        camera, microphone = Path(folder) / "camera.y4m", Path(folder) / "microphone.wav"
        write_camera(talking_clip(), camera, 352, 288)
        write_microphone(demonstration_clip(), microphone, seconds=16)
        join = [sys.executable, "-m", "server.cli", "join", server.url("bench"), "--quiet"]
        for number in range(people):
            process = subprocess.Popen([*join, "--name", f"P{number}", "--replay", str(DEMONSTRATION)])
            stack.callback(process.wait, 15)
            stack.callback(process.terminate)
        with Browsers(1280, 800) as browsers:
            page = browsers.open(server.url("bench", "?name=Ada&provider=wasm"), camera, microphone)
            page.get_by_text("Face tracked").wait_for(timeout=60_000)
            joined: dict[str, float] = page.evaluate(_JOIN)
            page.evaluate(_WATCH)
            samples = _sample(page, seconds)
            tasks: list[float] = page.evaluate("window.longTasks")
    return joined, tasks, samples


def _sample(page: "Page", seconds: float) -> list[dict[str, Any]]:
    samples: list[dict[str, Any]] = []
    for _ in range(max(2, round(seconds / _SAMPLE_S))):
        page.wait_for_timeout(1_000 * _SAMPLE_S)
        samples.append(page.evaluate(_SAMPLE))
    return samples
