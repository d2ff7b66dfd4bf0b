"""The two networks of the drive. Both see a fixed window and keep no state between frames (`codec.speech.networks`)."""

import torch
from torch import Tensor, nn

from codec.motion import EXPRESSION
from codec.speech.features import BANDS
from codec.speech.networks import COLUMNS, FEATURES, FRAMES, FRAMES_BEFORE
from models.speech.mouth_modes import MODES, MouthModes

_MEAN_LEVEL, _LEVEL_DEVIATION = -5.0, 1.5
_USUAL_SCALE_PX, _USUAL_STEPS = 1.6, 6.0
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
        return torch.cat([features[:, :MODES], features[:, MODES:].clamp(_SUREST, _LEAST_SURE)], 1)


class MouthFusion(nn.Module):
    """Sound and what arrived of the motion → the expression, finer than what was sent, and where nothing was.

    Inputs: features (N, 18, 9); 1 where they are there (N, 18); motion (N, 18, 24): expression from rest in the
    quantiser's steps, filled in where it is unknown; 1 where it is known (N, 18); the person's scale in pixels (N, 1).
    Outputs: the expression (N, 24) of frame 15 from rest, and the logarithm (N, 1) of its lips' square error in pixels.
    """

    def __init__(self, modes: MouthModes, width: int = 64, dropout: float = 0.1) -> None:
        super().__init__()
        self.project: Tensor
        self.lift: Tensor
        self.register_buffer("project", torch.tensor(modes.project, dtype=torch.float32))
        self.register_buffer("lift", torch.tensor(modes.lift, dtype=torch.float32))
        self.frames = nn.Sequential(
            nn.Conv1d(EXPRESSION + MODES + 1 + FEATURES + 1 + 1, width, 3), nn.GELU(), nn.Dropout(dropout),
            nn.Conv1d(width, width, 3), nn.GELU(), nn.Dropout(dropout),
        )  # fmt: skip
        self.window = nn.Sequential(nn.Flatten(), nn.Linear(width * (FRAMES - 4), 128), nn.GELU(), nn.Dropout(dropout))
        self.mouth = nn.Linear(128, MODES + 1)
        self.steps = nn.Linear(128, EXPRESSION)
        for head in (self.mouth, self.steps):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)

    def forward(
        self, features: Tensor, heard: Tensor, motion: Tensor, known: Tensor, scale: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return expression and the logarithm of the error."""
        codes = motion @ self.project / scale[:, None]
        heard, known = heard[..., None], known[..., None]
        scales = scale[:, None].expand(-1, FRAMES, 1) / _USUAL_SCALE_PX
        inputs = torch.cat([motion / _USUAL_STEPS, codes, known, features * heard, heard, scales], 2)
        window = self.window(self.frames(inputs.transpose(1, 2)))
        mouth = self.mouth(window)
        change = mouth[:, :MODES] * scale @ self.lift + self.steps(window)
        return motion[:, FRAMES_BEFORE] + change, mouth[:, MODES:].clamp(_SUREST, _LEAST_SURE)


assert FEATURES == MODES + 1
