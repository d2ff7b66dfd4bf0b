"""The square of the camera picture that is sent: about twice the face, and still while the head is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.errors import OptionError
from codec.motion import SURFACE, FloatArray

_SIDE_PER_FACE = 2.2
_RAISE = 0.04
_LARGEST_DRIFT = 0.14
_LARGEST_GROWTH = 1.3
_SMALLEST_SIDE = 16


@dataclass(frozen=True, slots=True)
class Crop:
    """A square in pixels of the camera picture, always inside it."""

    left: int
    top: int
    side: int

    def cut(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the (side, side, 3) square of a (height, width, 3) picture."""
        return picture[self.top : self.top + self.side, self.left : self.left + self.side]

    def to_crop_units(self, landmarks: FloatArray) -> FloatArray:
        """Return (n, 3) landmarks in pixels of the camera picture as crop units (the crop spans −1…1)."""
        half = self.side / 2
        return (landmarks - (self.left + half, self.top + half, 0)) / half


class StableCrop:
    """Keeps the crop where it is until the face leaves its middle or changes size."""

    def __init__(self) -> None:
        self.crop: Crop | None = None

    def update(self, landmarks: FloatArray, width: int, height: int) -> tuple[Crop, bool]:
        """Return the crop for a face with these (478, 3) landmarks in pixels, and whether it has just jumped."""
        low, high = landmarks[:SURFACE, :2].min(0), landmarks[:SURFACE, :2].max(0)
        side = _SIDE_PER_FACE * float((high - low).max())
        centre = (low + high) / 2 - (0, _RAISE * side)
        wanted = _place(centre, side, width, height)
        current = self.crop
        if current is not None:
            offset = (wanted.side - current.side) / 2
            drift = max(abs(wanted.left + offset - current.left), abs(wanted.top + offset - current.top))
            growth = max(wanted.side / current.side, current.side / wanted.side)
            if drift <= _LARGEST_DRIFT * current.side and growth <= _LARGEST_GROWTH:
                return current, False
        self.crop = wanted
        return wanted, True

    def without_face(self, width: int, height: int) -> Crop:
        """Return the crop for a picture without a face: where the last one was, else the middle."""
        current = self.crop
        fits = current is not None and current.left + current.side <= width and current.top + current.side <= height
        return current if current is not None and fits else central_square(width, height)


class WholePicture:
    """The crop of material that is square already: all of the picture, always."""

    def __init__(self) -> None:
        self.crop: Crop | None = None

    def update(self, landmarks: FloatArray, width: int, height: int) -> tuple[Crop, bool]:
        """Return the largest square in the middle of the picture, and whether this is the first time."""
        before, self.crop = self.crop, central_square(width, height)
        return self.crop, before != self.crop

    def without_face(self, width: int, height: int) -> Crop:
        """Return the largest square in the middle of the picture."""
        return central_square(width, height)


class FixedCrop:
    """A square that somebody chose, always."""

    def __init__(self, crop: Crop) -> None:
        """Raise `OptionError` if the square is smaller than 16 pixels or begins outside the picture."""
        if crop.side < _SMALLEST_SIDE or crop.left < 0 or crop.top < 0:
            raise OptionError(
                f"crop at {crop.left}, {crop.top} with a side of {crop.side} pixels: "
                f"a crop begins inside the picture and has at least {_SMALLEST_SIDE}"
            )
        self.crop: Crop | None = None
        self._wanted = crop

    def update(self, landmarks: FloatArray, width: int, height: int) -> tuple[Crop, bool]:
        """Return the square, and whether this is the first time.

        Raises `OptionError` if it does not lie in a picture of this size.
        """
        before, self.crop = self.crop, self.without_face(width, height)
        return self.crop, before != self.crop

    def without_face(self, width: int, height: int) -> Crop:
        """Return the square. Raises `OptionError` if it does not lie in a picture of this size."""
        wanted = self._wanted
        if wanted.left + wanted.side > width or wanted.top + wanted.side > height:
            raise OptionError(
                f"crop at {wanted.left}, {wanted.top} with a side of {wanted.side} pixels does not lie in pictures "
                f"of {width} × {height}"
            )
        return wanted


def central_square(width: int, height: int) -> Crop:
    """Return the largest square in the middle of a picture."""
    side = min(width, height)
    return Crop((width - side) // 2, (height - side) // 2, side)


def _place(centre: FloatArray, side: float, width: int, height: int) -> Crop:
    pixels = min(max(_SMALLEST_SIDE, round(side)), width, height)
    return Crop(
        _inside(round(centre[0] - pixels / 2), pixels, width),
        _inside(round(centre[1] - pixels / 2), pixels, height),
        pixels,
    )


def _inside(start: int, pixels: int, available: int) -> int:
    """Move a span into what is available."""
    return min(max(start, 0), available - pixels)
