"""`facewire bench score`: how near the closed loop's quick score comes to LPIPS, on what players really show."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from codec.animator import Animator
from codec.bench import facewire_candidate
from codec.bench.cache import Cache, default_folder
from codec.bench.clip import Clip, Pictures, load_clip
from codec.bench.facewire_candidate import CandidateOptions
from codec.bench.metrics.lpips import Lpips
from codec.bench.rate_distortion import files_of, tracked
from codec.bench.report import Report
from codec.perceptual_score import distances, prepare
from codec.settings import EncoderSettings

#: Rates at which clips are coded, kbit/s: pictures from poor to good, animated and shown as they are.
_RATES_KBPS = (5.0, 16.0)
#: One of so many frames is measured.
_STRIDE = 17

Values = NDArray[np.float64]


def run(paths: list[Path], longest_s: float) -> Report:
    """Code clips, and measure frames both ways. Raises `BenchError` if there are no clips, and what reading raises."""
    report = Report(
        "The closed loop's score beside LPIPS (what players show, live mode at 5 and 16 kbit/s)",
        ["clip", "frames", "correlation", "score", "LPIPS", "rms error"],
    )
    cache, animator, metric = Cache(default_folder()), Animator(), Lpips()
    scores: list[Values] = []
    truths: list[Values] = []
    for path in tqdm(files_of(paths), unit="clip", disable=None):
        clip = load_clip(path, animator.side, longest_s)
        score, truth = _measure(clip, cache, animator, metric)
        scores.append(score)
        truths.append(truth)
        report.rows.append([clip.name, *_row(score, truth)])
    score, truth = np.concatenate(scores), np.concatenate(truths)
    report.rows.append(["all", *_row(score, truth)])
    slope = float(np.polyfit(score, truth, 1)[0])
    settings = EncoderSettings()
    report.figures = {
        "correlation": round(float(np.corrcoef(score, truth)[0, 1]), 3),
        "mean_correlation_within_clips": round(
            float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(scores, truths, strict=True)])), 3
        ),
        "lpips_per_score": round(slope, 3),
        "plain_above_lpips": round(settings.plain_above * slope, 4),
        "animated_below_lpips": round(settings.animated_below * slope, 4),
    }
    return report


def _measure(clip: Clip, cache: Cache, animator: Animator, metric: Lpips) -> tuple[Values, Values]:
    """Return the score and the LPIPS of some frames of a clip at each rate."""
    frames = np.arange(_STRIDE // 2, len(clip.pictures), _STRIDE)
    wanted = clip.pictures[frames]
    scores: list[float] = []
    truths: list[float] = []
    for kbps in _RATES_KBPS:
        coded = facewire_candidate.code(clip, tracked(clip, cache), kbps, animator, CandidateOptions())
        shown = coded.pictures[frames]
        scores += [float(distances(prepare(a), prepare(b)).mean()) for a, b in zip(wanted, shown, strict=True)]
        truths += _lpips(metric, wanted, shown)
    return np.array(scores), np.array(truths)


def _lpips(metric: Lpips, wanted: Pictures, shown: Pictures) -> list[float]:
    pairs = zip(wanted, shown, strict=True)
    return [float(metric.distance(metric.features(a[None]), metric.features(b[None]))[0]) for a, b in pairs]


def _row(score: Values, truth: Values) -> list[str]:
    return [
        str(len(score)),
        *(f"{value:.3f}" for value in (np.corrcoef(score, truth)[0, 1], score.mean(), truth.mean())),
        f"{np.sqrt(np.mean((score - truth) ** 2)):.3f}",
    ]
