"""Is a sound that was heard the one that was spoken? Envelopes compared over every shift of the looping source."""

import wave
from pathlib import Path

import numpy as np

from codec.motion import FloatArray

STEP_MS = 50.0


def envelope_of_file(path: Path) -> FloatArray:
    """Return the loudness (decibels) of a mono 16-bit `.wav` file, one value each 50 ms."""
    with wave.open(str(path)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
        block = int(sound.getframerate() * STEP_MS / 1000)
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    return decibels((blocks**2).mean(1))


def envelope_heard(loudness: list[list[float]]) -> FloatArray:
    """Return the loudness (decibels) of `[time in ms, power]` samples, one value each 50 ms."""
    times, powers = np.array(loudness, np.float64).T
    steady = np.arange(times[0], times[-1], STEP_MS)
    return decibels(np.interp(steady, times, powers))


def best_correlation(heard: FloatArray, spoken: FloatArray) -> float:
    """Return the largest correlation of what was heard with the looping source, over all shifts."""
    looped = np.resize(spoken, len(spoken) + len(heard))
    windows = np.lib.stride_tricks.sliding_window_view(looped, len(heard))
    centred = windows - windows.mean(1, keepdims=True)
    wanted = heard - heard.mean()
    spread = np.linalg.norm(centred, axis=1) * np.linalg.norm(wanted)
    return float((centred @ wanted / np.maximum(spread, 1e-9)).max())


def decibels(power: FloatArray) -> FloatArray:
    """Return 10 log10 of power smoothed over 200 ms, nothing quieter than −50 dB."""
    return 10 * np.log10(np.maximum(np.convolve(power, np.ones(4) / 4, mode="same"), 1e-5))
