"""Writes a trained drive as two graphs: `python -m models.speech.export DRIVE.pt FOLDER` (docs/speech.md)."""

import argparse
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from torch import Tensor, nn

from codec.motion import EXPRESSION
from codec.speech.features import BANDS
from codec.speech.networks import COLUMNS, FEATURES, FRAMES, INTERFACE
from models.speech.drive_file import TrainedDrive, load_drive
from models.warp import OPSET

_IR_VERSION = 8
_TRACED_SAMPLES = 2


def export(drive: TrainedDrive, folder: Path) -> None:
    """Write `speech.onnx` and `fusion.onnx`."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = {"columns": torch.zeros(_TRACED_SAMPLES, BANDS, COLUMNS)}
    window = {
        "features": torch.zeros(_TRACED_SAMPLES, FRAMES, FEATURES),
        "heard": torch.zeros(_TRACED_SAMPLES, FRAMES),
        "motion": torch.zeros(_TRACED_SAMPLES, FRAMES, EXPRESSION),
        "known": torch.zeros(_TRACED_SAMPLES, FRAMES),
        "scale": torch.ones(_TRACED_SAMPLES, 1),
    }
    _write(folder / "speech.onnx", drive.encoder, columns, ["features"])
    _write(folder / "fusion.onnx", drive.fusion, window, ["expression", "log_error"])


def _write(path: Path, network: nn.Module, inputs: dict[str, Tensor], outputs: list[str]) -> None:
    with TemporaryDirectory() as scratch, warnings.catch_warnings(), torch.no_grad():
        # The exporter by tracing is deprecated; the newer one knows no opset below 18.
        warnings.simplefilter("ignore")
        traced = Path(scratch) / "graph.onnx"
        torch.onnx.export(
            network.eval(),
            tuple(inputs.values()),
            traced,
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes={name: {0: "N"} for name in [*inputs, *outputs]},
            opset_version=OPSET,
            dynamo=False,
        )
        model = onnx.load(traced)
    model.ir_version = _IR_VERSION
    model.producer_name = "facewire"
    onnx.helper.set_model_props(model, {"facewire_speech": INTERFACE})
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def main() -> None:
    """Export a drive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drive", type=Path, metavar="DRIVE.pt")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    export(load_drive(arguments.drive), arguments.folder)
    for path in sorted(arguments.folder.glob("*.onnx")):
        print(f"wrote {path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
