"""Video files that tests make of the packaged talking clip."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.material import talking_frames

RATE = 48_000


def write_film(
    path: Path,
    pictures: list[NDArray[np.uint8]],
    times_ms: list[int],
    *,
    tone_hz: int | None = None,
    rotation: int = 0,
    lossless: bool = False,
) -> Path:
    """Write (height, width, 3) RGB pictures with their times, and a tone beside them that pauses each second."""
    with av.open(str(path), "w") as container:
        container.metadata["creation_time"] = "2026-01-02T03:04:05.000000Z"
        options = {} if lossless else {"crf": "20", "preset": "ultrafast"}
        video = container.add_stream("ffv1" if lossless else "libx264", rate=1000, options=options)
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = "yuv444p" if lossless else "yuv420p"
        video.time_base = Fraction(1, 1000)
        if rotation:
            video.set_display_rotation(rotation)
        sound = container.add_stream("aac", rate=RATE, layout="stereo") if tone_hz else None
        for picture, time_ms in zip(pictures, times_ms, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None and tone_hz is not None:
            container.mux(sound.encode(_tone(tone_hz, (times_ms[-1] + 40) / 1000)))
            container.mux(sound.encode(None))
    return path


def _tone(tone_hz: int, seconds: float) -> av.AudioFrame:
    time = np.arange(round(seconds * RATE)) / RATE
    tone = np.where(time % 1 < 0.6, 0.3 * np.sin(2 * np.pi * tone_hz * time), 0).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), "fltp", "stereo")
    frame.sample_rate = RATE
    return frame


def talking_film(path: Path, seconds: float, fps: float = 25, tone_hz: int | None = None) -> Path:
    """Write so much of the talking clip, played at `fps`."""
    pictures = talking_frames(round(seconds * fps))
    times_ms = [round(1000 * index / fps) for index in range(len(pictures))]
    return write_film(path, pictures, times_ms, tone_hz=tone_hz)
