"""From measured points to the claims: bits saved at equal quality, clip by clip and on average."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import isfinite, nan
from statistics import fmean

from codec.bench.bd_rate import BdRate, Curve, bd_rate, best_of, curve, quality_at, rate_at
from codec.bench.metrics.judge import Quality

#: Measures that bits are compared at, and whether lower is better.
METRICS = {"lpips": True, "lpips_mouth": True, "dists": True, "lips_px": True, "psnr_y": False, "vmaf": False}
#: Name of the better of VVC at 25 and at 12.5 frames a second, at each rate.
BEST_VVC = "best vvc"
#: Rates at which averages over clips are printed, kbit/s.
RATES_KBPS = (5.5, 8.0, 12.0, 16.0, 20.0)


@dataclass(frozen=True)
class Point:
    """One codec at one rate on one clip."""

    clip: str
    codec: str
    setting: str
    kbps: float
    quality: Quality

    def as_json(self) -> dict[str, object]:
        """Return the point as JSON can hold it."""
        measures = {name: value if isfinite(value) else None for name, value in asdict(self.quality).items()}
        return {"clip": self.clip, "codec": self.codec, "setting": self.setting, "kbps": self.kbps, **measures}


@dataclass(frozen=True)
class AtRate:
    """Mean qualities of two codecs at one rate."""

    tested: float
    anchor: float
    clips: int


class Curves:
    """All curves of one metric: clip by clip, codec by codec."""

    def __init__(self, points: Iterable[Point], metric: str) -> None:
        """Sort the points; `metric` is one of `METRICS`."""
        self.metric = metric
        found: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for point in points:
            pairs = found.setdefault(point.clip, {}).setdefault(point.codec, [])
            pairs.append((point.kbps, getattr(point.quality, metric)))
        self.by_clip: dict[str, dict[str, Curve]] = {}
        for clip, codecs in found.items():
            curves = {codec: curve(pairs, METRICS[metric]) for codec, pairs in codecs.items()}
            if "vvc" in curves and "vvc12" in curves:
                curves[BEST_VVC] = best_of(curves["vvc"], curves["vvc12"])
            self.by_clip[clip] = curves

    def savings(self, tested: str, anchor: str) -> dict[str, BdRate | None]:
        """Return, for each clip, the rate that `tested` needs beside `anchor`'s; None where they never meet."""
        return {
            clip: bd_rate(curves[tested], curves[anchor])
            for clip, curves in self.by_clip.items()
            if tested in curves and anchor in curves
        }

    def at_rate(self, tested: str, anchor: str, kbps: float) -> "AtRate | None":
        """Return both codecs' mean qualities at a rate, over the clips on which both reach it; None without any."""
        pairs = []
        for curves in self.by_clip.values():
            if tested in curves and anchor in curves:
                one, other = quality_at(curves[tested], kbps), quality_at(curves[anchor], kbps)
                if one is not None and other is not None:
                    pairs.append((one, other))
        if not pairs:
            return None
        return AtRate(fmean(one for one, _ in pairs), fmean(other for _, other in pairs), len(pairs))

    def saved_at_best(self, tested: str, anchor: str, below_kbps: float) -> dict[str, float]:
        """Return, for each clip, the percentage of bits that `tested` needs less at `anchor`'s best quality.

        The anchor's points at or above `below_kbps` do not count. Where `tested` is better than that at its lowest
        rate already, that rate stands. Clips where it never gets there are left out.
        """
        saved = {}
        for clip, curves in self.by_clip.items():
            within = curves[anchor].below(below_kbps) if anchor in curves else None
            if within is None or not len(within.kbps) or tested not in curves:
                continue
            needed = rate_at(curves[tested], float(within.quality[-1]))
            if needed is not None:
                saved[clip] = (1 - needed / float(within.kbps[-1])) * 100
        return saved


def mean_percent(savings: dict[str, BdRate | None]) -> float:
    """Return the mean over clips with an overlap; NaN if there is none."""
    found = [saving.percent for saving in savings.values() if saving is not None]
    return fmean(found) if found else nan
