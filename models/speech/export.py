"""Writes a trained drive: `speech.onnx` and `fusion.msgpack` (docs/speech.md)."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch

from codec.speech.features import BANDS
from codec.speech.fusion import Covariances, pack_covariances
from codec.speech.networks import COLUMNS, INTERFACE
from models.speech.networks import SpeechEnsemble
from models.warp import OPSET

_IR_VERSION = 8
_TRACED_SAMPLES = 2


def export(encoder: SpeechEnsemble, covariances: Covariances, folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fusion.msgpack").write_bytes(pack_covariances(covariances))
    columns = torch.zeros(_TRACED_SAMPLES, BANDS, COLUMNS)
    with TemporaryDirectory() as scratch, warnings.catch_warnings(), torch.no_grad():
        # The exporter by tracing is deprecated; the newer one knows no opset below 18.
        warnings.simplefilter("ignore")
        traced = Path(scratch) / "graph.onnx"
        torch.onnx.export(
            encoder.eval(),
            (columns,),
            traced,
            input_names=["columns"],
            output_names=["features"],
            dynamic_axes={"columns": {0: "N"}, "features": {0: "N"}},
            opset_version=OPSET,
            dynamo=False,
        )
        model = onnx.load(traced)
    model.ir_version = _IR_VERSION
    model.producer_name = "facewire"
    onnx.helper.set_model_props(model, {"facewire_speech": INTERFACE})
    onnx.checker.check_model(model, full_check=True)
    (folder / "speech.onnx").write_bytes(model.SerializeToString(deterministic=True))
