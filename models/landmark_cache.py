"""Tracks the face through a folder of clips: `python -m models.landmark_cache CLIPS LANDMARKS`.

Writes a `.npy` file for each clip: (frames, 478, 3) float32 in pixels of the clip, NaN where no face was found. Clips
that are there already are not tracked again; clips that do not decode are named at the end.
"""

import argparse
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from codec.landmarks import LandmarkTracker
from codec.motion import LANDMARKS
from models.clips import clip_name, find_clips
from models.errors import TrainingDataError

_DEFAULT_FPS = 25


def track_clip(path: Path) -> NDArray[np.float32]:
    """Return the (frames, 478, 3) landmarks of a clip in pixels. Raises `TrainingDataError` if it does not decode."""
    rows = []
    nothing = np.full((LANDMARKS, 3), np.nan)
    try:
        with LandmarkTracker() as tracker, av.open(str(path)) as container:
            fps = float(container.streams.video[0].average_rate or _DEFAULT_FPS)
            for number, frame in enumerate(container.decode(video=0)):
                found = tracker.track(
                    np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), round(number * 1000 / fps)
                )
                rows.append(nothing if found is None else found)
    except (av.FFmpegError, OSError, IndexError) as error:
        raise TrainingDataError(f"{path} does not decode: {error}") from error
    if not rows:
        raise TrainingDataError(f"{path} has no video frame")
    return np.stack(rows).astype(np.float32)


def track_folder(clips: Path, output: Path) -> dict[str, str]:
    """Track every clip that has no landmarks yet; return the reasons for those that failed, by name."""
    output.mkdir(parents=True, exist_ok=True)
    failures = {}
    for path in tqdm(find_clips(clips), desc="tracking", unit="clip"):
        target = output / f"{clip_name(clips, path)}.npy"
        if target.exists():
            continue
        try:
            landmarks = track_clip(path)
        except TrainingDataError as error:
            failures[path.name] = str(error)
            continue
        unfinished = target.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            np.save(file, landmarks)
        unfinished.rename(target)
    return failures


def main() -> None:
    """Track a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, metavar="CLIPS")
    parser.add_argument("output", type=Path, metavar="LANDMARKS")
    arguments = parser.parse_args()
    for name, reason in track_folder(arguments.clips, arguments.output).items():
        print(f"skipped {name}: {reason}")


if __name__ == "__main__":
    main()
