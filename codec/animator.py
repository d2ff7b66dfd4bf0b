"""Runs the animator's ONNX graphs (docs/animator.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.errors import ModelFileError
from codec.intra_picture import Picture
from codec.model_files import weights_folder
from codec.motion import LANDMARKS, FloatArray

Float32 = NDArray[np.float32]

INTERFACE = "1"
_KEYFRAME_INPUTS = ("picture", "landmarks")
#: Optional output of `keyframe.onnx`: the picture without the coder's artefacts.
_RESTORED = "restored"
_ANIMATE_INPUTS = (
    *("picture_a", "features_a", "landmarks_a", "picture_b", "features_b", "landmarks_b", "valid_b"),
    *("landmarks", "auxiliary", "valid_auxiliary", "speech", "valid_speech"),
)


@dataclass(frozen=True, slots=True)
class CachedKeyframe:
    """A keyframe as `animate` wants it: picture (restored, if the weights do), features and landmarks, batches of 1."""

    picture: Float32
    features: Float32
    landmarks: Float32

    @property
    def shown(self) -> Picture:
        """The (side, side, 3) RGB picture as it is shown where nothing is animated."""
        return _to_pictures(self.picture)[0]


@dataclass(frozen=True, slots=True)
class FaceToDraw:
    """One face of a batch: its keyframes, and the (478, 3) landmarks in crop units to draw it at."""

    picked: CachedKeyframe
    other: CachedKeyframe | None
    landmarks: FloatArray


class Animator:
    """One pair of graphs on one onnxruntime execution provider; serves any number of faces."""

    def __init__(self, folder: Path | None = None, provider: str = "auto", threads: int = 1) -> None:
        """Load the weights in `folder` (default: the path setting).

        `provider` is `auto` (CUDA if onnxruntime has it, else the CPU), `cpu` or `cuda`. Raises `ModelFileError` if
        the graphs are missing, break the interface, or the provider is not there.
        """
        import onnxruntime

        folder = folder or weights_folder()
        available = onnxruntime.get_available_providers()
        if provider == "cuda" and "CUDAExecutionProvider" not in available:
            raise ModelFileError("onnxruntime has no CUDA here: install the extra `gpu`, or use the provider `cpu`")
        use_cuda = provider == "cuda" or (provider == "auto" and "CUDAExecutionProvider" in available)
        self.provider = "cuda" if use_cuda else "cpu"
        if use_cuda:
            onnxruntime.preload_dlls()  # CUDA's libraries where they came as wheels; else the system's are found
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Spinning threads starve the rest of a call on a small machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CUDAExecutionProvider"] if use_cuda else ["CPUExecutionProvider"]
        try:
            self._keyframe = onnxruntime.InferenceSession(folder / "keyframe.onnx", options, providers=providers)
            self._animate = onnxruntime.InferenceSession(folder / "animate.onnx", options, providers=providers)
        except Exception as error:
            raise ModelFileError(f"onnxruntime cannot load the weights in {folder}: {error}") from error
        if use_cuda and "CUDAExecutionProvider" not in self._animate.get_providers():
            # onnxruntime goes on with the CPU where CUDA does not start.
            if provider == "cuda":
                raise ModelFileError("CUDA does not start here (is a driver missing, or a library?): use `cpu`")
            self.provider = "cpu"
        _check_names(folder / "keyframe.onnx", self._keyframe, _KEYFRAME_INPUTS, "features")
        _check_names(folder / "animate.onnx", self._animate, _ANIMATE_INPUTS, "picture")
        properties = self._animate.get_modelmeta().custom_metadata_map
        if properties.get("facewire_interface") != INTERFACE:
            raise ModelFileError(
                f"{folder / 'animate.onnx'} has interface {properties.get('facewire_interface')!r}, "
                f"expected {INTERFACE!r}"
            )
        self.name = properties.get("name", folder.name)
        self._restores = _RESTORED in [value.name for value in self._keyframe.get_outputs()]
        self._keyframe_outputs = ["features", _RESTORED] if self._restores else ["features"]
        shapes = {value.name: value.shape for value in self._animate.get_inputs()}
        self.side = int(shapes["picture_a"][2])
        self._absent_shapes = {
            name: tuple(shapes[name][1:]) for name in ("auxiliary", "valid_auxiliary", "speech", "valid_speech")
        }

    def cache_keyframe(self, picture: Picture, landmarks: FloatArray) -> CachedKeyframe:
        """Prepare a (side, side, 3) RGB keyframe with its (478, 3) landmarks in crop units."""
        planes = np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
        points = landmarks[None].astype(np.float32)
        features, *restored = self._keyframe.run(self._keyframe_outputs, {"picture": planes, "landmarks": points})
        return CachedKeyframe(restored[0] if restored else planes, features, points)

    def restore(self, picture: Picture) -> Picture:
        """Return a keyframe without a face as it is shown: without the coder's artefacts, if the weights know how."""
        return self.cache_keyframe(picture, np.zeros((LANDMARKS, 3))).shown if self._restores else picture

    def animate(self, picked: CachedKeyframe, other: CachedKeyframe | None, landmarks: FloatArray) -> Picture:
        """Return the (side, side, 3) RGB picture of a face at these (478, 3) landmarks in crop units."""
        return self.animate_batch([FaceToDraw(picked, other, landmarks)])[0]

    def animate_batch(self, faces: Sequence[FaceToDraw]) -> list[Picture]:
        """Return the (side, side, 3) RGB pictures of at least one face, of any senders, drawn in one run."""
        picked = [face.picked for face in faces]
        others = [face.other or face.picked for face in faces]
        inputs = {
            "picture_a": np.concatenate([keyframe.picture for keyframe in picked]),
            "features_a": np.concatenate([keyframe.features for keyframe in picked]),
            "landmarks_a": np.concatenate([keyframe.landmarks for keyframe in picked]),
            "picture_b": np.concatenate([keyframe.picture for keyframe in others]),
            "features_b": np.concatenate([keyframe.features for keyframe in others]),
            "landmarks_b": np.concatenate([keyframe.landmarks for keyframe in others]),
            "valid_b": np.array([[face.other is not None] for face in faces], np.float32),
            "landmarks": np.stack([face.landmarks for face in faces]).astype(np.float32),
        }
        for name, shape in self._absent_shapes.items():
            inputs[name] = np.zeros((len(faces), *shape), np.float32)
        planes: Float32 = self._animate.run(["picture"], inputs)[0]
        return _to_pictures(planes)


def _to_pictures(planes: Float32) -> list[Picture]:
    """Return (side, side, 3) pictures of (N, 3, side, side) in 0…1."""
    return list(np.rint(np.clip(planes, 0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1))


def _check_names(path: Path, session: Any, inputs: tuple[str, ...], output: str) -> None:
    """Refuse a graph whose inputs or output differ from the interface, naming the first difference."""
    present = {value.name: value.shape for value in session.get_inputs()}
    for name in inputs:
        if name not in present:
            raise ModelFileError(f"{path} has no input {name!r}, which the animator's interface requires")
    for name, shape in present.items():
        if name not in inputs:
            raise ModelFileError(f"{path} has an input {name!r}, which the animator's interface does not know")
        if name.startswith("landmarks") and list(shape[1:]) != [LANDMARKS, 3]:
            raise ModelFileError(f"{path} has input {name!r} of shape {shape}, expected N × {LANDMARKS} × 3")
    if output not in [value.name for value in session.get_outputs()]:
        raise ModelFileError(f"{path} has no output {output!r}, which the animator's interface requires")
