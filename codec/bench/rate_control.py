"""`facewire bench rate`: does a coded file keep to its rate, over any five seconds and as a whole?"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from tqdm import tqdm

from codec.animator import Animator
from codec.bench.cache import Cache, default_folder
from codec.bench.clip import FRAME_MS, Clip, load_clip
from codec.bench.rate_distortion import files_of, tracked
from codec.bench.report import Report
from codec.crop import WholePicture
from codec.file_encoder import CodedItem, CodingMode, FileEncoder, FileSettings
from codec.motion import FloatArray
from codec.recording import RecordedParticipant, RecordingWriter

WINDOW_MS, START_MS = 5000.0, 3000.0
WINDOW_BOUND, FILE_BOUND = 1.10, 1.05
_SIDE = 256
_COLUMNS = ["clip", "mode", "kbit/s", "spent kbit/s", "worst 5 s", "whole file", "keyframes"]


@dataclass(frozen=True)
class Kept:
    """How a file kept to its rate; shares of what the rate allows."""

    spent_kbps: float
    worst_window: float  #: of any 5 s after the first 3
    whole_file: float  #: the container included
    keyframes: int


def run(paths: list[Path], rates_kbps: tuple[float, ...], modes: tuple[CodingMode, ...]) -> Report:
    """Code every clip at every rate. Raises `BenchError` if there are no clips, `PictureError` for a broken one."""
    report = Report("Files beside the rate that was asked for (sound left out, container in)", _COLUMNS)
    cache, animator = Cache(default_folder()), Animator()
    files = files_of(paths)
    worst_window = worst_file = 0.0
    with tqdm(total=len(files) * len(rates_kbps) * len(modes), unit="file", disable=None) as progress:
        for path in files:
            clip = load_clip(path, _SIDE)
            landmarks = tracked(clip, cache)
            for mode, kbps in product(modes, rates_kbps):
                kept = measure(clip, landmarks, FileSettings(mode, kbps), animator)
                shares = (f"{kept.worst_window:.2f}", f"{kept.whole_file:.2f}", str(kept.keyframes))
                report.rows.append([clip.name, mode.value, f"{kbps:g}", f"{kept.spent_kbps:.2f}", *shares])
                worst_window, worst_file = max(worst_window, kept.worst_window), max(worst_file, kept.whole_file)
                progress.update()
    report.figures = {"worst_window_share": round(worst_window, 3), "worst_file_share": round(worst_file, 3)}
    report.notes.append(
        f"Bounds: {WINDOW_BOUND:.2f} of the rate in any 5 s after the first 3, {FILE_BOUND:.2f} as a whole."
    )
    return report


def measure(
    clip: Clip, landmarks: list[FloatArray | None], settings: FileSettings, animator: Animator | None = None
) -> Kept:
    """Code a clip and compare what it took with `settings.kbps`."""
    assert settings.kbps is not None
    encoder = FileEncoder(settings, WholePicture(), animator=animator)
    items: list[CodedItem] = []
    for number, (picture, face) in enumerate(zip(clip.pictures, landmarks, strict=True)):
        items += encoder.add(picture, face, number * FRAME_MS)
    items += encoder.finish()
    bytes_per_ms = settings.kbps / 8
    file_bytes = _file_bytes(items)
    return Kept(
        spent_kbps=file_bytes * 8 / (clip.seconds * 1000),
        worst_window=_worst_window(items, clip.seconds * 1000) / (WINDOW_MS * bytes_per_ms),
        whole_file=file_bytes / (clip.seconds * 1000 * bytes_per_ms),
        keyframes=sum(item.kind.name == "KEYFRAME" for item in items),
    )


def _worst_window(items: list[CodedItem], end_ms: float) -> float:
    """Return the most bytes of items in any 5 s that begin at an item after the first 3 s; 0 for a shorter clip."""
    times = np.array([item.time_ms for item in items])
    sizes = np.array([len(item.payload) for item in items], float)
    totals = np.concatenate([[0.0], np.cumsum(sizes)])
    first = np.flatnonzero((times >= START_MS) & (times + WINDOW_MS <= end_ms + FRAME_MS))
    ends = np.searchsorted(times, times[first] + WINDOW_MS)
    return float((totals[ends] - totals[first]).max(initial=0.0))


def _file_bytes(items: list[CodedItem]) -> int:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "coded.fwr"
        with RecordingWriter(path, (RecordedParticipant(1, "clip", "file"),)) as writer:
            for item in items:
                writer.add(1, item.kind, item.time_ms, item.payload)
        return path.stat().st_size
