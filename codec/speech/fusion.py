"""Sound and received motion → expression: the best linear estimate (Wiener's; in space, kriging).

Expression is taken as a stationary process about a person's rest: eight *mouth* channels, the modes in which lips move,
of which the speech encoder says something too, and the remaining *face* channels, which only motion tells of. Where and
how finely motion was received makes no difference to the method: coarse integers, frames that were left out or lost and
sound are all observations, whose covariances over time were measured on talking people (docs/speech.md).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from codec.errors import ModelFileError
from codec.motion import EXPRESSION, FloatArray

MOUTH = 8
CHANNELS = MOUTH + EXPRESSION
LAG_MS = 40.0
#: Covariances are known for lags of up to so many times 40 ms either way.
LAGS = 16

_VERSION = 1
_MOST_FRAMES = 12
#: Of each observation's variance: keeps the estimate sane where observations nearly repeat each other.
_NUGGET = 0.01
_SMALLEST_VARIANCE = 1e-4


@dataclass(frozen=True)
class Covariances:
    """What the estimate needs; each covariance has a row for each lag of -16 … 16 (the second later than the first).

    Signals are in units of the person's scale, what quantising does in its steps (for the mouth: pixels).
    """

    project: FloatArray  #: (24, 8): expression → mouth; the length of (8,) is the lips' displacement in pixels
    lift: FloatArray  #: (8, 24): mouth → expression
    signal: FloatArray  #: (33, 32)
    quantised: FloatArray  #: (33, 32): of the quantised motion, less the signal's
    crossed: FloatArray  #: (33, 32): of signal and quantised motion, less the signal's
    sound: FloatArray  #: (33, 8): of the encoder's features
    told: FloatArray  #: (33, 8): of mouth and features


@dataclass(frozen=True)
class Observations:
    """What is known around the frame to estimate; times are ms from it, later ones positive."""

    frame_ms: FloatArray  #: (n,)
    motion: FloatArray  #: (n, 24): expression from rest, quantiser's steps
    sound_ms: FloatArray  #: (m,)
    features: FloatArray  #: (m, 8 or more): the mouth as the encoder heard it, in units of the person's scale


class MouthFusion:
    """The estimate; holds no state."""

    def __init__(self, covariances: Covariances) -> None:
        self._table = covariances

    def estimate(self, seen: Observations, scale_px: float) -> tuple[FloatArray, float]:
        """Return the (24,) expression from rest, and the root of its lips' expected square error in pixels.

        `scale_px` is the root mean square displacement of this person's lips.
        """
        table = self._table
        nearest = np.sort(np.argsort(np.abs(seen.frame_ms))[:_MOST_FRAMES])
        frame_ms, motion = seen.frame_ms[nearest], seen.motion[nearest]
        mouth = motion @ table.project
        channels = np.concatenate([mouth, motion - mouth @ table.lift], 1)
        own, with_target = self._motion_covariances(frame_ms, scale_px**2)
        features = seen.features[:, :MOUTH] * scale_px
        heard, with_mouth, between = self._sound_covariances(frame_ms, seen.sound_ms, scale_px**2)
        both = np.concatenate(
            [
                np.concatenate([own[:MOUTH], between], 2),
                np.concatenate([between.transpose(0, 2, 1), heard], 2),
            ],
            1,
        )
        targets = np.concatenate([with_target[:MOUTH], with_mouth], 1)
        observed = np.concatenate([channels[:, :MOUTH], features])
        weights = _solve(both, targets)
        mouth_estimate = np.einsum("kn,nk->k", weights, observed)
        face_estimate = np.einsum("kn,nk->k", _solve(own[MOUTH:], with_target[MOUTH:]), channels[:, MOUTH:])
        variance = table.signal[LAGS, :MOUTH] * scale_px**2 - (weights * targets).sum(1)
        error_px = float(np.sqrt(np.maximum(0, variance).sum()))
        return np.asarray(mouth_estimate @ table.lift + face_estimate, np.float64), error_px

    def _motion_covariances(self, frame_ms: FloatArray, square: float) -> tuple[FloatArray, FloatArray]:
        """Return (32, n, n): of received frames, and (32, n): of each with the frame to estimate."""
        lags = frame_ms[None] - frame_ms[:, None]
        table = self._table
        own = square * _at(table.signal, lags) + _at(table.quantised, lags)
        with_target = square * _at(table.signal, frame_ms) + _at(table.crossed, frame_ms)
        return own.transpose(2, 0, 1), with_target.T

    def _sound_covariances(
        self, frame_ms: FloatArray, sound_ms: FloatArray, square: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return (8, m, m): of features, (8, m): of each with the mouth to estimate, (8, n, m): with received ones."""
        table = self._table
        heard = square * _at(table.sound, sound_ms[None] - sound_ms[:, None])
        between = square * _at(table.told, sound_ms[None] - frame_ms[:, None])
        return heard.transpose(2, 0, 1), (square * _at(table.told, sound_ms)).T, between.transpose(2, 0, 1)


def _at(covariance: FloatArray, lags_ms: FloatArray) -> FloatArray:
    """Return a covariance (33, channels) at lags of any shape: between those that are known, 0 beyond."""
    place = np.clip(lags_ms / LAG_MS + LAGS, 0, 2 * LAGS)
    low = np.minimum(place.astype(np.int64), 2 * LAGS - 1)
    share = (place - low)[..., None]
    between = covariance[low] * (1 - share) + covariance[low + 1] * share
    return np.asarray(between * (np.abs(lags_ms) <= LAG_MS * LAGS)[..., None], np.float64)


def _solve(covariance: FloatArray, targets: FloatArray) -> FloatArray:
    """Return the weights (channels, n) of the best linear estimate."""
    count = covariance.shape[1]
    regular = covariance.copy()
    diagonal = np.arange(count)
    regular[:, diagonal, diagonal] = regular[:, diagonal, diagonal] * (1 + _NUGGET) + _SMALLEST_VARIANCE
    return np.asarray(np.linalg.solve(regular, targets[..., None])[..., 0], np.float64)


_SHAPES = {
    "project": (EXPRESSION, MOUTH),
    "lift": (MOUTH, EXPRESSION),
    "signal": (2 * LAGS + 1, CHANNELS),
    "quantised": (2 * LAGS + 1, CHANNELS),
    "crossed": (2 * LAGS + 1, CHANNELS),
    "sound": (2 * LAGS + 1, MOUTH),
    "told": (2 * LAGS + 1, MOUTH),
}


def pack_covariances(covariances: Covariances) -> bytes:
    """Return the file: msgpack, every array as little-endian float32."""
    arrays = {name: getattr(covariances, name).astype("<f4").tobytes() for name in _SHAPES}
    packed: bytes = msgpack.packb({"version": _VERSION, **arrays})
    return packed


def parse_covariances(data: bytes) -> Covariances:
    """Read what `pack_covariances` wrote. Raises `ModelFileError` for another version or size."""
    try:
        table: dict[str, Any] = msgpack.unpackb(data)
        if table["version"] != _VERSION:
            raise ModelFileError(f"covariances of version {table['version']}, this codec reads version {_VERSION}")
        arrays = {name: np.frombuffer(table[name], "<f4").reshape(shape) for name, shape in _SHAPES.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"broken table of covariances: {error}") from error
    return Covariances(**{name: array.astype(np.float64) for name, array in arrays.items()})


def load_covariances(path: Path) -> Covariances:
    """Read a file of covariances. Raises `ModelFileError` if it is missing or broken."""
    try:
        return parse_covariances(path.read_bytes())
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error}") from error
