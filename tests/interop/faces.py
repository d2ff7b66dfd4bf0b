"""Do two series of pictures show the same face doing the same things? Landmarks of both, compared over time."""

import base64
import io
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

from codec.crop import Crop
from codec.landmarks import LandmarkTracker
from codec.motion import LANDMARKS, LIPS, SURFACE, FloatArray, fit_pose, motion_model, rotation_vector

_UPPER_LIP, _LOWER_LIP = 13, 14
_BROW, _CHIN = 10, 152


@dataclass(frozen=True)
class Track:
    """A face over time: times in ms, and landmarks (frames, 478, 3) in crop units."""

    times: FloatArray
    landmarks: FloatArray

    def yaw(self) -> FloatArray:
        """Return the head's turn to the side in each frame, radians."""
        model = motion_model()
        poses = (fit_pose(model.mean[:SURFACE], face[:SURFACE], model.rigid_weights) for face in self.landmarks)
        return np.array([rotation_vector(pose.rotation)[1] for pose in poses])

    def mouth_opening(self) -> FloatArray:
        """Return the distance between the lips in each frame, as a share of the face's height."""
        gap = np.linalg.norm(self.landmarks[:, _UPPER_LIP, :2] - self.landmarks[:, _LOWER_LIP, :2], axis=1)
        height = np.linalg.norm(self.landmarks[:, _BROW, :2] - self.landmarks[:, _CHIN, :2], axis=1)
        return np.asarray(gap / height, np.float64)

    def half(self, second: bool) -> "Track":
        """Return the first or the second half of the track."""
        middle = len(self.times) // 2
        part = slice(middle, None) if second else slice(middle)
        return Track(self.times[part], self.landmarks[part])

    def at(self, times: FloatArray) -> FloatArray:
        """Return landmarks (times, 478, 3), interpolated."""
        flat = self.landmarks.reshape(len(self.times), -1)
        columns = [np.interp(times, self.times, flat[:, column]) for column in range(flat.shape[1])]
        return np.stack(columns, 1).reshape(len(times), LANDMARKS, 3)


@dataclass(frozen=True)
class Agreement:
    """How well a displayed face follows its source."""

    delay_ms: float
    mean_error: float  #: mean landmark distance as a share of the face's width
    yaw_correlation: float
    mouth_correlation: float
    frames: int
    yaw_spread: float  #: standard deviation of the displayed yaw, radians: 0 is a frozen picture
    lip_error: float


def picture(encoded: str | bytes) -> Any:
    """Return an RGB array from a JPEG (base64 text or bytes)."""
    data = base64.b64decode(encoded) if isinstance(encoded, str) else encoded
    with av.open(io.BytesIO(data), mode="r", format="mjpeg") as container:
        return np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)


def track_shown(frames: list[dict[str, Any]]) -> Track:
    """Track the pictures `{time, picture}` that a page displayed; those without a face are left out."""
    times, faces = [], []
    with LandmarkTracker() as tracker:
        for frame in frames:
            pixels = picture(frame["picture"])
            found = tracker.track(pixels, int(frame["time"]) % 10**8)
            if found is not None:
                times.append(float(frame["time"]))
                faces.append(Crop(0, 0, pixels.shape[0]).to_crop_units(found))
    return Track(np.array(times), np.array(faces))


def landmarks_of_clip(clip: Path) -> tuple[float, tuple[int, int], list[FloatArray | None]]:
    """Return a video's milliseconds a frame, its width and height, and each frame's landmarks in pixels."""
    faces = []
    with LandmarkTracker() as tracker, av.open(str(clip)) as container:
        rate = container.streams.video[0].average_rate
        assert rate is not None
        for number, frame in enumerate(container.decode(video=0)):
            pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            faces.append(tracker.track(pixels, round(number * 1000 / rate)))
    return float(1000 / rate), (frame.width, frame.height), faces


def track_camera(camera: Path, frames: list[dict[str, Any]]) -> Track:
    """Return the face in a page's numbered camera file at the frames `{time, number, crop}` that were seen of it.

    Frames that passed unseen between two others were as far apart as those were.
    """
    _, _, landmarks = landmarks_of_clip(camera)
    times, faces = [], []
    for before, after in pairwise(frames):
        steps = max(1, (after["number"] - before["number"]) % len(landmarks))
        for step in range(steps):
            face = landmarks[(before["number"] + step) % len(landmarks)]
            if face is not None and before["crop"] is not None:
                crop = Crop(before["crop"]["left"], before["crop"]["top"], before["crop"]["side"])
                times.append(before["time"] + (after["time"] - before["time"]) * step / steps)
                faces.append(crop.to_crop_units(face))
    return Track(np.array(times), np.array(faces))


def compare(source: Track, shown: Track, delays_ms: range = range(0, 1500, 20)) -> Agreement:
    """Compare a displayed face with its source after that one of the given delays at which they agree best."""
    yaw, mouth = shown.yaw(), shown.mouth_opening()
    source_yaw, source_mouth = source.yaw(), source.mouth_opening()

    def correlations(delay_ms: float) -> tuple[float, float]:
        inside = shown.times - delay_ms >= source.times[0]
        times = shown.times[inside] - delay_ms
        return (
            _correlation(yaw[inside], np.interp(times, source.times, source_yaw)),
            _correlation(mouth[inside], np.interp(times, source.times, source_mouth)),
        )

    delay_ms = max(delays_ms, key=lambda delay: sum(correlations(delay)))
    inside = shown.times - delay_ms >= source.times[0]
    wanted = source.at(shown.times[inside] - delay_ms)
    distances = np.linalg.norm((shown.landmarks[inside] - wanted)[:, :SURFACE, :2], axis=2)
    width = float(np.median(np.ptp(wanted[:, :SURFACE, 0], axis=1)))
    yaw_correlation, mouth_correlation = correlations(delay_ms)
    return Agreement(
        delay_ms,
        float(distances.mean()) / width,
        yaw_correlation,
        mouth_correlation,
        int(inside.sum()),
        float(yaw.std()),
        float(distances[:, list(LIPS)].mean()) / width,
    )


def _correlation(a: FloatArray, b: FloatArray) -> float:
    if a.std() < 1e-6 or b.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
