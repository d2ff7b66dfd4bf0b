"""Bjøntegaard delta rate: bits saved at equal quality (VCEG-M33; piecewise cubic as in JVET's VTM templates)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from codec.bench.errors import BenchError

FloatArray = NDArray[np.float64]

#: Points between the ends of two curves at which the better one is taken.
_SAMPLES = 33


@dataclass(frozen=True)
class BdRate:
    """Mean difference of rate over the range of qualities that both curves reach."""

    percent: float  #: negative: fewer bits than the anchor
    lowest: float  #: the overlap range, in the metric's own unit
    highest: float


@dataclass(frozen=True)
class Curve:
    """Rates and qualities of one codec on one clip, by rising rate; quality improves strictly. May be empty."""

    kbps: FloatArray
    quality: FloatArray
    lower_is_better: bool
    reach_kbps: float  #: the highest rate that was measured; from the last point up to it nothing gets better

    def below(self, kbps: float) -> "Curve":
        """Return the part of the curve's points under a rate."""
        within = self.kbps < kbps
        return Curve(self.kbps[within], self.quality[within], self.lower_is_better, min(self.reach_kbps, kbps))


def curve(points: list[tuple[float, float]], lower_is_better: bool) -> Curve:
    """Return the curve through (kbit/s, quality) points: those that no cheaper point equals or surpasses.

    Points that are not finite are left out. Raises `BenchError` if a rate is not positive.
    """
    kept: list[tuple[float, float]] = []
    for kbps, quality in sorted(points):
        if kbps <= 0:
            raise BenchError(f"a rate of {kbps} kbit/s has no logarithm: the codec gave no bytes")
        better = not kept or (quality < kept[-1][1] if lower_is_better else quality > kept[-1][1])
        if np.isfinite(quality) and better:
            kept.append((kbps, quality))
    table = np.array(kept, np.float64).reshape(-1, 2)
    return Curve(table[:, 0], table[:, 1], lower_is_better, max((kbps for kbps, _ in points), default=0.0))


def bd_rate(tested: Curve, anchor: Curve) -> BdRate | None:
    """Return the mean rate difference at equal quality, or None: fewer than two points, or no common quality."""
    if len(tested.kbps) < 2 or len(anchor.kbps) < 2:
        return None
    lowest = max(tested.quality.min(), anchor.quality.min())
    highest = min(tested.quality.max(), anchor.quality.max())
    if lowest >= highest:
        return None
    difference = _mean_log_rate(tested, lowest, highest) - _mean_log_rate(anchor, lowest, highest)
    return BdRate(float((np.exp(difference) - 1) * 100), float(lowest), float(highest))


def best_of(one: Curve, other: Curve) -> Curve:
    """Return the better of two curves at each rate, sampled finely wherever at least one of them is defined."""
    if not len(one.kbps) or not len(other.kbps):
        return one if len(one.kbps) else other
    ends = [one.kbps[0], other.kbps[0], one.reach_kbps, other.reach_kbps]
    rates = np.unique(np.concatenate([one.kbps, other.kbps, np.geomspace(min(ends), max(ends), _SAMPLES)]))
    qualities = [_quality_at(one, rates), _quality_at(other, rates)]
    best = np.minimum(*qualities) if one.lower_is_better else np.maximum(*qualities)
    return curve(list(zip(rates.tolist(), best.tolist(), strict=True)), one.lower_is_better)


def quality_at(known: Curve, kbps: float) -> float | None:
    """Return a curve's quality at a rate, or None outside the rates that were measured."""
    if not len(known.kbps) or not known.kbps[0] <= kbps <= known.reach_kbps:
        return None
    return float(_quality_at(known, np.array([kbps]))[0])


def rate_at(known: Curve, quality: float) -> float | None:
    """Return the rate in kbit/s at which a curve is this good: its lowest if that is better, None if it never is."""
    if not len(known.kbps):
        return None
    sign = -1 if known.lower_is_better else 1
    if sign * known.quality[0] >= sign * quality:
        return float(known.kbps[0])
    if sign * known.quality[-1] < sign * quality:
        return None
    return float(np.exp(_log_rate(known)(quality)))


def _quality_at(known: Curve, kbps: FloatArray) -> FloatArray:
    """Return the qualities at rates; the worst possible outside the rates that were measured."""
    worst = np.inf if known.lower_is_better else -np.inf
    inside = (kbps >= known.kbps[0]) & (kbps <= known.reach_kbps)
    if len(known.kbps) == 1:
        return np.where(inside, known.quality[0], worst)
    within = np.clip(kbps, known.kbps[0], known.kbps[-1])
    values = PchipInterpolator(np.log(known.kbps), known.quality)(np.log(within))
    return np.where(inside, values, worst)


def _log_rate(known: Curve) -> PchipInterpolator:
    order = np.argsort(known.quality)
    return PchipInterpolator(known.quality[order], np.log(known.kbps[order]))


def _mean_log_rate(known: Curve, lowest: float, highest: float) -> float:
    return float(_log_rate(known).integrate(lowest, highest)) / (highest - lowest)
