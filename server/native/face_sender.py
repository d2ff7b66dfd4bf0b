"""Tracks and encodes one's own face in a thread of its own."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from codec.crop import Crop
from codec.encoder import Encoded, FaceEncoder
from codec.errors import CodecError
from codec.landmarks import LandmarkTracker
from server.native.capture import Captured, PictureSource

_STOP_TIMEOUT_S = 5.0
_WAIT_S = 0.2
_CROPS_KEPT = 100


@dataclass(slots=True)
class SenderFigures:
    """What became of the captured pictures."""

    frames: int = 0
    faces: int = 0
    stage_ms: dict[str, float] = field(default_factory=dict)  #: means over all pictures
    first_s: float = 0.0
    last_s: float = 0.0
    crops: deque[tuple[float, Crop]] = field(default_factory=lambda: deque(maxlen=_CROPS_KEPT))
    #: the newest squares that were sent of the camera's pictures, each with its first moment, Unix time in ms

    @property
    def fps(self) -> float:
        """Pictures tracked in a second."""
        elapsed_s = self.last_s - self.first_s
        return (self.frames - 1) / elapsed_s if self.frames > 1 and elapsed_s > 0 else 0.0


class FaceSender:
    """Takes the newest picture of a source, tracks it, encodes it, hands the result out; again and again."""

    def __init__(
        self, source: PictureSource, on_encoded: Callable[[Encoded], None], voice_active: Callable[[], bool]
    ) -> None:
        """Load the face model and the tables. The callbacks run in the sender's thread. Raises `ModelFileError`."""
        self.figures = SenderFigures()
        self._problem: str | None = None
        self._source = source
        self._on_encoded = on_encoded
        self._voice_active = voice_active
        self._tracker = LandmarkTracker()
        self._encoder = FaceEncoder()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="face", daemon=True)

    @property
    def ended(self) -> bool:
        """Whether the source has ended and all of it was encoded."""
        return not self._thread.is_alive() and self._source.ended

    @property
    def problem(self) -> str | None:
        """Why the sender ended before it should."""
        return self._problem or self._source.problem

    def keyframes_in_use(self) -> list[bytes]:
        """Return what a newcomer needs, in order."""
        return self._encoder.keyframes_in_use()

    def keyframes_since(self, number: int) -> list[bytes]:
        """Return the chain of the keyframe of this number and all after it; the newest chain if it is not known."""
        return self._encoder.keyframes_since(number)

    def set_prediction(self, allowed: bool) -> None:
        """Say whether keyframes may be predicted from others."""
        self._encoder.predict_keyframes = allowed

    def start(self) -> None:
        """Begin; the source is started too."""
        self._source.start()
        self._thread.start()

    def stop(self) -> None:
        """End; the source is stopped too. Safe to call twice."""
        self._stopping.set()
        self._source.stop()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set() and not self._source.ended:
                captured = self._source.take(_WAIT_S)
                if captured is not None:
                    self._take(captured)
        except CodecError as error:
            self._problem = str(error)
        finally:
            self._tracker.close()

    def _take(self, captured: Captured) -> None:
        started_s = time.perf_counter()
        landmarks = self._tracker.track(captured.picture, round(captured.time_ms))
        tracked_s = time.perf_counter()
        encoded = self._encoder.encode(captured.picture, landmarks, captured.time_ms, self._voice_active())
        self._note(started_s, tracked_s, time.perf_counter(), encoded)
        self._on_encoded(encoded)

    def _note(self, started_s: float, tracked_s: float, encoded_s: float, encoded: Encoded) -> None:
        figures = self.figures
        if not figures.frames:
            figures.first_s = started_s
        figures.last_s = started_s
        figures.frames += 1
        figures.faces += encoded.has_face
        crop = self._encoder.crop
        if crop is not None and (not figures.crops or figures.crops[-1][1] != crop):
            figures.crops.append((time.time() * 1000, crop))
        for stage, ms in (("track", tracked_s - started_s), ("encode", encoded_s - tracked_s)):
            before = figures.stage_ms.get(stage, 0.0)
            figures.stage_ms[stage] = before + (ms * 1000 - before) / figures.frames
