"""Where the model files are, and whether they are the right ones."""

import hashlib
import os
from pathlib import Path

from codec.errors import ModelFileError

#: SHA-256 of Google's FaceLandmarker task file (478 points; Apache-2.0), the one both ends are tuned to.
LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"

#: The networks by their cost, and the choice that leaves it to the path setting.
TIERS = ("pocket", "studio")
AUTO_TIER = "auto"
#: The landmark warp, drawn from restored keyframes: what a browser on an old laptop draws 25 times a second.
_DEFAULT = "restored"
GRAPHS = ("keyframe.onnx", "animate.onnx")

_PROJECT = Path(__file__).resolve().parent.parent
_WEIGHTS = _PROJECT / "models/weights"


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


def weights_folder(tier: str = AUTO_TIER) -> Path:
    """Return the folder of the animator's weights: of a tier, or `FACEWIRE_WEIGHTS`, else the default.

    Raises `ModelFileError` if it lacks `keyframe.onnx` or `animate.onnx`.
    """
    folder = Path(os.environ.get("FACEWIRE_WEIGHTS", _WEIGHTS / _DEFAULT)) if tier == AUTO_TIER else _WEIGHTS / tier
    for name in GRAPHS:
        if not (folder / name).is_file():
            if tier != AUTO_TIER:
                raise ModelFileError(
                    f"the tier {tier!r} is not trained here, {folder} has no {name}: use another tier, or train and "
                    "export it there (docs/training.md)"
                )
            raise ModelFileError(
                f"no {name} in {folder}: set FACEWIRE_WEIGHTS to a folder that has keyframe.onnx and animate.onnx"
            )
    return folder


def speech_folder() -> Path:
    """Return the folder of the audio-visual drive's weights (`speech.onnx`, `fusion.msgpack`)."""
    return _WEIGHTS / "speech"


def tables_folder() -> Path:
    """Return the folder of the codec's integer tables (`motion.msgpack`, `entropy.msgpack`)."""
    return _PROJECT / "codec/tables"
