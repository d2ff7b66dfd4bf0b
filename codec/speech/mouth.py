"""The mouth in the terms of expression coefficients: how far lips move, how wide they open."""

from functools import cache

import numpy as np

from codec.motion import LIPS, FloatArray, motion_model

#: Pixels at 256² of one canonical unit, the root mean square radius of a face in a crop.
PIXELS_PER_UNIT = 38.0
_INNER_UPPER_LIP, _INNER_LOWER_LIP = 13, 14


@cache
def lip_displacement() -> FloatArray:
    """Return (24, 80): what a step of each coefficient moves the 40 points of the lips, x and y, in pixels / √40.

    The length of `change @ lip_displacement()` is thus the root mean square displacement of the lips.
    """
    basis = motion_model().expression_basis[:, list(LIPS), :2]
    return np.asarray(basis.reshape(len(basis), -1) * PIXELS_PER_UNIT / np.sqrt(len(LIPS)), np.float64)


def opening(expressions: FloatArray) -> FloatArray:
    """Return the gap of the inner lips beyond the person's neutral one, pixels, of (…, 24) expressions."""
    basis = motion_model().expression_basis
    direction = (basis[:, _INNER_LOWER_LIP, 1] - basis[:, _INNER_UPPER_LIP, 1]) * PIXELS_PER_UNIT
    return np.asarray(expressions @ direction, np.float64)


class PersonalRange:
    """How one person's mouth rests, and how far it moves: running estimates from what was received."""

    _LONGEST_MEMORY = 250
    #: What is assumed before anything was received: pixels, and how many frames that counts.
    _USUAL_SCALE_PX, _USUAL_WEIGHT = 1.6, 25

    def __init__(self) -> None:
        self._frames = 0
        self._rest: FloatArray | None = None
        self._square_px = self._USUAL_SCALE_PX**2

    @property
    def rest(self) -> FloatArray | None:
        """The mean (24,) expression; None before the first frame."""
        return self._rest

    @property
    def scale_px(self) -> float:
        """Root mean square displacement of the lips from rest, pixels at 256²."""
        return float(np.sqrt(self._square_px))

    def note(self, expression: FloatArray) -> None:
        """Take the (24,) expression of a received frame."""
        self._frames += 1
        if self._rest is None:
            self._rest = np.array(expression, np.float64)
        self._rest += (expression - self._rest) / min(self._frames, self._LONGEST_MEMORY)
        square_px = float(np.sum(((expression - self._rest) @ lip_displacement()) ** 2))
        weight = min(self._frames + self._USUAL_WEIGHT, self._LONGEST_MEMORY)
        self._square_px += (square_px - self._square_px) / weight
