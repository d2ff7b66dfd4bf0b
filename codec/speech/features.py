"""Log-mel features of speech, strictly causal (Davis and Mermelstein, IEEE TASSP 1980; the mel scale of O'Shaughnessy).

Sound is mono at 16 kHz, full scale ±1. A *column* comes every 160 samples (10 ms) from a window of 400 (25 ms) that
ends with them: column `j` needs nothing after sample 160·(j + 1). docs/speech.md gives the arithmetic.
"""

import numpy as np
from numpy.typing import NDArray

from codec.motion import FloatArray

SAMPLE_RATE = 16_000
HOP = 160
WINDOW = 400
BANDS = 40
COLUMN_MS = 1000 * HOP // SAMPLE_RATE
#: What is added to the power before the logarithm: silence is -8.
_POWER_FLOOR = 1e-8
#: The column of digital silence.
SILENCE = float(np.log10(_POWER_FLOOR))

_TRANSFORM = 512
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 7600.0


class LogMel:
    """Turns a stream of sound into columns; sound before the first sample counts as silence."""

    def __init__(self) -> None:
        self._bank = _mel_bank()
        self._hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
        self._power_scale = 1 / float((self._hann**2).sum())
        self._pending = np.zeros(WINDOW - HOP)

    def push(self, samples: NDArray[np.floating]) -> FloatArray:
        """Take (n,) samples, n of any size; return the (m, 40) columns that they complete, log10 of power."""
        self._pending = np.concatenate([self._pending, np.asarray(samples, np.float64)])
        count = max(0, (len(self._pending) - WINDOW) // HOP + 1)
        if not count:
            return np.zeros((0, BANDS))
        windows = np.lib.stride_tricks.sliding_window_view(self._pending, WINDOW)[::HOP][:count] * self._hann
        power = np.abs(np.fft.rfft(windows, _TRANSFORM)) ** 2 * self._power_scale
        self._pending = self._pending[count * HOP :]
        return np.asarray(np.log10(power @ self._bank.T + _POWER_FLOOR), np.float64)


def _mel_bank() -> FloatArray:
    """Return the (40, 257) triangular bands, each of unit sum, evenly spaced in mel from 60 to 7600 Hz."""
    lowest, highest = (2595 * np.log10(1 + hertz / 700) for hertz in (_LOWEST_HZ, _HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)
    bins = np.arange(_TRANSFORM // 2 + 1) * SAMPLE_RATE / _TRANSFORM
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    bank = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(bank / bank.sum(1, keepdims=True), np.float64)
