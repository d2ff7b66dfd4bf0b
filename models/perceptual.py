"""LPIPS over AlexNet and VGG-16, differentiable: the perceptual losses.

The weights are those of the benchmark's metrics (`codec.bench.metrics.weights`). A machine that has them not,
because it takes little along, reads a compact copy that `save_compact` wrote.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from codec.bench.metrics.weights import network

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_PARAMETERS = {"alexnet": "AlexNet_0", "vgg16": "VGG16_0"}
#: Of each layer: stride, padding, the max pooling before it (side, 0 for none), and whether LPIPS looks at its output.
_LAYERS = {
    "alexnet": [(4, 2, 0, True), (1, 2, 3, True), (1, 1, 3, True), (1, 1, 0, True), (1, 1, 0, True)],
    "vgg16": [
        (1, 1, pool, seen)
        for pool, seen in [
            *((0, False), (0, True), (2, False), (0, True), (2, False), (0, False), (0, True)),
            *((2, False), (0, False), (0, True), (2, False), (0, False), (0, True)),
        ]
    ],
}

Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]


def _arrays(name: str, compact: Path | None) -> Arrays:
    if compact is not None:
        with np.load(compact) as stored:
            read = {key.partition(".")[2]: stored[key] for key in stored.files if key.startswith(f"{name}.")}
        return {key: array * read.get(f"scale_of_{key}", 1) for key, array in read.items()}
    parameters = network(name)
    arrays: Arrays = {}
    for number in range(len(_LAYERS[name])):
        layer = parameters[_PARAMETERS[name]][f"Conv_{number}"]
        arrays[f"kernel{number}"] = np.transpose(layer["kernel"], (3, 2, 0, 1))
        arrays[f"bias{number}"] = layer["bias"]
    for number in range(5):
        arrays[f"head{number}"] = parameters[f"NetLinLayer_{number}"]["Conv_0"]["kernel"].reshape(-1)
    return arrays


def save_compact(path: Path) -> None:
    """Write both networks with 8-bit kernels, about 17 MB. Raises `ModelFileError` if their weights are not here."""
    stored: Arrays = {}
    for name in _LAYERS:
        for key, array in _arrays(name, None).items():
            if key.startswith("kernel"):
                scale = np.abs(array).max((1, 2, 3), keepdims=True) / 127
                stored[f"{name}.{key}"] = np.rint(array / scale).astype(np.int8)
                stored[f"{name}.scale_of_{key}"] = scale.astype(np.float32)
            else:
                stored[f"{name}.{key}"] = array.astype(np.float32)
    # `np.savez` puts a suffix of its own behind a path.
    with path.open("wb") as file:
        np.savez(file, **stored)  # type: ignore[arg-type,unused-ignore]


class Lpips(nn.Module):
    """LPIPS (Zhang et al., CVPR 2018, arXiv 1801.03924) over `alexnet` or `vgg16`, version 0.1 heads."""

    _mean: Tensor
    _deviation: Tensor

    def __init__(self, name: str, compact: Path | None = None) -> None:
        """Load the weights. Raises `ModelFileError` if they are missing."""
        super().__init__()
        arrays = _arrays(name, compact)
        self._layers = _LAYERS[name]
        self.convolutions = nn.ModuleList()
        for number, (stride, padding, _, _) in enumerate(self._layers):
            kernel = torch.tensor(arrays[f"kernel{number}"], dtype=torch.float32)
            layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2], stride, padding)
            layer.weight.data.copy_(kernel)
            assert layer.bias is not None
            layer.bias.data.copy_(torch.tensor(arrays[f"bias{number}"], dtype=torch.float32))
            self.convolutions.append(layer)
        for number in range(5):
            head = torch.tensor(arrays[f"head{number}"], dtype=torch.float32).reshape(1, -1, 1, 1)
            self.register_buffer(f"head{number}", head)
        self.register_buffer("_mean", torch.tensor(_MEAN).reshape(1, 3, 1, 1))
        self.register_buffer("_deviation", torch.tensor(_DEVIATION).reshape(1, 3, 1, 1))
        self.requires_grad_(False)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Return the five layers that LPIPS compares, each normalised over its channels, of (N, 3, H, W) in 0…1."""
        values = (pictures - self._mean) / self._deviation
        found = []
        for convolution, (_, _, pool, seen) in zip(self.convolutions, self._layers, strict=True):
            if pool:
                values = functional.max_pool2d(values, pool, 2)
            values = functional.relu(convolution(values))
            if seen:
                length = values.float().square().sum(1, keepdim=True).add(1e-10).sqrt()
                found.append(values / length)
        return found

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        """Return the (N,) distances of two (N, 3, H, W) pictures; no gradient flows into `other`."""
        with torch.no_grad():
            wanted = self.features(other)
        total = torch.zeros(len(one), device=one.device)
        for number, (a, b) in enumerate(zip(self.features(one), wanted, strict=True)):
            head = getattr(self, f"head{number}")
            total = total + ((a - b).float().square() * head).sum(1).mean((1, 2))
        return total
