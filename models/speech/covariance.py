"""Measures how expression, its quantised form and the encoder's features go together over time."""

from dataclasses import dataclass

import numpy as np

from codec.motion import FloatArray
from codec.settings import EncoderSettings
from codec.speech.fusion import LAGS, MOUTH, Covariances
from models.speech.mouth_modes import MouthModes

#: Standard deviation in lags of the bell that all covariances are multiplied by: distant lags are mostly chance.
_TAPER_LAGS = 6.0
_SPECTRUM_LENGTH = 256


@dataclass(frozen=True)
class HeardClip:
    """A clip in the fusion's terms."""

    expression: FloatArray  #: (frames, 24), not rounded
    scale: float  #: root mean square of the lips' displacement in this clip, pixels
    features: tuple[FloatArray, ...]  #: each (frames, 9): of the sound as it is, and disturbed; none without sound


class _Sum:
    """A mean covariance over many tracks, at lags of -16 … 16 frames."""

    def __init__(self, channels: int) -> None:
        self._products = np.zeros((2 * LAGS + 1, channels))
        self._counts = np.zeros(2 * LAGS + 1)

    def add(self, first: FloatArray, second: FloatArray) -> None:
        for lag in range(-LAGS, LAGS + 1):
            early, late = (
                first[max(0, -lag) : len(first) - max(0, lag)],
                second[max(0, lag) : len(second) + min(0, lag)],
            )
            self._products[lag + LAGS] += (early * late).sum(0)
            self._counts[lag + LAGS] += len(early)

    @property
    def mean(self) -> FloatArray:
        taper = np.exp(-0.5 * (np.arange(-LAGS, LAGS + 1) / _TAPER_LAGS) ** 2)
        return np.asarray(self._products / self._counts[:, None] * taper[:, None], np.float64)


def measure(clips: list[HeardClip], modes: MouthModes) -> Covariances:
    """Return the covariances, of clips whose features come from encoders that never heard those people."""
    channels = MOUTH + modes.project.shape[0]
    signal, quantised, crossed = _Sum(channels), _Sum(channels), _Sum(channels)
    sound, told = _Sum(MOUTH), _Sum(MOUTH)
    for clip in clips:
        rest = clip.expression.mean(0)
        wanted = _channels(clip.expression - rest, modes)
        coarse = _channels(_quantised(clip.expression) - rest, modes)
        signal.add(wanted / clip.scale, wanted / clip.scale)
        crossed.add(wanted, coarse - wanted)
        quantised.add(coarse, coarse)
        quantised.add(-wanted, wanted)
        for features in clip.features:
            heard = features[:, :MOUTH] - features[:, :MOUTH].mean(0)
            sound.add(heard, heard)
            told.add(wanted[:, :MOUTH] / clip.scale, heard)
    return Covariances(
        modes.project,
        modes.lift,
        _positive(signal.mean),
        _positive(2 * quantised.mean),
        crossed.mean,
        _positive(sound.mean),
        told.mean,
    )


def _positive(covariance: FloatArray) -> FloatArray:
    """Return the nearest covariance (33, channels) of a process: symmetric, and with no negative power anywhere."""
    circle = np.zeros((_SPECTRUM_LENGTH, covariance.shape[1]))
    for lag in range(-LAGS, LAGS + 1):
        circle[lag] = (covariance[LAGS + lag] + covariance[LAGS - lag]) / 2
    power = np.maximum(0, np.fft.fft(circle, axis=0).real)
    back = np.fft.ifft(power, axis=0).real
    return np.asarray(back[np.arange(-LAGS, LAGS + 1)], np.float64)


def _channels(offsets: FloatArray, modes: MouthModes) -> FloatArray:
    mouth = offsets @ modes.project
    return np.concatenate([mouth, offsets - mouth @ modes.lift], 1)


def _quantised(expression: FloatArray) -> FloatArray:
    """Return (frames, 24) as `codec.motion.quantise` rounds them, one after another."""
    hysteresis = EncoderSettings().hysteresis
    rows = [np.rint(expression[0])]
    for row in expression[1:]:
        rows.append(np.where(np.abs(row - rows[-1]) < 0.5 + hysteresis, rows[-1], np.rint(row)))
    return np.stack(rows)
