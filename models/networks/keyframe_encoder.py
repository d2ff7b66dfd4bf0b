"""Run once per keyframe: what the core wants cached of it."""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from models.networks.blocks import ResidualBlock, convolution
from models.networks.landmark_flow import PART_MAPS, LandmarkFlow
from models.networks.settings import NetworkSettings
from models.networks.windows import CORE_SIDE


class KeyframeEncoder(nn.Module):
    """Picture and landmarks → features at 64²: the picture itself made small (3 channels), then learned ones."""

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        width = settings.keyframe_channels
        self._factor = settings.picture_side // CORE_SIDE
        self.parts = LandmarkFlow()
        self.stem = convolution(3, width, 3, 2)
        self.down = convolution(width, width, 3, 2)
        self.merge = convolution(width + 3 + PART_MAPS, width, 3)
        self.block = ResidualBlock(width)

    def forward(self, picture: Tensor, landmarks: Tensor) -> Tensor:
        """Return (N, 3 + keyframe channels, 64, 64) for (N, 3, S, S) in 0…1 and (N, 478, 3) in crop units."""
        small = functional.avg_pool2d(picture, self._factor)
        source = picture if self._factor == 4 else functional.avg_pool2d(picture, self._factor // 4)
        with torch.autocast(picture.device.type, enabled=False):
            parts = self.parts.part_maps(landmarks)
        hidden = functional.relu(self.down(functional.relu(self.stem(source - 0.5))))
        merged = self.merge(torch.cat([hidden, small - 0.5, parts.to(hidden.dtype)], 1))
        features: Tensor = self.block(merged)
        return torch.cat([small, features.to(small.dtype)], 1)
