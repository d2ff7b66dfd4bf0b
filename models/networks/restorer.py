"""Takes the coder's artefacts out of a keyframe, once, before anything is drawn from it.

What the paper's BRG-ASE does to auxiliary frames, done to the keyframes themselves: at the rates of a thin link they
are the coarsest thing that a receiver has, and every frame between two of them repeats their faults.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.networks.blocks import convolution, residual_blocks, upsample, zero_convolution


@dataclass(frozen=True, slots=True)
class RestorerSettings:
    """Widths of the network."""

    half_channels: int  #: at half the picture's side
    quarter_channels: int  #: at a quarter
    quarter_blocks: int
    fine_channels: int  #: at full size


class Restorer(nn.Module):
    """A decoded keyframe picture → the same without blocks, ringing and blur. Untrained it changes nothing."""

    def __init__(self, settings: RestorerSettings) -> None:
        super().__init__()
        self.settings = settings
        half, quarter, fine = settings.half_channels, settings.quarter_channels, settings.fine_channels
        self.enter = convolution(3, half, 3, 2)
        self.down = convolution(half, quarter, 3, 2)
        self.blocks = residual_blocks(quarter, settings.quarter_blocks)
        self.narrow = convolution(quarter, half, 1)
        self.rebuild = residual_blocks(half, 1)
        self.raise_ = convolution(half, fine, 1)
        self.widen = convolution(fine + 3, fine)
        self.finish = zero_convolution(fine, 3)

    def forward(self, picture: Tensor) -> Tensor:
        """Return (N, 3, S, S) in 0…1 for the same; S is a multiple of 4."""
        centred = picture - 0.5
        half = self.enter(centred)
        deep = functional.relu(self.blocks(self.down(functional.relu(half))))
        half = functional.relu(self.rebuild(half + upsample(self.narrow(deep), 2)))
        fine = torch.cat([upsample(self.raise_(half), 2), centred], 1)
        correction = self.finish(functional.relu(self.widen(fine)))
        restored: Tensor = (picture + correction).clamp(0, 1)
        return restored
