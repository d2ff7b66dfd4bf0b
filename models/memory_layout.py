"""The memory layout that a GPU's convolutions like best."""

import torch
from torch import nn


def to_channels_last(module: nn.Module) -> None:
    """Lay out a module's four-dimensional weights with their channels last, in place."""
    for parameter in module.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
