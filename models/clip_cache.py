"""The training cache on disk: one folder a clip, one `.npy` file an array, read memory-mapped.

Neither PyAV nor MediaPipe is needed to read it.
"""

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_INFO = "clip.json"


@dataclass(frozen=True)
class CachedClip:
    """One clip as a sender saw it and as a receiver has it. All pictures are uint8 RGB, all landmarks crop units."""

    name: str
    identity: str
    frames: NDArray[np.uint8]  #: (n, side, side, 3)
    tracked: NDArray[np.float32]  #: (n, 478, 3) as the sender's tracker saw them
    shape: NDArray[np.int16]  #: (32,)
    motion: NDArray[np.int16]  #: (n, 32), quantised
    landmarks: NDArray[np.float32]  #: (n, 478, 3) as a receiver rebuilds them from `motion`
    keyframe_numbers: NDArray[np.int32]  #: (k,) which frames were coded as keyframes
    keyframe_crfs: NDArray[np.int32]  #: (k,) at which AV1 quality
    keyframes: NDArray[np.uint8]  #: (k, side, side, 3) decoded
    auxiliary: NDArray[np.uint8]  #: (levels, (n + 1) // 2, 64, 64, 3) decoded, frame 2·i at i
    auxiliary_kbps: NDArray[np.float32]  #: (levels,)


_ARRAYS = tuple(field.name for field in fields(CachedClip) if field.name not in ("name", "identity"))


def is_cached(cache: Path, name: str) -> bool:
    """Tell whether this clip was written completely."""
    return (cache / name / _INFO).is_file()


def write_clip(cache: Path, clip: CachedClip) -> None:
    """Write a clip; it counts as cached only once all of it is on disk."""
    folder = cache / clip.name
    folder.mkdir(parents=True, exist_ok=True)
    for array in _ARRAYS:
        np.save(folder / f"{array}.npy", getattr(clip, array))
    (folder / _INFO).write_text(json.dumps({"name": clip.name, "identity": clip.identity}))


def link_clip(cache: Path, target: Path, name: str, keyframes: NDArray[np.uint8]) -> None:
    """Write a clip of `cache` to another cache with other keyframes; the other arrays become the same files."""
    folder = target / name
    folder.mkdir(parents=True, exist_ok=True)
    for array in _ARRAYS:
        file = folder / f"{array}.npy"
        file.unlink(missing_ok=True)
        if array == "keyframes":
            np.save(file, keyframes)
        else:
            file.hardlink_to(cache / name / file.name)
    (folder / _INFO).write_bytes((cache / name / _INFO).read_bytes())


def read_clips(cache: Path) -> list[CachedClip]:
    """Return all completely written clips of a cache, by name, their arrays memory-mapped."""
    clips = []
    for info in sorted(cache.glob(f"*/{_INFO}")):
        names = json.loads(info.read_text())
        arrays: dict[str, Any] = {array: np.load(info.parent / f"{array}.npy", mmap_mode="r") for array in _ARRAYS}
        clips.append(CachedClip(name=names["name"], identity=names["identity"], **arrays))
    return clips


def split(clips: list[CachedClip], share: float = 0.1) -> tuple[list[CachedClip], list[CachedClip]]:
    """Return training and validation clips: nobody is in both. A person's name decides, by its digest."""
    chosen = [hashlib.sha256(clip.identity.encode()).digest()[0] < 256 * share for clip in clips]
    training = [clip for clip, is_validation in zip(clips, chosen, strict=True) if not is_validation]
    return training, [clip for clip, is_validation in zip(clips, chosen, strict=True) if is_validation]
