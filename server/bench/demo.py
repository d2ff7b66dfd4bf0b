"""`facewire bench demo`: the comparison's panes beside what the camera saw, measured from their canvases."""

import base64
import io
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from numpy.typing import NDArray

from codec.bench.metrics.landmark_error import compare, track
from codec.bench.metrics.lpips import Lpips
from codec.bench.report import Report
from server.bench.browser import Browsers, wait_until, write_camera
from server.bench.server_process import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import Page

_LOOK = (Path(__file__).parent / "demo.js").read_text().split("*/\n", 1)[1]
_DRAWS = "(window.facewireComparison?.facewire.picturesPerSecond.value ?? 0) > 0"
#: Until keyframes have come, rate controls have settled, and the rate shown is of this time.
_SETTLE_S = 12.0
#: Of the picture that Chromium films; faces are cut out of it.
_CAMERA_HEIGHT = 360
#: Frames between two looks, at 25 a second.
_STRIDE = 25


@dataclass(frozen=True)
class _Pane:
    """One codec on one clip."""

    kbps: float
    lpips: float
    landmarks_px: float  #: at 256²
    lips_px: float
    faces_lost: float  #: 0…1


def run(clips: Sequence[Path], kbps: float, seconds: float) -> Report:
    """Show each clip in the comparison with the slider at `kbps`, for so long.

    Raises `ModelFileError` or `BenchError` if the metrics are not installed.
    """
    report = Report(
        f"The panes of the comparison at {kbps:g} kbit/s",
        ["clip", "pane", "kbit/s", "LPIPS", "landmarks px", "lips px", "faces lost"],
    )
    files = [file for clip in clips for file in (sorted(clip.glob("*.mp4")) if clip.is_dir() else [clip])]
    lpips = Lpips()
    found: defaultdict[str, list[_Pane]] = defaultdict(list)
    with ServerProcess() as server:
        for clip in files:
            for name, looks in _looks(server, clip, kbps, seconds).items():
                pane = _judge(looks, lpips)
                found[name].append(pane)
                report.rows.append([clip.stem, name, *_cells(pane)])
    for name, panes in found.items():
        fields = ("kbps", "lpips", "landmarks_px", "lips_px", "faces_lost")
        means = _Pane(*(float(np.nanmean([getattr(pane, field) for pane in panes])) for field in fields))
        report.rows.append(["all", name, *_cells(means)])
        report.figures |= {f"{name}_{field}": round(getattr(means, field), 3) for field in fields}
    report.notes.append(
        "Counted are each codec's own bytes; a pane is compared with what it resembles most of the last second."
    )
    return report


def _cells(pane: _Pane) -> list[str]:
    return [
        f"{pane.kbps:.1f}",
        f"{pane.lpips:.3f}",
        f"{pane.landmarks_px:.2f}",
        f"{pane.lips_px:.2f}",
        f"{pane.faces_lost:.2f}",
    ]


def _looks(server: ServerProcess, clip: Path, kbps: float, seconds: float) -> dict[str, list[dict[str, Any]]]:
    """Return what was seen of each pane, by its name."""
    with tempfile.TemporaryDirectory() as folder, Browsers(1280, 800) as browsers:
        camera = Path(folder) / "camera.y4m"
        write_camera(clip, camera, *_camera_size(clip), seconds=_SETTLE_S + seconds + 60)
        page: Page = browsers.open(f"{server.address}/demo?provider=wasm&source=camera", camera)
        wait_until(page, _DRAWS, "the comparison draws a face")
        page.get_by_role("slider").fill(f"{kbps:g}")
        page.wait_for_timeout(1_000 * _SETTLE_S)
        looks: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for look in page.evaluate(_LOOK, seconds):
            looks[look["name"]].append(look)
        return looks


def _camera_size(clip: Path) -> tuple[int, int]:
    """Return the even size at which the clip is filmed."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        share = min(1.0, _CAMERA_HEIGHT / stream.height)
        return 2 * round(share * stream.width / 2), 2 * round(share * stream.height / 2)


def _judge(looks: list[dict[str, Any]], lpips: Lpips) -> _Pane:
    originals = np.stack([_picture(look["original"]) for look in looks])
    shown = np.stack([_picture(look["shown"]) for look in looks])
    distances = lpips.distance(lpips.features(originals), lpips.features(shown))
    error = compare(track(shown, _STRIDE), track(originals, _STRIDE), originals.shape[1])
    rate = mean(look["kbps"] for look in looks)
    return _Pane(rate, float(distances.mean()), error.all_px, error.lips_px, error.faces_lost)


def _picture(png: str) -> NDArray[np.uint8]:
    with av.open(io.BytesIO(base64.b64decode(png)), "r") as container:
        frame = next(container.decode(video=0))
        return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
