"""Speech from espeak-ng with the time of every phoneme, through its C library (speak_lib.h)."""

import ctypes
import ctypes.util
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_RETRIEVAL, _PHONEME_EVENTS = 1, 1
_END, _PHONEME = 0, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_CHARACTER_POSITIONS, _UTF8 = 1, 1


class _Identity(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of espeak-ng and how it speaks."""

    name: str = "en-us+f3"
    words_per_minute: int = 128
    pitch: int = 48  #: 0–100
    pitch_range: int = 58  #: 0–100


@dataclass(slots=True)
class Utterance:
    """Spoken text."""

    sample_rate: int
    samples: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    phonemes: list[tuple[float, str]] = field(default_factory=list)  #: start in seconds, espeak-ng's name


class Speaker:
    """espeak-ng in this process. There can be one at a time: the library keeps its state in globals."""

    def __init__(self, voice: Voice) -> None:
        """Load the library and the voice. Raises `RuntimeError` if espeak-ng or the voice is not installed."""
        path = ctypes.util.find_library("espeak-ng")
        if path is None:
            raise RuntimeError("espeak-ng is not installed: install the Debian package libespeak-ng1")
        self._library = ctypes.CDLL(path)
        self._sample_rate = int(self._library.espeak_Initialize(_RETRIEVAL, 500, None, _PHONEME_EVENTS))
        if self._sample_rate <= 0 or self._library.espeak_SetVoiceByName(voice.name.encode()):
            raise RuntimeError(f"espeak-ng has no voice {voice.name!r}: install the package espeak-ng-data")
        values = ((_RATE, voice.words_per_minute), (_PITCH, voice.pitch), (_RANGE, voice.pitch_range))
        for parameter, value in values:
            self._library.espeak_SetParameter(parameter, value, 0)

    def say(self, text: str) -> Utterance:
        """Return the text, spoken."""
        utterance = Utterance(self._sample_rate)
        pieces: list[NDArray[np.int16]] = []

        def take(samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
            if samples and count:
                pieces.append(np.ctypeslib.as_array(samples, (count,)).astype(np.int16))
            index = 0
            while events[index].type != _END:
                if events[index].type == _PHONEME:
                    name = events[index].id.string.decode("utf-8", "replace")
                    utterance.phonemes.append((events[index].audio_position / 1000, name))
                index += 1
            return 0

        callback = _Callback(take)
        self._library.espeak_SetSynthCallback(callback)
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, _CHARACTER_POSITIONS, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        utterance.samples = np.concatenate([np.zeros(0, np.int16), *pieces])
        return utterance
