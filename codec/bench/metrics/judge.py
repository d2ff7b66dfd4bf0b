"""All measures of one clip: what is needed of the original is computed once."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from codec.bench.cache import Cache
from codec.bench.clip import Clip, Pictures, digest, to_planes
from codec.bench.metrics.dists import Dists
from codec.bench.metrics.landmark_error import compare, track
from codec.bench.metrics.lpips import SMALLEST_SIDE, Lpips
from codec.bench.metrics.psnr import psnr_y
from codec.bench.metrics.vmaf import vmaf
from codec.motion import LIPS

#: One of so many frames is measured, at a place that differs from one stretch to the next: codecs have rhythms of their
#: own (layers, repeated frames, keyframes), and a regular choice would meet some of them always at their best.
STRIDE = 5
_PLACES_SEED = 25
#: DISTS costs 30 times LPIPS: every fifth of those.
_DISTS_SHARE = 5
#: The mouth region is a square of a quarter of the picture's edge around the original's lips.
_MOUTH_SHARE = 4
_BATCH = 4
#: Changes whenever a measure does, so that the cache forgets the old values.
_VERSION = "2"


@dataclass(frozen=True)
class Quality:
    """Means over the measured frames of a clip. Lower is better but for PSNR and VMAF."""

    lpips: float
    lpips_mouth: float  #: NaN if the original has no face
    dists: float
    psnr_y: float  #: dB
    vmaf: float  #: 0…100
    landmarks_px: float  #: at 256²
    lips_px: float
    eyes_px: float
    faces_lost: float  #: 0…1


class Judge:
    """Measures what codecs made of one clip."""

    def __init__(self, clip: Clip, cache: Cache) -> None:
        """Load the metrics. Raises `ModelFileError` or `BenchError` if something is not installed."""
        self._clip = clip
        self._cache = cache
        self._lpips = Lpips()
        self._dists = Dists()

    def measure(self, pictures: Pictures) -> Quality:
        """Measure the clip's pictures as a receiver sees them (the same shape), or take the values from the cache.

        Raises `BenchError` if VMAF cannot be had.
        """
        key = ("quality", _VERSION, str(STRIDE), self._clip.digest, digest(pictures))
        kept = self._cache.get(*key)
        if kept is not None:
            return Quality(**json.loads(kept))
        quality = self._measure(pictures)
        self._cache.put(json.dumps(asdict(quality)).encode(), *key)
        return quality

    def _measure(self, pictures: Pictures) -> Quality:
        side = self._clip.side
        planes = to_planes(pictures)
        sampled = pictures[measured_frames(len(pictures))]
        landmarks = compare(track(sampled, STRIDE), self._landmarks, side)
        return Quality(
            lpips=_mean_distance(self._lpips, sampled, self._whole),
            lpips_mouth=_mean_distance(self._lpips, self._mouths(sampled), self._mouth),
            dists=_mean_distance(self._dists, sampled[::_DISTS_SHARE], self._textures),
            psnr_y=psnr_y(planes, self._clip.planes, side),
            vmaf=vmaf(planes, self._clip.planes, side, STRIDE),
            landmarks_px=landmarks.all_px,
            lips_px=landmarks.lips_px,
            eyes_px=landmarks.eyes_px,
            faces_lost=landmarks.faces_lost,
        )

    @cached_property
    def _sampled(self) -> Pictures:
        return self._clip.pictures[measured_frames(len(self._clip.pictures))]

    @cached_property
    def _landmarks(self) -> list[NDArray[np.float64] | None]:
        return track(self._sampled, STRIDE)

    @cached_property
    def _whole(self) -> list[list[NDArray[np.float32]]]:
        return _features(self._lpips, self._sampled)

    @cached_property
    def _mouth(self) -> list[list[NDArray[np.float32]]]:
        return _features(self._lpips, self._mouths(self._sampled))

    @cached_property
    def _textures(self) -> list[list[NDArray[np.float32]]]:
        return _features(self._dists, self._sampled[::_DISTS_SHARE])

    def _mouths(self, pictures: Pictures) -> Pictures:
        """Return the mouth regions of the sampled pictures whose originals have a face."""
        edge = max(SMALLEST_SIDE, self._clip.side // _MOUTH_SHARE)
        cuts = []
        for picture, face in zip(pictures, self._landmarks, strict=True):
            if face is not None:
                centre = face[list(LIPS), :2].mean(0)
                left, top = np.clip(np.rint(centre - edge / 2), 0, self._clip.side - edge).astype(int)
                cuts.append(picture[top : top + edge, left : left + edge])
        return np.stack(cuts) if cuts else np.empty((0, edge, edge, 3), np.uint8)


def measured_frames(count: int) -> NDArray[np.int64]:
    """Return the numbers of the frames that are measured of a clip of `count`."""
    starts = np.arange(0, count, STRIDE)
    places = np.random.default_rng(_PLACES_SEED).integers(0, STRIDE, len(starts))
    return np.asarray(np.minimum(starts + places, count - 1), np.int64)


def _batches(pictures: Pictures) -> Iterator[Pictures]:
    for start in range(0, len(pictures), _BATCH):
        yield pictures[start : start + _BATCH]


def _features(metric: Lpips | Dists, pictures: Pictures) -> list[list[NDArray[np.float32]]]:
    return [metric.features(batch) for batch in _batches(pictures)]


def _mean_distance(metric: Lpips | Dists, pictures: Pictures, wanted: list[list[NDArray[np.float32]]]) -> float:
    if not len(pictures):
        return float("nan")
    pairs = zip(_batches(pictures), wanted, strict=True)
    return float(np.concatenate([metric.distance(metric.features(batch), known) for batch, known in pairs]).mean())
