"""Makes a training cache of a pack: `python -m models.unpack PACK CACHE`. OpenCV and numpy are all it needs."""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from codec.motion import motion_model
from models.clip_cache import CachedClip, is_cached, write_clip
from models.errors import TrainingDataError


def unpack_clip(pack: Path, name: str) -> CachedClip:
    """Read one clip of a pack. Raises `TrainingDataError` if a video of it does not decode."""
    with np.load(pack / f"{name}.npz") as stored:
        arrays = {key: stored[key] for key in stored.files}
    model = motion_model()
    shape = tuple(int(value) for value in arrays["shape"])
    landmarks = np.stack([model.landmarks(shape, motion.astype(np.float64)) for motion in arrays["motion"]])
    levels = range(len(arrays["auxiliary_kbps"]))
    frames = _read_video(pack / f"{name}.frames.mp4", len(landmarks))
    return CachedClip(
        name=name,
        identity=str(arrays["identity"]),
        frames=frames,
        # What the tracker saw is not packed; training does not look at it.
        tracked=landmarks.astype(np.float32),
        shape=arrays["shape"],
        motion=arrays["motion"],
        landmarks=landmarks.astype(np.float32),
        keyframe_numbers=arrays["keyframe_numbers"],
        keyframe_crfs=arrays["keyframe_crfs"],
        keyframes=_read_video(pack / f"{name}.keyframes.mp4", len(arrays["keyframe_numbers"])),
        auxiliary=np.stack(
            [_read_video(pack / f"{name}.auxiliary{level}.mp4", (len(landmarks) + 1) // 2) for level in levels]
        ),
        auxiliary_kbps=arrays["auxiliary_kbps"],
    )


def _read_video(path: Path, expected: int) -> NDArray[np.uint8]:
    capture = cv2.VideoCapture(str(path))
    pictures = []
    while True:
        more, picture = capture.read()
        if not more:
            break
        pictures.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    capture.release()
    if len(pictures) != expected:
        raise TrainingDataError(
            f"{path} gives {len(pictures)} of {expected} pictures: it is damaged, or this OpenCV decodes no H.264"
        )
    return np.stack(pictures)


def main() -> None:
    """Unpack a pack, several clips at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path, metavar="PACK")
    parser.add_argument("cache", type=Path, metavar="CACHE")
    arguments = parser.parse_args()
    names = [path.stem for path in sorted(arguments.pack.glob("*.npz")) if path.with_suffix(".frames.mp4").exists()]
    if not names:
        raise TrainingDataError(f"no clip in {arguments.pack}: is it what `python -m models.pack` wrote?")
    todo = [name for name in names if not is_cached(arguments.cache, name)]

    def convert(name: str) -> None:
        write_clip(arguments.cache, unpack_clip(arguments.pack, name))

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(convert, todo))
    print(f"unpacked {len(todo)} clips into {arguments.cache}")


if __name__ == "__main__":
    main()
