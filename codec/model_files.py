"""Where the model files are, and whether they are the right ones."""

import hashlib
import os
from pathlib import Path

from codec.errors import ModelFileError

#: SHA-256 of Google's FaceLandmarker task file (478 points; Apache-2.0), the one both ends are tuned to.
LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"

_PROJECT = Path(__file__).resolve().parent.parent


def landmarker_path() -> Path:
    """Return the FaceLandmarker task file, its digest verified.

    `FACEWIRE_LANDMARKER` names another file and `FACEWIRE_LANDMARKER_SHA256` its digest; without them it is
    `build/models/face_landmarker.task`, which `make setup` unpacks.

    Raises `ModelFileError` if the file is missing or has another digest.
    """
    path = Path(os.environ.get("FACEWIRE_LANDMARKER", _PROJECT / "build/models/face_landmarker.task"))
    expected = os.environ.get("FACEWIRE_LANDMARKER_SHA256", LANDMARKER_SHA256)
    if not path.is_file():
        raise ModelFileError(
            f"no landmark model at {path}: run `make setup`, or set FACEWIRE_LANDMARKER to a FaceLandmarker task file"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != expected:
        raise ModelFileError(
            f"{path} has SHA-256 {digest}, expected {expected}: delete it and run `make setup`, "
            "or set FACEWIRE_LANDMARKER_SHA256 if you mean this file"
        )
    return path


def weights_folder() -> Path:
    """Return the folder of the animator's weights (`FACEWIRE_WEIGHTS`, else the landmark warp).

    Raises `ModelFileError` if it lacks `keyframe.onnx` or `animate.onnx`.
    """
    folder = Path(os.environ.get("FACEWIRE_WEIGHTS", _PROJECT / "models/weights/warp"))
    for name in ("keyframe.onnx", "animate.onnx"):
        if not (folder / name).is_file():
            raise ModelFileError(
                f"no {name} in {folder}: set FACEWIRE_WEIGHTS to a folder that has keyframe.onnx and animate.onnx"
            )
    return folder


def tables_folder() -> Path:
    """Return the folder of the codec's integer tables (`motion.msgpack`, `entropy.msgpack`)."""
    return _PROJECT / "codec/tables"
