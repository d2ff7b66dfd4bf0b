"""Sound from a microphone or a file, in real time, in pieces of any length."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from server.native.capture import open_media, period_s
from server.native.errors import DeviceError
from server.native.voice_codec import SAMPLE_RATE, Samples

_STOP_TIMEOUT_S = 3.0
_BUFFER = SAMPLE_RATE // 50


class SoundSource(ABC):
    """A thread that hands out mono 48 kHz sound, so many samples at a time. `start`, then `stop`."""

    def __init__(self) -> None:
        self.problem: str | None = None  #: why the source ended before it should
        self.ended = False
        self._chunk = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, chunk: int, on_chunk: Callable[[Samples], None]) -> None:
        """Begin; `on_chunk` gets `chunk` samples at a time, in the source's thread."""
        self._chunk = chunk
        self._thread = threading.Thread(target=self._run, args=(on_chunk,), name="sound", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; safe to call twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_TIMEOUT_S)

    @abstractmethod
    def _chunks(self) -> Iterator[Samples]:
        """Yield sound as it comes. Raises `DeviceError` when it cannot."""

    def _run(self, on_chunk: Callable[[Samples], None]) -> None:
        try:
            for chunk in self._chunks():
                if self._stopping.is_set():
                    break
                on_chunk(chunk)
        except (DeviceError, av.FFmpegError) as error:
            self.problem = str(error)
        finally:
            self.ended = True


class Microphone(SoundSource):
    """The system's default microphone, through PyAudio."""

    def __init__(self) -> None:
        """Open the microphone. Raises `DeviceError` if there is none, or no PyAudio."""
        super().__init__()
        pyaudio = load_pyaudio("a microphone")
        self._pyaudio: Any = pyaudio.PyAudio()
        try:
            self._stream: Any = self._pyaudio.open(
                rate=SAMPLE_RATE, channels=1, format=pyaudio.paInt16, input=True, frames_per_buffer=_BUFFER
            )
        except OSError as error:
            self._pyaudio.terminate()
            raise DeviceError(f"cannot open a microphone ({error}): use --audio FILE or --audio none") from error

    def _chunks(self) -> Iterator[Samples]:
        try:
            while True:
                yield np.frombuffer(self._stream.read(self._chunk, exception_on_overflow=False), np.int16)
        except OSError as error:
            raise DeviceError(f"the microphone gives no sound any more ({error})") from error
        finally:
            self._stream.close()
            self._pyaudio.terminate()


class SoundFile(SoundSource):
    """The sound of a file played in real time, over and over if `repeat`."""

    def __init__(self, path: Path, *, repeat: bool) -> None:
        """Open the file. Raises `DeviceError` if it cannot be read or has no sound."""
        super().__init__()
        self._path = path
        self._repeat = repeat
        with open_media(path) as container:
            if not container.streams.audio:
                raise DeviceError(f"{path} has no sound: --audio needs a file with sound, mic, or none")
            self._round_samples = round(period_s(container) * SAMPLE_RATE)

    def _chunks(self) -> Iterator[Samples]:
        start_s = time.monotonic()
        due_s = 0.0
        waiting = np.zeros(0, np.int16)
        for piece in self._rounds():
            waiting = np.concatenate([waiting, piece])
            while waiting.size >= self._chunk:
                due_s += self._chunk / SAMPLE_RATE
                if self._stopping.wait(max(0.0, start_s + due_s - time.monotonic())):
                    return
                yield waiting[: self._chunk]
                waiting = waiting[self._chunk :]

    def _rounds(self) -> Iterator[Samples]:
        while True:
            played = 0
            for piece in self._decode():
                kept = piece[: max(0, self._round_samples - played)]
                played += kept.size
                yield kept
            while played < self._round_samples:
                silence = np.zeros(min(SAMPLE_RATE, self._round_samples - played), np.int16)
                played += silence.size
                yield silence
            if not self._repeat or not played:
                return

    def _decode(self) -> Iterator[Samples]:
        resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
        with open_media(self._path) as container:
            for frame in container.decode(container.streams.audio[0]):
                for resampled in resampler.resample(frame):
                    yield resampled.to_ndarray()[0]
            for resampled in resampler.resample(None):
                yield resampled.to_ndarray()[0]


def load_pyaudio(purpose: str) -> Any:
    """Return the module PyAudio. Raises `DeviceError` that names the extra if it is missing."""
    try:
        import pyaudio
    except (ModuleNotFoundError, ImportError) as error:
        raise DeviceError(f"{purpose} needs PyAudio: install facewire's extra `native`") from error
    return pyaudio
