"""`facewire bench occlusion`: second by second beside plain AV1 where the face model cannot serve all the time.

Hands, second faces and objects before a face: no second of video may look much worse than what an ordinary encoder
makes of it at the same rate. A clip is coded as it is, and again with somebody else's face (NASA's portrait of an
astronaut, scikit-image's `data.astronaut()`, public domain) held before it for some seconds.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from codec.animator import Animator
from codec.bench import facewire_candidate, rivals
from codec.bench.cache import Cache, default_folder
from codec.bench.clip import FPS, Clip, Pictures, load_clip
from codec.bench.coded import Coded
from codec.bench.errors import BenchError
from codec.bench.facewire_candidate import CandidateOptions
from codec.bench.metrics.lpips import Lpips
from codec.bench.rate_distortion import files_of, tracked
from codec.bench.report import Report
from codec.encoder import resize
from codec.motion import SURFACE, FloatArray

#: A second may be worse than the rival's by this, LPIPS.
BOUND = 0.02
#: While the other face is held up, seconds of the clip.
_HELD_FROM_S, _HELD_UNTIL_S = 3.0, 6.0
#: Frames of a second that are measured, at places that differ from second to second.
_MEASURED = 6
_SEED = 3
_BATCH = 4
#: The astronaut's face in the portrait: left, top, side in pixels.
_FACE = (166, 30, 160)


@dataclass(frozen=True)
class Beside:
    """LPIPS of each second, and whether pictures were shown as they are for most of it."""

    facewire: NDArray[np.float64]
    rival: NDArray[np.float64]
    plain: NDArray[np.float64]  #: share of each second


def run(paths: list[Path], kbps: float, rival_name: str, covered: bool) -> Report:
    """Measure every clip, and with `covered` also with the other face before it.

    Raises `BenchError` if there are no clips or scikit-image is missing, and what reading clips and ffmpeg raise.
    """
    report = Report(
        f"LPIPS of each second at {kbps:g} kbit/s, facewire beside {rival_name}",
        ["clip", "kbit/s", rival_name, "mean", rival_name, "worst second beside", "at s", "seconds beyond", "plain"],
    )
    cache, animator, metric = Cache(default_folder()), Animator(), Lpips()
    worst, beyond = -1.0, 0
    for path in tqdm(files_of(paths), unit="clip", disable=None):
        clip = load_clip(path, animator.side)
        faces = tracked(clip, cache)
        for subject in [clip, *([cover(clip, faces)] if covered else [])]:
            coded = facewire_candidate.code(subject, tracked(subject, cache), kbps, animator, CandidateOptions())
            rival = rivals.code_near(subject, rivals.RIVALS[rival_name], kbps, cache)
            seconds = compare(subject, coded, rival, metric)
            difference = seconds.facewire - seconds.rival
            worst, beyond = max(worst, float(difference.max())), beyond + int((difference > BOUND).sum())
            report.rows.append(
                [
                    *(subject.name, f"{coded.kbps:.1f}", f"{rival.kbps:.1f}"),
                    *(f"{seconds.facewire.mean():.3f}", f"{seconds.rival.mean():.3f}", f"{difference.max():+.3f}"),
                    *(str(int(difference.argmax())), str(int((difference > BOUND).sum()))),
                    f"{seconds.plain.mean() * 100:.0f} %",
                ]
            )
            report.notes += _by_second(subject.name, seconds)
    report.figures = {"worst_second_beside_rival_lpips": round(worst, 3), "seconds_beyond_bound": beyond}
    return report


def compare(clip: Clip, coded: Coded, rival: Coded, metric: Lpips) -> Beside:
    """Return the LPIPS of both in each second of a clip; the last second may be a part of one."""
    frames = measured_frames(len(clip.pictures))
    second = frames // FPS
    ours, theirs = (
        _lpips(metric, clip.pictures[frames], pictures[frames]) for pictures in (coded.pictures, rival.pictures)
    )
    by_second = [second == number for number in range(second.max() + 1)]
    is_plain = np.zeros(len(clip.pictures), np.bool_) if coded.plain is None else coded.plain
    plain = np.array([is_plain[number * FPS : (number + 1) * FPS].mean() for number in range(len(by_second))])
    return Beside(
        np.array([ours[chosen].mean() for chosen in by_second]),
        np.array([theirs[chosen].mean() for chosen in by_second]),
        plain,
    )


def measured_frames(count: int) -> NDArray[np.int64]:
    """Return the numbers of the measured frames of a clip of `count`: some of each second, at varying places."""
    generator = np.random.default_rng(_SEED)
    chosen = [
        start + np.sort(generator.choice(min(FPS, count - start), min(_MEASURED, count - start), replace=False))
        for start in range(0, count, FPS)
    ]
    return np.concatenate(chosen).astype(np.int64)


def cover(clip: Clip, faces: list[FloatArray | None]) -> Clip:
    """Return the clip with another face held before its own; it moves with it, and a little on its own.

    Raises `BenchError` if scikit-image is not installed.
    """
    try:
        from skimage import data
    except ImportError as error:
        raise BenchError("scikit-image is not installed: install the extra `dev`") from error
    left, top, edge = _FACE
    other = np.asarray(data.astronaut(), np.uint8)[top : top + edge, left : left + edge]
    pictures = clip.pictures.copy()
    face: FloatArray | None = next((found for found in faces if found is not None), None)
    for number in range(round(_HELD_FROM_S * FPS), min(round(_HELD_UNTIL_S * FPS), len(pictures))):
        face = faces[number] if faces[number] is not None else face
        if face is not None:
            sway = np.array([6 * np.sin(number / 5), 4 * np.cos(number / 7)])
            _paste(pictures[number], other, face[:SURFACE, :2], sway)
    return Clip(f"{clip.name} covered", pictures)


def _paste(picture: Pictures, other: Pictures, points: FloatArray, shift: FloatArray) -> None:
    """Paint a disc of `other` over the (n, 2) points of a face, in place."""
    low, high = points.min(0), points.max(0)
    edge = max(16, int((high - low).max()))
    patch = resize(np.ascontiguousarray(other), edge)
    rows, columns = np.mgrid[:edge, :edge]
    disc = (columns - edge / 2) ** 2 + (rows - edge / 2) ** 2 < (edge / 2) ** 2
    left, top = np.rint((low + high) / 2 + shift - edge / 2).astype(int)
    rows, columns = rows[disc] + top, columns[disc] + left
    inside = (rows >= 0) & (columns >= 0) & (rows < picture.shape[0]) & (columns < picture.shape[1])
    picture[rows[inside], columns[inside]] = patch[disc][inside]


def _lpips(metric: Lpips, wanted: Pictures, shown: Pictures) -> NDArray[np.float64]:
    found = [
        metric.distance(metric.features(wanted[at : at + _BATCH]), metric.features(shown[at : at + _BATCH]))
        for at in range(0, len(wanted), _BATCH)
    ]
    return np.concatenate(found).astype(np.float64)


def _by_second(name: str, seconds: Beside) -> list[str]:
    rows = [("facewire", seconds.facewire), ("rival", seconds.rival)]
    lines = [f"{name}, second by second"]
    lines += [f"  {label:<9}" + " ".join(f"{value:.3f}" for value in values) for label, values in rows]
    lines.append("  plain    " + " ".join(f"{share * 100:4.0f}%" for share in seconds.plain))
    return lines
