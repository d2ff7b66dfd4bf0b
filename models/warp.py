"""The landmark warp: the animator's first weights, without any training. `python -m models.warp` writes its two graphs.

Every landmark carries its displacement from the frame to the keyframe; a dense flow interpolates them with the rational
kernel 1 / (d² + ε)² (inverse distance weighting, Shepard 1968) against a weight that holds the background in place, and
GridSample draws the keyframe through it. Smoothing would flatten lips and eyelids, so the displacements are first
corrected until the smoothed flow passes through them (Van Cittert's iteration).
The second keyframe, auxiliary frames and speech are ignored.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from codec.motion import LANDMARKS

SIDE = 256
FLOW_SIDE = 48
FEATURE_SIDE = 64
AUXILIARY_SIDE = 64
SPEECH_FRAMES, SPEECH_FEATURES = 4, 16
OPSET = 16
KERNEL_RADIUS = 0.06
BACKGROUND = 2500.0
BORDER = 20000.0
CORRECTIONS = 4

Float32 = NDArray[np.float32]


class _Graph:
    """Collects nodes and constants under generated names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: float | Float32 | NDArray[np.int64]) -> str:
        name = f"constant_{len(self.constants)}"
        array = np.asarray(value) if isinstance(value, np.ndarray) else np.asarray(value, np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def shape(self, *sizes: int) -> str:
        return self.constant(np.array(sizes, np.int64))

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def columns(self, tensor: str, start: int, end: int, axis: int = 2) -> str:
        return self.add("Slice", tensor, self.shape(start), self.shape(end), self.shape(axis))


def keyframe_graph() -> onnx.ModelProto:
    """Return the graph run once per keyframe. The warp caches a small copy of the picture and never reads it."""
    graph = _Graph()
    factor = SIDE // FEATURE_SIDE
    graph.add("AveragePool", "picture", output="features", kernel_shape=[factor, factor], strides=[factor, factor])
    inputs = {"picture": [3, SIDE, SIDE], "landmarks": [LANDMARKS, 3]}
    return _model("keyframe", graph, inputs, {"features": [3, FEATURE_SIDE, FEATURE_SIDE]})


def animate_graph() -> onnx.ModelProto:
    """Return the graph run once per frame (docs/animator.md)."""
    graph = _Graph()
    target = graph.columns("landmarks", 0, 2)
    displacements = graph.add("Sub", graph.columns("landmarks_a", 0, 2), target)
    right = _squared_distance_right(graph, target)
    at_landmarks = _weights(graph, _squared_distance_left(graph, target), right)
    background = _background_weight(graph, target)
    share = graph.add("Add", graph.add("ReduceSum", at_landmarks, graph.shape(2), keepdims=1), background)
    corrected = displacements
    for _ in range(CORRECTIONS):
        smoothed = graph.add("Div", graph.add("MatMul", at_landmarks, corrected), share)
        corrected = graph.add("Add", corrected, graph.add("Sub", displacements, smoothed))
    cells = _cell_centres()
    left = np.concatenate([-2 * cells, (cells**2).sum(1, keepdims=True), np.ones_like(cells[:, :1])], 1)
    on_grid = _weights(graph, graph.constant(left[None].astype(np.float32)), right)
    ones = graph.add("Sub", graph.columns("landmarks", 0, 1), graph.columns("landmarks", 0, 1))
    ones = graph.add("Add", ones, graph.constant(1.0))
    summed = graph.add("MatMul", on_grid, graph.add("Concat", corrected, ones, axis=2))
    total = graph.add("Add", graph.columns(summed, 2, 3), graph.constant(_background(cells)[None]))
    flow = graph.add("Div", graph.columns(summed, 0, 2), total)
    flow = graph.add(
        "Transpose", graph.add("Reshape", flow, graph.shape(0, FLOW_SIDE, FLOW_SIDE, 2)), perm=[0, 3, 1, 2]
    )
    flow = graph.add(
        "Resize", flow, "", graph.constant(np.array([1, 1, SIDE / FLOW_SIDE, SIDE / FLOW_SIDE], np.float32)),
        mode="linear", coordinate_transformation_mode="half_pixel",
    )  # fmt: skip
    limit = 1 - 1 / SIDE
    grid = graph.add("Add", flow, graph.constant(_pixel_centres()))
    grid = graph.add("Clip", grid, graph.constant(-limit), graph.constant(limit))
    graph.add(
        "GridSample", "picture_a", graph.add("Transpose", grid, perm=[0, 2, 3, 1]), output="picture",
        mode="bilinear", padding_mode="zeros", align_corners=0,
    )  # fmt: skip
    picture, features, points = [3, SIDE, SIDE], [3, FEATURE_SIDE, FEATURE_SIDE], [LANDMARKS, 3]
    inputs: dict[str, list[int]] = {}
    for keyframe in "ab":
        inputs |= {f"picture_{keyframe}": picture, f"features_{keyframe}": features, f"landmarks_{keyframe}": points}
    inputs |= {"valid_b": [1], "landmarks": points}
    inputs |= {"auxiliary": [3, AUXILIARY_SIDE, AUXILIARY_SIDE], "valid_auxiliary": [1]}
    inputs |= {"speech": [SPEECH_FRAMES, SPEECH_FEATURES], "valid_speech": [1]}
    return _model("animate", graph, inputs, {"picture": picture})


def _squared_distance_left(graph: _Graph, points: str) -> str:
    """Return rows (−2x, −2y, x² + y², 1): their product with `_squared_distance_right` is the squared distance."""
    square = graph.add("ReduceSum", graph.add("Mul", points, points), graph.shape(2), keepdims=1)
    ones = graph.add("Add", graph.add("Mul", square, graph.constant(0.0)), graph.constant(1.0))
    return graph.add("Concat", graph.add("Mul", points, graph.constant(-2.0)), square, ones, axis=2)


def _squared_distance_right(graph: _Graph, points: str) -> str:
    """Return columns (x, y, 1, x² + y² + ε)."""
    square = graph.add("ReduceSum", graph.add("Mul", points, points), graph.shape(2), keepdims=1)
    ones = graph.add("Add", graph.add("Mul", square, graph.constant(0.0)), graph.constant(1.0))
    shifted = graph.add("Add", square, graph.constant(KERNEL_RADIUS**2))
    return graph.add("Transpose", graph.add("Concat", points, ones, shifted, axis=2), perm=[0, 2, 1])


def _weights(graph: _Graph, left: str, right: str) -> str:
    """Return 1 / (d² + ε)². Rounding can make a tiny d² negative, never as negative as ε."""
    distance = graph.add("MatMul", left, right)
    return graph.add("Reciprocal", graph.add("Mul", distance, distance))


def _cell_centres() -> Float32:
    """Return the (FLOW_SIDE², 2) centres of the flow's cells in crop units, row by row."""
    centres = (np.arange(FLOW_SIDE, dtype=np.float32) + 0.5) * 2 / FLOW_SIDE - 1
    return np.stack(np.meshgrid(centres, centres, indexing="xy"), -1).reshape(-1, 2).astype(np.float32)


def _background(points: Float32) -> Float32:
    """Return the (n, 1) weight with which the background stays in place: larger toward the border."""
    radius = np.abs(points).max(1, keepdims=True)
    return np.asarray(BACKGROUND + BORDER * radius**8, np.float32)


def _background_weight(graph: _Graph, points: str) -> str:
    """Return `_background` of points that only the graph knows."""
    radius = graph.add("ReduceMax", graph.add("Abs", points), axes=[2], keepdims=1)
    growth = graph.add("Mul", graph.add("Pow", radius, graph.constant(8.0)), graph.constant(BORDER))
    return graph.add("Add", growth, graph.constant(BACKGROUND))


def _pixel_centres() -> Float32:
    """Return the (1, 2, S, S) centres of the picture's pixels in crop units."""
    centres = (np.arange(SIDE, dtype=np.float32) + 0.5) * 2 / SIDE - 1
    return np.stack(np.meshgrid(centres, centres, indexing="xy"))[None].astype(np.float32)


def _model(name: str, graph: _Graph, inputs: dict[str, list[int]], outputs: dict[str, list[int]]) -> onnx.ModelProto:
    def values(shapes: dict[str, list[int]]) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(key, TensorProto.FLOAT, ["N", *shape]) for key, shape in shapes.items()]

    model = helper.make_model(
        helper.make_graph(graph.nodes, name, values(inputs), values(outputs), graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
        producer_name="facewire",
    )
    helper.set_model_props(model, {"facewire_interface": "1", "name": "landmark warp"})
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    """Write both graphs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "weights/warp")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    for name, model in (("keyframe", keyframe_graph()), ("animate", animate_graph())):
        path = output / f"{name}.onnx"
        path.write_bytes(model.SerializeToString(deterministic=True))
        print(f"wrote {path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
