"""A picture to look at: original, rival at the same rate, facewire, side by side for each clip."""

from dataclasses import dataclass
from math import log
from pathlib import Path

from codec.bench import rivals
from codec.bench.cache import Cache
from codec.bench.clip import Clip, Pictures
from codec.bench.coded import Coded
from codec.bench.errors import BenchError
from codec.bench.rivals import Rival

#: The rate that is shown: the candidate's point nearest to it.
_WANTED_KBPS = 8.0
_MOST_CLIPS = 6
#: Which frame is shown, as a share of the clip.
_MOMENT = 0.6


@dataclass(frozen=True)
class _Shown:
    clip: Clip
    kbps: float
    picture: Pictures


class Strip:
    """Collects what the candidate made of the first clips."""

    def __init__(self, rival: Rival, cache: Cache) -> None:
        self._rival = rival
        self._cache = cache
        self._shown: dict[str, _Shown] = {}

    def offer(self, clip: Clip, coded: Coded) -> None:
        """Take the candidate's result at one rate; the one nearest to 8 kbit/s is shown."""
        known = self._shown.get(clip.name)
        if known is None and len(self._shown) == _MOST_CLIPS:
            return
        if known is None or _distance(coded.kbps) < _distance(known.kbps):
            self._shown[clip.name] = _Shown(clip, coded.kbps, coded.pictures[_moment(clip)].copy())

    def write(self, path: Path, tested: str) -> None:
        """Code the rival at the candidate's rates and draw all.

        Raises `BenchError` if matplotlib is not installed or `path` cannot be written.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise BenchError("matplotlib is not installed: install the extra `bench`") from error
        figure = Figure(figsize=(9, 3.1 * len(self._shown)), layout="constrained")
        rows = figure.subplots(len(self._shown), 3, squeeze=False)
        for axes, shown in zip(rows, self._shown.values(), strict=True):
            against = rivals.code_near(shown.clip, self._rival, shown.kbps, self._cache)
            moment = _moment(shown.clip)
            cells = (
                (f"{shown.clip.name}, original", shown.clip.pictures[moment]),
                (f"{against.codec}, {against.kbps:.1f} kbit/s", against.pictures[moment]),
                (f"{tested}, {shown.kbps:.1f} kbit/s", shown.picture),
            )
            for axis, (title, picture) in zip(axes, cells, strict=True):
                axis.imshow(picture)
                axis.set_title(title, fontsize=9)
                axis.set_axis_off()
        try:
            figure.savefig(path, dpi=110)
        except (OSError, ValueError) as error:
            raise BenchError(f"{path} cannot be written: {error}") from error


def _distance(kbps: float) -> float:
    return abs(log(kbps / _WANTED_KBPS))


def _moment(clip: Clip) -> int:
    return int(len(clip.pictures) * _MOMENT)
