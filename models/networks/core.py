"""The core of BRG-VRec: a U-Net at 64² over the warped keyframes and the enhanced auxiliary frame."""

import itertools

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.networks.blocks import convolution, residual_blocks, upsample
from models.networks.landmark_flow import PART_MAPS
from models.networks.settings import NetworkSettings

#: Besides the warped features: both inside masks, the flow, depth and parts, b's share in BRG-ASE, both validities.
_PLANES = 2 + 4 + 2 + PART_MAPS + 1 + 2


class Core(nn.Module):
    """Fuses the keyframes' branch and the auxiliary branch level by level."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        channels, enhanced = settings.channels, settings.enhancer_channels
        self.enter = convolution(2 * (3 + settings.keyframe_channels) + _PLANES, channels[0], 1)
        self.down = nn.ModuleList(convolution(a, b, 3, 2) for a, b in itertools.pairwise(channels))
        self.blocks = nn.ModuleList(residual_blocks(c, n) for c, n in zip(channels, settings.blocks, strict=True))
        self.fuse = nn.ModuleList(convolution(enhanced, width, 1) for width in channels)
        self.narrow = nn.ModuleList(convolution(b, a, 1) for a, b in itertools.pairwise(channels))
        self.rebuild = nn.ModuleList(residual_blocks(c, n) for c, n in zip(channels, settings.blocks_up, strict=False))

    def forward(self, keyframes: Tensor, enhanced: Tensor, valid_auxiliary: Tensor) -> Tensor:
        """Return (N, channels[0], h, w).

        `keyframes` are the warped features with their planes, `enhanced` BRG-ASE's features, `valid_auxiliary`
        (N, 1, 1, 1) tells whether those mean anything.
        """
        auxiliary = enhanced * valid_auxiliary
        features = self.enter(keyframes)
        levels: list[Tensor] = []
        for level, blocks in enumerate(self.blocks):
            if level:
                features = self.down[level - 1](functional.relu(features))
                auxiliary = functional.avg_pool2d(auxiliary, 2)
            features = blocks(features + self.fuse[level](auxiliary))
            levels.append(features)
        for level in reversed(range(len(self.narrow))):
            raised = upsample(self.narrow[level](functional.relu(features)), 2)
            features = self.rebuild[level](levels[level] + raised)
        result: Tensor = functional.relu(features)
        return result


def planes(
    inside_a: Tensor,
    inside_b: Tensor,
    flow: Tensor,
    maps: Tensor,
    choice: Tensor,
    valid_b: Tensor,
    valid_auxiliary: Tensor,
) -> Tensor:
    """Return what the core sees besides pictures, (N, planes, h, w), in the order that it was trained with."""
    flags = torch.cat([valid_b, valid_auxiliary], 1).expand(-1, -1, *flow.shape[2:])
    return torch.cat([inside_a, inside_b, flow * 4, maps[:, :2] * 4, maps[:, 2:], choice, flags], 1)
