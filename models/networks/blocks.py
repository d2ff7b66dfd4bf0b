"""Building blocks without normalisation: they export to few operators and behave alike at any batch size."""

import torch.nn.functional as functional
from torch import Tensor, nn


def convolution(channels_in: int, channels_out: int, side: int = 3, stride: int = 1) -> nn.Conv2d:
    """Return a padded convolution with He initialisation."""
    layer = nn.Conv2d(channels_in, channels_out, side, stride, side // 2)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


def zero_convolution(channels_in: int, channels_out: int, side: int = 3) -> nn.Conv2d:
    """Return a convolution that gives 0 until it is trained: what it feeds starts as the landmark warp."""
    layer = nn.Conv2d(channels_in, channels_out, side, 1, side // 2)
    assert layer.bias is not None
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(relu(x)))), the second convolution starting at a tenth of its size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = convolution(channels, channels)
        self.second.weight.data.mul_(0.1)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        hidden = functional.relu(self.first(functional.relu(features)))
        result: Tensor = features + self.second(hidden)
        return result


def residual_blocks(channels: int, count: int) -> nn.Sequential:
    """Return `count` residual blocks in a row."""
    return nn.Sequential(*(ResidualBlock(channels) for _ in range(count)))


def upsample(features: Tensor, factor: int) -> Tensor:
    """Return features `factor` times as large, bilinear (pixel shuffling leaves a grid)."""
    return functional.interpolate(features, scale_factor=float(factor), mode="bilinear", align_corners=False)
