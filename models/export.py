"""Writes checkpoints as the animator's two graphs: `python -m models.export CHECKPOINT FOLDER` (docs/animator.md).

Both are opset 16 with 4-D GridSample only; the averaged weights are used, and the speech inputs are there but unread.
"""

import argparse
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from torch import Tensor, nn

from codec.animator import INTERFACE
from codec.motion import LANDMARKS
from models.checkpoint import load_animator, load_restorer
from models.networks.animator import SPEECH_FEATURES, SPEECH_FRAMES, Animator, Keyframe
from models.networks.restorer import Restorer
from models.networks.windows import CORE_SIDE
from models.warp import OPSET, SIDE

_IR_VERSION = 8
#: Traced with two samples: with one, sizes that happen to be 1 would be taken for constants.
_TRACED_SAMPLES = 2


class AnimateGraph(nn.Module):
    """The animator with the interface's inputs, in its order."""

    def __init__(self, animator: Animator) -> None:
        super().__init__()
        self.animator = animator

    def forward(
        self, picture_a: Tensor, features_a: Tensor, landmarks_a: Tensor, picture_b: Tensor, features_b: Tensor,
        landmarks_b: Tensor, valid_b: Tensor, landmarks: Tensor, auxiliary: Tensor, valid_auxiliary: Tensor,
        speech: Tensor, valid_speech: Tensor,
    ) -> Tensor:  # fmt: skip
        """Return the picture (N, 3, S, S); the inputs' shapes are in docs/animator.md."""
        drawn = self.animator(
            Keyframe(picture_a, features_a, landmarks_a),
            Keyframe(picture_b, features_b, landmarks_b),
            valid_b,
            landmarks,
            auxiliary,
            valid_auxiliary,
        )
        picture: Tensor = drawn.picture
        return picture


class KeyframeGraph(nn.Module):
    """What is run once per keyframe: the picture restored first, if there is a restorer, then what is cached of it."""

    def __init__(self, encoder: nn.Module, restorer: Restorer | None) -> None:
        super().__init__()
        self.encoder = encoder
        self.restorer = restorer

    def forward(self, picture: Tensor, landmarks: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return the features and, with a restorer, the restored picture."""
        if self.restorer is None:
            features: Tensor = self.encoder(picture, landmarks)
            return features
        restored = self.restorer(picture)
        return self.encoder(restored, landmarks), restored


def example_inputs(animator: Animator, samples: int = _TRACED_SAMPLES) -> dict[str, Tensor]:
    """Return random inputs of `animate.onnx` by name, with plausible landmarks."""
    side = animator.settings.picture_side
    shapes = {
        "picture": (3, side, side),
        "features": (3 + animator.settings.keyframe_channels, CORE_SIDE, CORE_SIDE),
        "landmarks": (LANDMARKS, 3),
    }
    inputs = {f"{name}_{key}": torch.rand(samples, *shape) for key in "ab" for name, shape in shapes.items()}
    inputs |= {"valid_b": torch.ones(samples, 1), "landmarks": torch.rand(samples, LANDMARKS, 3)}
    inputs |= {"auxiliary": torch.rand(samples, 3, CORE_SIDE, CORE_SIDE), "valid_auxiliary": torch.ones(samples, 1)}
    inputs |= {"speech": torch.zeros(samples, SPEECH_FRAMES, SPEECH_FEATURES), "valid_speech": torch.zeros(samples, 1)}
    return {name: value - 0.5 if name.startswith("landmarks") else value for name, value in inputs.items()}


def export(animator: Animator, folder: Path, restorer: Restorer | None = None) -> None:
    """Write `keyframe.onnx` and `animate.onnx`; with a restorer, keyframes are restored before they are cached."""
    animator = animator.eval()
    inputs = example_inputs(animator)
    name = animator.settings.name
    write_graph(folder, "keyframe", keyframe_graph(animator.encoder, restorer, animator.settings.picture_side), name)
    write_graph(folder, "animate", _graph(AnimateGraph(animator), inputs, ["picture"]), name)


def keyframe_graph(encoder: nn.Module, restorer: Restorer | None, side: int = SIDE) -> onnx.ModelProto:
    """Return the graph that is run once per keyframe: `encoder` takes (N, 3, side, side) and (N, 478, 3)."""
    inputs = {
        "picture": torch.rand(_TRACED_SAMPLES, 3, side, side),
        "landmarks": torch.rand(_TRACED_SAMPLES, LANDMARKS, 3) - 0.5,
    }
    outputs = ["features"] if restorer is None else ["features", "restored"]
    return _graph(KeyframeGraph(encoder, restorer).eval(), inputs, outputs)


def write_graph(folder: Path, graph: str, model: onnx.ModelProto, name: str) -> None:
    """Write one of the two graphs of the weights called `name`."""
    folder.mkdir(parents=True, exist_ok=True)
    model.producer_name = "facewire"
    onnx.helper.set_model_props(model, {"facewire_interface": INTERFACE, "name": name})
    onnx.checker.check_model(model, full_check=True)
    (folder / f"{graph}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def _graph(module: nn.Module, inputs: dict[str, Tensor], outputs: list[str]) -> onnx.ModelProto:
    with TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        # The exporter by tracing is deprecated, but the newer one knows no opset below 18; tracing warns of every size
        # that it takes for a constant.
        warnings.simplefilter("ignore")
        path = Path(folder) / "graph.onnx"
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            path,
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes={name: {0: "N"} for name in [*inputs, *outputs]},
            opset_version=OPSET,
            dynamo=False,
        )
        model = onnx.load(path)
    model.ir_version = _IR_VERSION
    # The exporter leaves out what the network does not read.
    present = {value.name for value in model.graph.input}
    for name, value in inputs.items():
        if name not in present:
            shape = ["N", *value.shape[1:]]
            model.graph.input.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    return model


def main() -> None:
    """Export a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--restorer", type=Path, help="of keyframes, from models.train_restorer")
    arguments = parser.parse_args()
    restorer = load_restorer(arguments.restorer) if arguments.restorer else None
    export(load_animator(arguments.checkpoint, torch.device("cpu")), arguments.folder, restorer)
    for path in sorted(arguments.folder.glob("*.onnx")):
        print(f"wrote {path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
