"""Compares weights with the landmark warp: `python -m models.evaluate CACHE --weights models/weights/pocket`.

CACHE is what `models.prepare` made of clips of other people than the training's. Every candidate draws the same frames
of each clip: the warp and the weights from the same live keyframes and the same motion, the weights also with auxiliary
frames, and the warp also with as many more keyframes as those auxiliary frames cost.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from codec.bench.metrics.dists import Dists
from codec.bench.metrics.landmark_error import compare, track
from codec.bench.metrics.lpips import Lpips
from codec.model_files import weights_folder
from codec.settings import EncoderSettings
from models.auxiliary_settings import FRAMES_PER_AUXILIARY
from models.clip_cache import CachedClip, read_clips
from models.errors import TrainingDataError
from models.graphs import Graphs
from models.keyframe_schedule import KeyframeSchedule, live_schedule

Pictures = NDArray[np.uint8]

_BATCH = 4
_DISTS_EVERY = 3
#: Frames whose landmarks move less than this on average, in pixels at 256², show a still head.
_STILL_PX = 0.35
#: A pool that spends the auxiliary stream's bits on keyframes adds one at this landmark distance.
_RICH_KEYFRAME_PX = 3.0
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Figures:
    """What was measured of one candidate on one clip; lower is better but for PSNR."""

    lpips: float
    dists: float
    psnr_y: float  #: dB
    landmarks_px: float  #: at 256²
    lips_px: float
    eyes_px: float
    flicker: float  #: change from frame to frame of a still head, over the source's; NaN if the head is never still
    kbps: float  #: keyframes' pictures and auxiliary frames


class Measures:
    """The perceptual metrics, loaded once."""

    def __init__(self) -> None:
        self._lpips = Lpips()
        self._dists = Dists()

    def measure(
        self, drawn: Pictures, after: Pictures, originals: Pictures, originals_after: Pictures,
        still: NDArray[np.bool_], stride: int, kbps: float,
    ) -> Figures:  # fmt: skip
        """Measure pictures that are `stride` frames apart, each with the one that follows it."""
        side = drawn.shape[1]
        landmarks = compare(track(drawn, stride), track(originals, stride), side)
        luma_error = (drawn.astype(np.float64) - originals) @ _LUMA
        change = np.abs(after.astype(np.float64) - drawn).mean((1, 2, 3))
        source_change = np.abs(originals_after.astype(np.float64) - originals).mean((1, 2, 3))
        return Figures(
            lpips=_mean_distance(self._lpips, drawn, originals),
            dists=_mean_distance(self._dists, drawn[::_DISTS_EVERY], originals[::_DISTS_EVERY]),
            psnr_y=float(10 * np.log10(255**2 / np.maximum((luma_error**2).mean((1, 2)), 1e-3)).mean()),
            landmarks_px=landmarks.all_px,
            lips_px=landmarks.lips_px,
            eyes_px=landmarks.eyes_px,
            flicker=float(change[still].sum() / max(source_change[still].sum(), 1e-6)) if still.any() else float("nan"),
            kbps=kbps,
        )


def evaluate_clip(
    clip: CachedClip, warp: Graphs, weights: Graphs, measures: Measures, level: int, stride: int
) -> dict[str, Figures]:
    """Return the figures of all candidates on one clip, by name."""
    settings = EncoderSettings()
    kbps = float(clip.auxiliary_kbps[level])
    pool = live_schedule(clip, settings)
    richer = replace(settings, keyframe_kbps=settings.keyframe_kbps + kbps, new_keyframe_px=_RICH_KEYFRAME_PX)
    rich_pool = live_schedule(clip, richer)
    numbers = list(range(0, len(clip.frames) - 1, stride))
    originals, originals_after = (np.stack([clip.frames[n + k] for n in numbers]) for k in (0, 1))
    moved = np.hypot(*(clip.tracked[1:, :, :2] - clip.tracked[:-1, :, :2]).transpose(2, 0, 1)).mean(1) * 128
    still = moved[numbers] < _STILL_PX
    figures = {}
    for name, graphs, schedule, auxiliary in (
        ("warp", warp, pool, None),
        ("net", weights, pool, None),
        ("warp, more keyframes", warp, rich_pool, None),
        ("net, auxiliary", weights, pool, clip.auxiliary[level]),
    ):
        drawn = _draw(clip, graphs, schedule, [n + k for n in numbers for k in (0, 1)], auxiliary)
        total = schedule.kbps + (0.0 if auxiliary is None else kbps)
        figures[name] = measures.measure(drawn[::2], drawn[1::2], originals, originals_after, still, stride, total)
    return figures


def report(results: dict[str, dict[str, Figures]]) -> str:
    """Return the table of all clips, the means, and what the weights change against the warp."""
    lines = [f"{'clip':12}{'candidate':22}  LPIPS  DISTS  PSNR-Y  landm.  lips  eyes  flicker  kbit/s"]
    for clip, by_name in results.items():
        lines += [_row(clip, name, figures) for name, figures in by_name.items()]
    means = {name: _mean([by_name[name] for by_name in results.values()]) for name in next(iter(results.values()))}
    lines += [_row("mean", name, figures) for name, figures in means.items()]
    for candidate, rival in (("net", "warp"), ("net, auxiliary", "warp, more keyframes"), ("net, auxiliary", "net")):
        changes = [by_name[candidate].lpips / by_name[rival].lpips - 1 for by_name in results.values()]
        lpips = means[candidate].lpips / means[rival].lpips - 1
        dists = means[candidate].dists / means[rival].dists - 1
        lines.append(
            f"{candidate} against {rival}: LPIPS {lpips:+.1%}, DISTS {dists:+.1%}, "
            f"LPIPS of the worst clip {max(changes):+.1%} ({list(results)[int(np.argmax(changes))]})"
        )
    return "\n".join(lines)


def _draw(
    clip: CachedClip, graphs: Graphs, schedule: KeyframeSchedule, numbers: list[int], auxiliary: Pictures | None
) -> Pictures:
    cached = graphs.cache_keyframes(clip, schedule)
    pictures = []
    for number in numbers:
        first, second = schedule.picks[number]
        other = None if second is None else cached[second]
        small = None if auxiliary is None else auxiliary[number // FRAMES_PER_AUXILIARY]
        pictures.append(graphs.draw(cached[first], other, clip.landmarks[number], small))
    return np.stack(pictures)


def _batches(pictures: Pictures) -> Iterator[Pictures]:
    for start in range(0, len(pictures), _BATCH):
        yield pictures[start : start + _BATCH]


def _mean_distance(metric: Lpips | Dists, drawn: Pictures, originals: Pictures) -> float:
    pairs = zip(_batches(drawn), _batches(originals), strict=True)
    return float(np.concatenate([metric.distance(metric.features(a), metric.features(b)) for a, b in pairs]).mean())


def _mean(figures: list[Figures]) -> Figures:
    columns = {name: [getattr(figure, name) for figure in figures] for name in asdict(figures[0])}
    return Figures(**{name: float(np.nanmean(values)) for name, values in columns.items()})


def _row(clip: str, name: str, f: Figures) -> str:
    return (
        f"{clip:12}{name:22}{f.lpips:7.4f}{f.dists:7.4f}{f.psnr_y:8.2f}{f.landmarks_px:8.2f}{f.lips_px:6.2f}"
        f"{f.eyes_px:6.2f}{f.flicker:9.2f}{f.kbps:8.2f}"
    )


def main() -> None:
    """Evaluate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cache", type=Path, metavar="CACHE")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--against", type=Path, default=weights_folder("warp"), help="the warp's weights")
    parser.add_argument("--level", type=int, default=1, help="which of the cache's auxiliary streams: 0 is the best")
    parser.add_argument("--stride", type=int, default=5, help="frames between measured ones")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    clips = read_clips(arguments.cache)
    if not clips:
        raise TrainingDataError(f"no clip in {arguments.cache}: run `python -m models.prepare` first")
    warp, weights, measures = Graphs(arguments.against), Graphs(arguments.weights), Measures()
    results = {
        clip.name: evaluate_clip(clip, warp, weights, measures, arguments.level, arguments.stride)
        for clip in tqdm(clips, desc="evaluating", unit="clip")
    }
    print(report(results))
    if arguments.json:
        figures = {clip: {name: asdict(f) for name, f in by_name.items()} for clip, by_name in results.items()}
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
