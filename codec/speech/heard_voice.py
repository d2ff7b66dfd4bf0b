"""What was heard of one person, as features on the clock of their frames."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from codec.motion import FloatArray
from codec.speech.features import BANDS, COLUMN_MS, SAMPLE_RATE, SILENCE, LogMel
from codec.speech.networks import COLUMNS, COLUMNS_AFTER, FEATURES, FRAME_MS, SpeechEncoder

_COLUMNS_PER_FRAME = FRAME_MS // COLUMN_MS
_MEMORY_MS = 2_000
#: Sound that comes so much earlier or later than what came before says goes on with it; beyond, it begins anew.
_LARGEST_SLIP_MS = 30.0


class HeardVoice:
    """Features of a stream of sound, one every 40 ms, kept for 2 s."""

    def __init__(self, encoder: SpeechEncoder) -> None:
        self._encoder = encoder
        self._features: deque[tuple[float, FloatArray]] = deque()
        self._log_mel = LogMel()
        self._columns: NDArray[np.float32] = np.zeros((0, BANDS), np.float32)
        self._frame_ms = 0.0  #: of the next features
        self._end_ms = float("-inf")  #: where the next sound should begin

    @property
    def end_ms(self) -> float:
        """Where the newest sound ends; minus infinity before any."""
        return self._end_ms

    def add(self, samples: NDArray[np.floating], time_ms: float) -> None:
        """Take mono sound (16 kHz, ±1) whose first sample belongs to `time_ms` of the sender's clock.

        Sound that does not go on where the last ended begins a new stretch, with silence before it.
        """
        if abs(time_ms - self._end_ms) > _LARGEST_SLIP_MS:
            self._begin(time_ms)
        self._end_ms += 1000 * len(samples) / SAMPLE_RATE
        columns = self._log_mel.push(samples)
        self._columns = np.concatenate([self._columns, columns.astype(np.float32)])
        frames = (len(self._columns) - COLUMNS) // _COLUMNS_PER_FRAME + 1
        if frames <= 0:
            return
        starts = _COLUMNS_PER_FRAME * np.arange(frames)
        windows = self._columns[starts[:, None] + np.arange(COLUMNS)].transpose(0, 2, 1)
        for features in self._encoder.encode(np.ascontiguousarray(windows)):
            self._features.append((self._frame_ms, features))
            self._frame_ms += FRAME_MS
        self._columns = self._columns[frames * _COLUMNS_PER_FRAME :]
        while self._features[0][0] < self._frame_ms - _MEMORY_MS:
            self._features.popleft()

    def around(self, time_ms: float, before_ms: float, after_ms: float) -> tuple[FloatArray, FloatArray]:
        """Return the (n,) times of the features there are from before to after a time, and (n, 9) of them."""
        inside = [entry for entry in self._features if -before_ms <= entry[0] - time_ms <= after_ms]
        rows = np.array([row for _, row in inside]).reshape(-1, FEATURES)
        return np.array([frame_ms for frame_ms, _ in inside], np.float64), rows

    def _begin(self, time_ms: float) -> None:
        """Start a stretch of sound; the first frame is the one whose look-ahead its first columns fill."""
        self._log_mel = LogMel()
        self._columns = np.full((COLUMNS - COLUMNS_AFTER, BANDS), SILENCE, np.float32)
        self._frame_ms = time_ms
        self._end_ms = time_ms
        self._features = deque(entry for entry in self._features if entry[0] < time_ms)
