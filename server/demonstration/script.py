"""What the demonstration participant says, and the silence around it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.demonstration.speech import Speaker, Voice

SENTENCES = (
    "Hello, and welcome! I am the demonstration participant of facewire.",
    "You are looking at a photograph. It came to you as a few small pictures, of five kilobytes each.",
    "Since then, nothing of my face has travelled but numbers: how I turn my head, where I look, and how my lips move.",
    "About eight times a second, a small bundle of them arrives, and your own computer draws me from it.",
    "My voice comes beside them. So the whole video call fits, where only a telephone call used to fit.",
    "When you invite somebody, you will see each other in the same way. Your pictures pass through your own server, "
    "and nobody else's.",
    "Just send them the address of this page. I will wait here, and say it all again.",
)
_LEAD_S = 1.0
_PAUSE_S = 0.75
_REST_S = 2.5
_LOUDNESS = 0.09  #: root mean square of the speech, full scale 1


@dataclass(frozen=True, slots=True)
class Talk:
    """All that is said, on one clock that starts over after `duration_s`."""

    sample_rate: int
    samples: NDArray[np.int16]  #: as long as `duration_s`
    phonemes: list[tuple[float, str]]  #: start in seconds, espeak-ng's name; "_" is silence
    sentences: list[tuple[float, float]]  #: start and end of each in seconds
    duration_s: float


def speak(voice: Voice, multiple_s: float) -> Talk:
    """Speak the script; the talk lasts a whole multiple of `multiple_s`. Raises `RuntimeError` without espeak-ng."""
    speaker = Speaker(voice)
    rate = 0
    pieces: list[NDArray[np.int16]] = []
    phonemes: list[tuple[float, str]] = [(0.0, "_")]
    sentences: list[tuple[float, float]] = []
    now_s = _LEAD_S
    for sentence in SENTENCES:
        said = speaker.say(sentence)
        if not rate:
            rate = said.sample_rate
            pieces.append(np.zeros(round(_LEAD_S * rate), np.int16))
        length_s = said.samples.size / rate
        phonemes += _with_lips_pressed(said.phonemes, now_s, now_s + length_s)
        sentences.append((now_s, now_s + length_s))
        pieces += [said.samples, np.zeros(round(_PAUSE_S * rate), np.int16)]
        now_s += length_s + _PAUSE_S
    duration_s = np.ceil((now_s + _REST_S) / multiple_s) * multiple_s
    samples = np.concatenate(pieces).astype(np.float64)
    samples = np.pad(samples, (0, max(0, round(duration_s * rate) - samples.size)))
    spoken = samples[np.abs(samples) > 0]
    gain = _LOUDNESS * 32768 / np.sqrt(np.mean(spoken**2))
    levelled = np.clip(samples * gain, -32000, 32000).astype(np.int16)
    return Talk(rate, levelled, phonemes, sentences, float(duration_s))


def _with_lips_pressed(phonemes: list[tuple[float, str]], start_s: float, end_s: float) -> list[tuple[float, str]]:
    """Return a sentence's phonemes in their place; the lips meet before it and after it, without a sound."""
    spoken = [(start_s + offset_s, name) for offset_s, name in phonemes]
    return [(start_s - 0.24, "m"), (start_s - 0.12, "_"), *spoken, (end_s + 0.02, "m"), (end_s + 0.16, "_")]
