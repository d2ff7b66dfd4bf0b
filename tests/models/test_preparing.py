"""From a folder of clips to the training cache, with the real tracker and the real encoders."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from models.clip_cache import read_clips
from models.clips import find_clips, identity_of
from models.errors import TrainingDataError
from models.landmark_cache import track_folder
from models.prepare import prepare_folder
from tests.material import talking_clip


def test_a_folder_of_clips_becomes_a_cache(tmp_path: Path) -> None:
    clips, landmarks, cache = tmp_path / "clips", tmp_path / "landmarks", tmp_path / "cache"
    (clips / "driver").mkdir(parents=True)
    shutil.copy(talking_clip(), clips / "driver/one.mp4")
    (clips / "broken_01.mp4").write_bytes(b"no video")

    failed = track_folder(clips, landmarks)
    assert list(failed) == ["broken_01.mp4"]
    assert "does not decode" in failed["broken_01.mp4"]
    failed = prepare_folder(clips, landmarks, cache, 256)
    assert list(failed) == ["broken_01.mp4"]
    assert "models.landmark_cache" in failed["broken_01.mp4"]

    (clip,) = read_clips(cache)
    assert (clip.name, clip.identity) == ("driver-one", "driver")
    assert clip.frames.shape == (120, 256, 256, 3)
    # The face was cut out of a wide picture: about half as wide as the crop, and in its middle.
    assert 0.6 < np.ptp(clip.tracked[0, :468, 0]) < 1.3
    assert np.abs(clip.tracked[0, :468, :2].mean(0)).max() < 0.35
    # Nothing is done twice.
    before = (cache / "driver-one/frames.npy").stat().st_mtime_ns
    prepare_folder(clips, landmarks, cache, 256)
    assert (cache / "driver-one/frames.npy").stat().st_mtime_ns == before


def test_people_are_told_apart_by_folder_or_name() -> None:
    folder = Path("clips")
    assert identity_of(folder, folder / "anna/one.mp4") == "anna"
    assert identity_of(folder, folder / "t12_03.mp4") == "t12"
    assert identity_of(folder, folder / "solo.mp4") == "solo"


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"\.mp4"):
        find_clips(tmp_path)
