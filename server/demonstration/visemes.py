"""From phonemes to lips: what the mouth does at each, and how one glides into the next."""

from dataclasses import dataclass

import numpy as np

from codec.motion import FloatArray


@dataclass(frozen=True, slots=True)
class Viseme:
    """Strengths of the expressions of `Expressions` at the middle of a phoneme."""

    jaw: float
    close: float = 0.0
    round: float = 0.0
    spread: float = 0.0


_REST = Viseme(-0.1, close=1.1)
_LIPS_MEET = Viseme(-0.1, close=1.25)
_LIP_TO_TEETH = Viseme(-0.05, close=0.85)
_TONGUE = Viseme(0.2, close=0.35)
_SIBILANT = Viseme(0.0, close=0.5, spread=0.5)
_ROUND_SIBILANT = Viseme(0.15, close=0.3, round=0.8)
_OPEN = Viseme(2.0)
_MIDDLE = Viseme(1.25)
_NEUTRAL = Viseme(0.5, close=0.2)
_WIDE = Viseme(0.25, close=0.2, spread=0.9)
_ROUND_OPEN = Viseme(1.2, round=0.8)
_ROUND = Viseme(0.1, close=0.4, round=1.25)

#: By how espeak-ng's names of English phonemes begin; the longest beginning counts.
_VISEMES = {
    "_": _REST,
    "p": _LIPS_MEET, "b": _LIPS_MEET, "m": _LIPS_MEET,
    "f": _LIP_TO_TEETH, "v": _LIP_TO_TEETH,
    "t": _TONGUE, "d": _TONGUE, "n": _TONGUE, "l": _TONGUE, "T": _TONGUE, "D": _TONGUE,
    "k": _NEUTRAL, "g": _NEUTRAL, "N": _NEUTRAL, "h": _NEUTRAL, "?": _NEUTRAL,
    "s": _SIBILANT, "z": _SIBILANT,
    "S": _ROUND_SIBILANT, "Z": _ROUND_SIBILANT, "tS": _ROUND_SIBILANT, "dZ": _ROUND_SIBILANT,
    "r": _ROUND_SIBILANT, "w": _ROUND, "j": _WIDE, ";": _WIDE,
    "a": _OPEN, "A": _OPEN, "aI": _OPEN, "aU": _OPEN, "0": _OPEN, "V": _MIDDLE,
    "e": _MIDDLE, "E": _MIDDLE, "eI": _MIDDLE, "@": _NEUTRAL, "3": _NEUTRAL,
    "I": _WIDE, "i": _WIDE,
    "o": _ROUND_OPEN, "O": _ROUND_OPEN, "oU": _ROUND_OPEN, "u": _ROUND, "U": _ROUND,
}  # fmt: skip
#: Second halves of diphthongs.
_GLIDES = {"aI": _WIDE, "eI": _WIDE, "OI": _WIDE, "aU": _ROUND, "oU": _ROUND}
_SUBSTEPS = 10
_GLIDE_MS = 30.0


def viseme_of(phoneme: str) -> Viseme:
    """Return the viseme of a phoneme of espeak-ng's English; unknown ones count as neutral."""
    for length in range(len(phoneme), 0, -1):
        if phoneme[:length] in _VISEMES:
            return _VISEMES[phoneme[:length]]
    return _NEUTRAL


def mouth_track(phonemes: list[tuple[float, str]], duration_s: float, fps: int) -> FloatArray:
    """Return (frames, 4) strengths of jaw, close, round and spread; phonemes blend into each other (coarticulation).

    The track is periodic: its end glides into its beginning.
    """
    rate = fps * _SUBSTEPS
    targets = np.zeros((round(duration_s * rate), 4))
    ends = [start for start, _ in phonemes[1:]] + [duration_s]
    for (start, name), end in zip(phonemes, ends, strict=True):
        first, last = round(start * rate), round(end * rate)
        targets[first:last] = _row(viseme_of(name))
        glide = next((viseme for prefix, viseme in _GLIDES.items() if name.startswith(prefix)), None)
        if glide is not None:
            targets[(first + last) // 2 : last] = _row(glide)
    # The lips are ahead of the sound.
    smooth = _blur(np.roll(targets, -round(0.02 * rate), axis=0), _GLIDE_MS / 1000 * rate)
    meeting = _blur(targets, _GLIDE_MS / 2000 * rate)[:, 1]
    # Lips that must meet do meet, however short the phoneme.
    smooth[:, 1] = np.maximum(smooth[:, 1], np.where(meeting > 0.6, meeting, 0))
    smooth[:, 0] = np.minimum(smooth[:, 0], np.where(meeting > 0.6, 1.5 * (1.1 - np.minimum(meeting, 1.1)), np.inf))
    return smooth[::_SUBSTEPS]


def _row(viseme: Viseme) -> tuple[float, float, float, float]:
    return viseme.jaw, viseme.close, viseme.round, viseme.spread


def _blur(track: FloatArray, sigma: float) -> FloatArray:
    """Blur columns with a Gaussian, periodically."""
    reach = int(4 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    padded = np.concatenate([track[-reach:], track, track[:reach]])
    return np.stack([np.convolve(padded[:, column], kernel, "valid") for column in range(track.shape[1])], 1)
