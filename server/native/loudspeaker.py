"""Plays the others' voices, mixed, through PyAudio."""

import threading
from typing import Any

import numpy as np

from server.native.errors import DeviceError
from server.native.sound import load_pyaudio
from server.native.voice_codec import SAMPLE_RATE, Samples, VoiceDecoder

_PREBUFFER = SAMPLE_RATE // 8
_LONGEST = SAMPLE_RATE
_BLOCK = SAMPLE_RATE // 50


class VoiceBuffer:
    """A speaker's decoded sound: begins to play when enough is there, pauses when it runs dry."""

    def __init__(self) -> None:
        self._decoder = VoiceDecoder()
        self._waiting: Samples = np.zeros(0, np.int16)
        self._playing = False

    def add(self, packet: bytes) -> None:
        """Take a packet; of more than a second of sound the oldest goes."""
        self._waiting = np.concatenate([self._waiting, self._decoder.decode(packet)])[-_LONGEST:]

    def take(self, samples: int) -> Samples:
        """Return up to `samples` samples; fewer, or none, while there are not enough."""
        if not self._playing and self._waiting.size < _PREBUFFER:
            return self._waiting[:0]
        taken, self._waiting = self._waiting[:samples], self._waiting[samples:]
        self._playing = bool(self._waiting.size)
        return taken


class Mixer:
    """Sums the speakers. Safe to use from two threads."""

    def __init__(self) -> None:
        self._voices: dict[int, VoiceBuffer] = {}
        self._lock = threading.Lock()

    def add(self, speaker: int, packet: bytes) -> None:
        """Take a speaker's packet."""
        with self._lock:
            self._voices.setdefault(speaker, VoiceBuffer()).add(packet)

    def forget(self, speaker: int) -> None:
        """Drop a speaker."""
        with self._lock:
            self._voices.pop(speaker, None)

    def take(self, samples: int) -> Samples:
        """Return exactly `samples` samples of everybody."""
        mixed = np.zeros(samples, np.int32)
        with self._lock:
            for voice in self._voices.values():
                taken = voice.take(samples)
                mixed[: taken.size] += taken
        return np.clip(mixed, -32768, 32767).astype(np.int16)


class Loudspeaker:
    """The system's default output."""

    def __init__(self) -> None:
        """Open the output. Raises `DeviceError` if there is none, or no PyAudio."""
        pyaudio = load_pyaudio("a loudspeaker")
        self.mixer = Mixer()
        self._continue = pyaudio.paContinue
        self._pyaudio: Any = pyaudio.PyAudio()
        try:
            self._stream: Any = self._pyaudio.open(
                rate=SAMPLE_RATE,
                channels=1,
                format=pyaudio.paInt16,
                output=True,
                frames_per_buffer=_BLOCK,
                stream_callback=self._fill,
            )
        except OSError as error:
            self._pyaudio.terminate()
            raise DeviceError(f"cannot open a loudspeaker ({error}): is one connected?") from error

    def close(self) -> None:
        """Stop playing."""
        self._stream.close()
        self._pyaudio.terminate()

    def _fill(self, _input: object, samples: int, _time: object, _status: object) -> tuple[bytes, int]:
        return self.mixer.take(samples).tobytes(), self._continue
