"""Pictures from a camera or a file, in real time: only the newest is kept for whoever is slower than that."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from codec.intra_picture import Picture
from server.native.errors import DeviceError

_STOP_TIMEOUT_S = 3.0
_CAMERA_FAILURES = 30
_SIDE_LIMIT = 1280


@dataclass(frozen=True, slots=True)
class Captured:
    """A picture and when it was taken, ms since the source started."""

    picture: Picture  #: (height, width, 3) RGB
    time_ms: float


class PictureSource(ABC):
    """A thread that captures pictures. `start`, then `take`, then `stop`."""

    def __init__(self) -> None:
        self.problem: str | None = None  #: why the source ended before it should
        self._changed = threading.Condition()
        self._newest: Captured | None = None
        self._ended = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def ended(self) -> bool:
        """Whether no picture will come any more."""
        return self._ended and self._newest is None

    def start(self) -> None:
        """Begin to capture."""
        self._thread.start()

    def take(self, timeout_s: float) -> Captured | None:
        """Return the newest picture that was not taken yet; None if there is none in time, or none any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._ended, timeout_s)
            newest, self._newest = self._newest, None
            return newest

    def stop(self) -> None:
        """End the capture; safe to call twice."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT_S)

    @abstractmethod
    def _pictures(self, start_s: float) -> Generator[Captured]:
        """Yield pictures as they come. Raises `DeviceError` when they cannot."""

    def _run(self) -> None:
        pictures = self._pictures(time.monotonic())
        try:
            for captured in pictures:
                if self._stopping.is_set():
                    break
                with self._changed:
                    self._newest = captured
                    self._changed.notify_all()
        except (DeviceError, av.FFmpegError) as error:
            self.problem = str(error)
        finally:
            pictures.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()


class Camera(PictureSource):
    """A camera by its number, through OpenCV."""

    def __init__(self, index: int) -> None:
        """Open the camera. Raises `DeviceError` if there is none, or no OpenCV."""
        super().__init__()
        try:
            import cv2
        except ModuleNotFoundError as error:
            raise DeviceError("a camera needs OpenCV: install facewire's extra `native`") from error
        self._cv2: Any = cv2
        self._capture: Any = cv2.VideoCapture(index)
        if not self._capture.isOpened():
            raise DeviceError(
                f"cannot open camera {index}: is one connected, and free? A file works too (--video FILE)"
            )
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, 640)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, 480)
        self._capture.set(cv2.CAP_PROP_FPS, 25)

    def _pictures(self, start_s: float) -> Generator[Captured]:
        failures = 0
        try:
            while failures < _CAMERA_FAILURES:
                good, picture = self._capture.read()
                if not good:
                    failures += 1
                    time.sleep(0.03)
                    continue
                failures = 0
                now_ms = (time.monotonic() - start_s) * 1000
                yield Captured(self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB), now_ms)
        finally:
            self._capture.release()
        raise DeviceError("the camera gives no pictures any more")


class VideoFile(PictureSource):
    """A video file played in real time, over and over if `repeat`. Pictures over 1 280 pixels are halved."""

    def __init__(self, path: Path, *, repeat: bool) -> None:
        """Open the file. Raises `DeviceError` if it cannot be read or has no pictures."""
        super().__init__()
        self._path = path
        self._repeat = repeat
        with open_media(path) as container:
            if not container.streams.video:
                raise DeviceError(f"{path} has no pictures: --video needs a video file")
            self._period_s = period_s(container)

    def _pictures(self, start_s: float) -> Generator[Captured]:
        due_s = 0.0
        while True:
            round_s = due_s
            for picture, offset_s in self._decode():
                due_s = round_s + offset_s
                if self._stopping.wait(max(0.0, start_s + due_s - time.monotonic())):
                    return
                yield Captured(picture, due_s * 1000)
            if not self._repeat:
                return
            due_s = max(due_s + 0.01, round_s + self._period_s)

    def _decode(self) -> Iterator[tuple[Picture, float]]:
        with open_media(self._path) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            for index, frame in enumerate(container.decode(stream)):
                shrink = -(-max(frame.width, frame.height) // _SIDE_LIMIT)
                rgb = frame.reformat(frame.width // shrink, frame.height // shrink, "rgb24")
                time_s = frame.time if frame.time is not None else index / 25
                yield np.asarray(rgb.to_ndarray(), np.uint8), max(0.0, time_s)


def open_media(path: Path) -> "av.container.InputContainer":
    """Open a media file. Raises `DeviceError` if it cannot be read."""
    try:
        return av.open(str(path))
    except (OSError, av.FFmpegError) as error:
        raise DeviceError(f"cannot read the media file {path}: {error}") from error


def period_s(container: "av.container.InputContainer") -> float:
    """Return the length of a round of a looped file, the same for its pictures and its sound."""
    return container.duration / av.time_base if container.duration else 0.0


def has_sound(path: Path) -> bool:
    """Tell whether a media file has sound. Raises `DeviceError` if it cannot be read."""
    with open_media(path) as container:
        return bool(container.streams.audio)
