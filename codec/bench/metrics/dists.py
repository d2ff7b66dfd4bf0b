"""DISTS: deep image structure and texture similarity (Ding et al., TPAMI 2020, arXiv 2004.07728)."""

import numpy as np
from numpy.typing import NDArray

from codec.bench.metrics.networks import FeatureNetwork, Float32, layer, planes
from codec.bench.metrics.weights import dists_weights, network

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_STAGES = (2, 2, 3, 3, 3)
_STABILITY = 1e-6


class Dists:
    """DISTS over VGG-16 with L2 pooling; 0 for equal pictures. It tolerates shifted texture, and stills."""

    def __init__(self) -> None:
        """Load the weights. Raises `ModelFileError` or `BenchError` if something is not installed."""
        self._alpha, self._beta = dists_weights()
        parameters = network("vgg16")["VGG16_0"]
        self._network = FeatureNetwork()
        number = channels = 0
        for stage, convolutions in enumerate(_STAGES):
            if stage:
                self._pool(channels)
            for _ in range(convolutions):
                weights, bias = layer(parameters[f"Conv_{number}"])
                self._network.convolve(weights, bias, 1, 1)
                self._network.rectify()
                number, channels = number + 1, len(bias)
            self._network.tap()

    def features(self, pictures: NDArray[np.uint8]) -> list[Float32]:
        """Return what `distance` compares, for (N, H, W, 3) RGB pictures: the picture itself and five layers."""
        unscaled = planes(pictures, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
        return [unscaled, *self._network.features(planes(pictures, _MEAN, _DEVIATION))]

    def distance(self, one: list[Float32], other: list[Float32]) -> Float32:
        """Return the (N,) distances between features of pictures of one size."""
        texture, structure = [], []
        for x, y in zip(one, other, strict=True):
            x_mean, y_mean = x.mean((2, 3)), y.mean((2, 3))
            x_variance, y_variance = x.var((2, 3)), y.var((2, 3))
            covariance = np.einsum("nchw,nchw->nc", x, y) / (x.shape[2] * x.shape[3]) - x_mean * y_mean
            texture.append((2 * x_mean * y_mean + _STABILITY) / (x_mean**2 + y_mean**2 + _STABILITY))
            structure.append((2 * covariance + _STABILITY) / (x_variance + y_variance + _STABILITY))
        weighted = np.concatenate(texture, 1) @ self._alpha + np.concatenate(structure, 1) @ self._beta
        distances: Float32 = 1 - weighted / (self._alpha.sum() + self._beta.sum())
        return distances

    def _pool(self, channels: int) -> None:
        """Append L2 pooling (Hénaff and Simoncelli, ICLR 2016): a Hann window over the squares."""
        window = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])
        weights = np.tile(window / window.sum(), (channels, 1, 1, 1)).astype(np.float32)
        self._network.square()
        self._network.convolve(weights, None, 2, 1, channels)
        self._network.root(1e-12)
