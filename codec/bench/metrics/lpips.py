"""LPIPS: learned perceptual distance (Zhang et al., CVPR 2018, arXiv 1801.03924), AlexNet, version 0.1 heads."""

import numpy as np
from numpy.typing import NDArray

from codec.bench.metrics.networks import FeatureNetwork, Float32, layer, planes
from codec.bench.metrics.weights import network

#: Smallest picture that AlexNet's last layers see anything of.
SMALLEST_SIDE = 64

# The paper's scaling layer is (-0.030, -0.088, -0.188) and (0.458, 0.448, 0.450) for pictures in -1…1; here for 0…1.
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_EPSILON = 1e-10


class Lpips:
    """LPIPS over AlexNet; 0 for equal pictures, about 0.1 where a difference is plain, above 0.4 for ruins."""

    def __init__(self) -> None:
        """Load the weights. Raises `ModelFileError` or `BenchError` if something is not installed."""
        parameters = network("alexnet")
        convolutions = [layer(parameters["AlexNet_0"][f"Conv_{i}"]) for i in range(5)]
        heads = [parameters[f"NetLinLayer_{i}"]["Conv_0"]["kernel"] for i in range(5)]
        self._heads = [head.reshape(-1) for head in heads]
        self._network = FeatureNetwork()
        for number, (weights, bias) in enumerate(convolutions):
            if number in (1, 2):
                self._network.maximum_pool(3, 2)
            stride, padding = (4, 2) if number == 0 else (1, weights.shape[2] // 2)
            self._network.convolve(weights, bias, stride, padding)
            self._network.rectify()
            self._network.tap()

    def features(self, pictures: NDArray[np.uint8]) -> list[Float32]:
        """Return what `distance` compares, for (N, H, W, 3) RGB pictures of at least `SMALLEST_SIDE`²."""
        found = self._network.features(planes(pictures, _MEAN, _DEVIATION))
        return [values / (np.sqrt((values**2).sum(1, keepdims=True)) + np.float32(_EPSILON)) for values in found]

    def distance(self, one: list[Float32], other: list[Float32]) -> Float32:
        """Return the (N,) distances between features of pictures of one size."""
        total = np.zeros(len(one[0]), np.float32)
        for head, a, b in zip(self._heads, one, other, strict=True):
            total += np.einsum("c,ncp->n", head, ((a - b) ** 2).reshape(*a.shape[:2], -1)) / (a.shape[2] * a.shape[3])
        return total
