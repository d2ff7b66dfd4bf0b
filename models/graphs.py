"""Draws frames with the exported graphs of any weights, auxiliary frames included, for evaluation."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from codec.animator import Animator, CachedKeyframe
from models.clip_cache import CachedClip
from models.keyframe_schedule import KeyframeSchedule

Float32 = NDArray[np.float32]


class Graphs:
    """One folder of weights on the CPU, one thread."""

    def __init__(self, folder: Path) -> None:
        """Load the weights. Raises `ModelFileError` if they break the interface."""
        self._animator = Animator(folder, "cpu")
        self.name = self._animator.name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            folder / "animate.onnx", options, providers=["CPUExecutionProvider"]
        )
        shapes = {value.name: value.shape for value in self._session.get_inputs()}
        self._zeros = {
            name: np.zeros((1, *shapes[name][1:]), np.float32)
            for name in ("auxiliary", "valid_auxiliary", "speech", "valid_speech")
        }

    def cache_keyframes(self, clip: CachedClip, schedule: KeyframeSchedule) -> dict[int, CachedKeyframe]:
        """Return what `draw` wants of each keyframe of a schedule."""
        return {
            number: self._animator.cache_keyframe(picture, np.asarray(clip.landmarks[number], np.float64))
            for number, picture in schedule.pictures.items()
        }

    def draw(
        self,
        first: CachedKeyframe,
        second: CachedKeyframe | None,
        landmarks: Float32,
        auxiliary: NDArray[np.uint8] | None,
    ) -> NDArray[np.uint8]:
        """Return the (side, side, 3) RGB picture at (478, 3) landmarks, with a (64, 64, 3) auxiliary frame or none."""
        b = second or first
        inputs = {
            "picture_a": first.picture,
            "features_a": first.features,
            "landmarks_a": first.landmarks,
            "picture_b": b.picture,
            "features_b": b.features,
            "landmarks_b": b.landmarks,
            "valid_b": np.full((1, 1), second is not None, np.float32),
            "landmarks": np.asarray(landmarks, np.float32)[None],
            **self._zeros,
        }
        if auxiliary is not None:
            inputs["auxiliary"] = np.ascontiguousarray(auxiliary.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
            inputs["valid_auxiliary"] = np.ones((1, 1), np.float32)
        planes: Float32 = self._session.run(["picture"], inputs)[0][0]
        return np.rint(np.clip(planes, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
