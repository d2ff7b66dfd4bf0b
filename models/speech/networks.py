"""The speech encoder (`codec.speech.networks`): it sees a fixed window and keeps no state between frames."""

import torch
from torch import Tensor, nn

from codec.speech.features import BANDS
from codec.speech.fusion import MOUTH
from codec.speech.networks import COLUMNS, FEATURES

_MEAN_LEVEL, _LEVEL_DEVIATION = -5.0, 1.5
#: Natural logarithms of a square error.
_SUREST, _LEAST_SURE = -5.0, 3.0


class SpeechEncoder(nn.Module):
    """Log-mel columns (N, 40, 32) → features (N, 9): the mouth's modes for a person of average scale, log-variance."""

    def __init__(self, width: int = 48, dropout: float = 0.3) -> None:
        super().__init__()
        self.columns = nn.Sequential(
            nn.Conv1d(BANDS, width, 5, 2, 2), nn.BatchNorm1d(width), nn.GELU(), nn.Dropout(dropout),
            nn.Conv1d(width, width, 5, 2, 2), nn.BatchNorm1d(width), nn.GELU(), nn.Dropout(dropout),
        )  # fmt: skip
        self.frame = nn.Sequential(
            nn.Flatten(), nn.Linear(width * COLUMNS // 4, 64), nn.GELU(), nn.Dropout(dropout), nn.Linear(64, FEATURES)
        )

    def forward(self, columns: Tensor) -> Tensor:
        """Return the features of the frames that these columns surround."""
        features = self.frame(self.columns((columns - _MEAN_LEVEL) / _LEVEL_DEVIATION))
        return torch.cat([features[:, :MOUTH], features[:, MOUTH:].clamp(_SUREST, _LEAST_SURE)], 1)


class SpeechEnsemble(nn.Module):
    """The mean of several encoders, each of which was taught by other people."""

    def __init__(self, encoders: list[SpeechEncoder]) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(encoders)

    def forward(self, columns: Tensor) -> Tensor:
        """Return the features of the frames that these columns surround."""
        return torch.stack([encoder(columns) for encoder in self.encoders]).mean(0)


assert FEATURES == MOUTH + 1
