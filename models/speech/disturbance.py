"""What happens to a voice before it is heard: level, noise, music, a telephone-thin codec."""

import numpy as np

from codec.bench.voice import Sound, through_opus
from codec.speech.features import SAMPLE_RATE

_GAIN_DB = (-16.0, 8.0)
_NOISE_BELOW_DB = (3.0, 35.0)
_OPUS_KBPS = (6, 8, 12)


def disturb(sound: Sound, generator: np.random.Generator) -> Sound:
    """Return a voice at another level, behind noise or music half of the time, and mostly through Opus."""
    level = sound * 10 ** (generator.uniform(*_GAIN_DB) / 20)
    if generator.random() < 0.5:
        level = level + _accompaniment(len(sound), generator) * _rms(level) * 10 ** (
            -generator.uniform(*_NOISE_BELOW_DB) / 20
        )
    if generator.random() < 0.75:
        level = through_opus(level, int(generator.choice(_OPUS_KBPS)))
    return level


def _accompaniment(length: int, generator: np.random.Generator) -> Sound:
    """Return white noise, brown noise, or chords that change with a beat, at a root mean square of 1."""
    kind = generator.integers(3)
    noise = generator.standard_normal(length)
    if kind == 1:
        noise = np.cumsum(noise)
        noise -= np.convolve(noise, np.full(800, 1 / 800), "same")
    elif kind == 2:
        noise = _music(length, generator)
    return noise / _rms(noise)


def _music(length: int, generator: np.random.Generator) -> Sound:
    time = np.arange(length) / SAMPLE_RATE
    beat = round(generator.uniform(0.25, 0.7) * SAMPLE_RATE)
    music = np.zeros(length)
    for start in range(0, length, beat):
        span = slice(start, min(length, start + beat))
        fade = np.exp(-3 * (time[span] - time[start]))
        for _ in range(3):
            pitch = 110 * 2 ** (generator.integers(0, 36) / 12)
            for partial in range(1, 6):
                music[span] += fade / partial * np.sin(2 * np.pi * pitch * partial * time[span])
    return music


def _rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound**2))) + 1e-9
