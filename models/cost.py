"""What one frame costs, counted: `python -m models.cost CONFIG`."""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import nn

from codec.motion import LANDMARKS
from models.export import AnimateGraph, example_inputs
from models.networks.animator import Animator
from models.networks.landmark_flow import PART_MAPS
from models.networks.windows import CORE_SIDE
from models.settings import read_settings

#: Columns of the products that interpolate landmarks: distances; flow, depth and parts.
_DISTANCE_TERMS, _VALUES = 4, 6 + PART_MAPS


def animate_macs(animator: Animator) -> float:
    """Return the multiplications of one frame: every convolution, and the interpolation of the landmarks' flow."""
    total = float(CORE_SIDE**2 * LANDMARKS * (_DISTANCE_TERMS + _VALUES))

    def count(layer: nn.Module, _: Any, output: Any) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d)
        total += output.shape[2] * output.shape[3] * layer.weight.numel()

    hooks = [layer.register_forward_hook(count) for layer in animator.modules() if isinstance(layer, nn.Conv2d)]
    with torch.no_grad():
        AnimateGraph(animator)(**example_inputs(animator, samples=1))
    for hook in hooks:
        hook.remove()
    return total


def main() -> None:
    """Print the cost of a tier."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, metavar="CONFIG")
    animator = Animator(read_settings(parser.parse_args().config).network)
    parameters = sum(parameter.numel() for parameter in animator.parameters())
    print(
        f"{animator.settings.name}: {animate_macs(animator) / 1e9:.3f} GMAC a frame, {parameters / 1e6:.2f} M weights"
    )


if __name__ == "__main__":
    main()
