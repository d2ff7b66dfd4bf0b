"""Runs the drive's speech encoder (docs/speech.md)."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codec.errors import ModelFileError
from codec.motion import FloatArray
from codec.speech.features import BANDS

INTERFACE = "1"
#: Columns of 10 ms that the encoder sees of a frame: 240 ms before it and 80 ms after.
COLUMNS_BEFORE, COLUMNS_AFTER = 24, 8
COLUMNS = COLUMNS_BEFORE + COLUMNS_AFTER
FRAME_MS = 40
#: Numbers by which the encoder describes the sound of a frame.
FEATURES = 9


class SpeechEncoder(Protocol):
    """What the drive needs of its network."""

    def encode(self, columns: NDArray[np.float32]) -> FloatArray:
        """Return the (n, 9) features of (n, 40, 32) columns around n frames."""


class SpeechNetwork:
    """The graph on one thread of this machine's CPU; serves any number of faces."""

    def __init__(self, path: Path) -> None:
        """Load the graph. Raises `ModelFileError` if that cannot be, or it has another interface."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelFileError(f"onnxruntime cannot load {path}: {error}") from error
        version = self._session.get_modelmeta().custom_metadata_map.get("facewire_speech")
        if version != INTERFACE:
            raise ModelFileError(f"{path} has interface {version!r}, expected {INTERFACE!r}")

    def encode(self, columns: NDArray[np.float32]) -> FloatArray:
        """Return the (n, 9) features of (n, 40, 32) columns around n frames."""
        assert columns.shape[1:] == (BANDS, COLUMNS)
        return np.asarray(self._session.run(["features"], {"columns": columns})[0], np.float64)
