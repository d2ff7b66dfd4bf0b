"""A small patch discriminator (PatchGAN, Isola et al., CVPR 2017) with spectral normalisation."""

import itertools

import torch.nn.functional as functional
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

_CHANNELS = (32, 64, 128, 128)


class Discriminator(nn.Module):
    """Scores overlapping patches of about 60 pixels: positive for real, negative for made."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, *_CHANNELS)
        self.layers = nn.ModuleList(spectral_norm(nn.Conv2d(a, b, 4, 2, 1)) for a, b in itertools.pairwise(widths))
        self.score = spectral_norm(nn.Conv2d(widths[-1], 1, 3, 1, 1))

    def forward(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return (N, 1, h, w) scores of (N, 3, H, W) pictures in 0…1, and every layer's features."""
        features: list[Tensor] = []
        values = pictures * 2 - 1
        for layer in self.layers:
            values = functional.leaky_relu(layer(values), 0.2)
            features.append(values)
        return self.score(values), features
