"""BRG-ASE: the auxiliary frame, cleaned of coding noise under the guidance of the keyframe that matches it best.

Bi-AnimCodec (arXiv 2503.09787) picks one of two keyframes a frame by PSNR; here both are first warped into place and
the choice is made cell by cell, so that each part of the picture is guided by the keyframe that shows it.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.networks.blocks import convolution, residual_blocks, zero_convolution
from models.networks.settings import NetworkSettings

_NEIGHBOURHOOD = 9
_INITIAL_SHARPNESS = 40.0


class AuxiliaryEnhancer(nn.Module):
    """Auxiliary frame and both warped keyframes at 64² → the enhanced frame and features of it."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        width = settings.enhancer_channels
        guide = 3 + settings.keyframe_channels
        self.sharpness = nn.Parameter(torch.tensor(_INITIAL_SHARPNESS))
        self.enter = convolution(3 + guide, width)
        self.blocks = residual_blocks(width, settings.enhancer_blocks)
        self.leave = zero_convolution(width, 3)

    def forward(
        self, auxiliary: Tensor, warped_a: Tensor, warped_b: Tensor, inside_b: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the enhanced picture (N, 3, h, w), features (N, C, h, w), and b's share in the guide (N, 1, h, w).

        `auxiliary` is (N, 3, h, w); `warped_a` and `warped_b` are cached features, whose first three channels are the
        small picture; `inside_b` (N, 1, h, w) is 0 wherever b has nothing to show.
        """
        error_a = self._error(auxiliary, warped_a)
        error_b = self._error(auxiliary, warped_b)
        choice = inside_b * torch.sigmoid(self.sharpness * (error_a - error_b))
        guide = warped_a + choice * (warped_b - warped_a)
        entered = self.enter(torch.cat([auxiliary - 0.5, guide[:, :3] - 0.5, guide[:, 3:]], 1))
        features: Tensor = functional.relu(self.blocks(entered))
        enhanced: Tensor = auxiliary + self.leave(features)
        return enhanced, features, choice

    @staticmethod
    def _error(auxiliary: Tensor, warped: Tensor) -> Tensor:
        """Return the mean absolute difference of the small pictures around each cell."""
        difference = (auxiliary - warped[:, :3]).abs().mean(1, keepdim=True)
        return functional.avg_pool2d(difference, _NEIGHBOURHOOD, 1, _NEIGHBOURHOOD // 2, count_include_pad=False)
