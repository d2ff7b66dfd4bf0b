"""How different two pictures look, in a millisecond: an estimate of LPIPS, cell by cell.

Three differences are taken in each cell of a grid: of contrast at fine detail (is it as sharp?), of gradients at coarse
detail (is the same thing in the same place?) and of brightness and colour. Divided by the activity of the cell, as
LPIPS divides its features by their length, they come near to it: `facewire bench score` prints by how much.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from codec.intra_picture import Picture

Float32 = NDArray[np.float32]

#: Cells along a picture's edge.
CELLS = 8
#: Edges in pixels at which fine and coarse detail are compared; pictures have these times a power of two.
_FINE_SIDE, _COARSE_SIDE, _COLOUR_SIDE = 128, 16, 64
#: Added to a cell's activity, so that noise in flat parts counts little; squared grey levels.
_QUIET = 40.0
#: Share of each difference in the estimate and what equal pictures would come to, by least squares against LPIPS
#: (`facewire bench score`).
_CONTRAST_SHARE, _GRADIENT_SHARE, _COLOUR_SHARE, _OFFSET = 0.606, 0.086, 0.179, -0.116
_COLOUR_SCALE = 32.0
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class ScoredPicture:
    """What `distances` compares of a picture."""

    contrast: Float32  #: (128, 128) length of the luma's gradient at fine detail
    gradient: Float32  #: (2, 16, 16) gradient at coarse detail, right and down
    colour: Float32  #: (3, 64, 64) luma and the two colour differences


def prepare(picture: Picture) -> ScoredPicture:
    """Prepare a (side, side, 3) RGB picture; its side is 128 times a power of two."""
    fine = _shrunk(picture.astype(np.float32).transpose(2, 0, 1), _FINE_SIDE)
    luma = np.tensordot(_LUMA, fine, 1)
    colour = _shrunk(np.stack([luma, fine[2] - luma, fine[0] - luma]), _COLOUR_SIDE)
    return ScoredPicture(np.hypot(*_gradient(luma)), np.stack(_gradient(_shrunk(colour[:1], _COARSE_SIDE)[0])), colour)


def distances(one: ScoredPicture, other: ScoredPicture) -> Float32:
    """Return the (8, 8) differences of the pictures' cells; their mean estimates LPIPS.

    Differences below what coding does anyway come out negative: the estimate is a straight line.
    """
    activity = _cells(one.contrast**2) + _cells(other.contrast**2)
    contrast = np.abs(_cells(one.contrast) - _cells(other.contrast)) / (np.sqrt(activity) + np.sqrt(_QUIET))
    length = _cells((one.gradient**2).sum(0)) + _cells((other.gradient**2).sum(0))
    gradient = _cells(((one.gradient - other.gradient) ** 2).sum(0)) / (length + _QUIET)
    brightness = _cells(np.abs(one.colour[0] - other.colour[0]))
    hue = _cells(np.hypot(one.colour[1] - other.colour[1], one.colour[2] - other.colour[2]))
    return cast(
        Float32,
        _CONTRAST_SHARE * np.sqrt(contrast)
        + _GRADIENT_SHARE * np.sqrt(gradient)
        + _COLOUR_SHARE * np.sqrt((brightness + hue) / _COLOUR_SCALE)
        + _OFFSET,
    )


def _shrunk(planes: Float32, side: int) -> Float32:
    """Return (n, edge, edge) planes at (n, side, side), each pixel the mean of those that it stands for."""
    step = planes.shape[1] // side
    return cast(Float32, planes.reshape(len(planes), side, step, side, step).mean((2, 4)))


def _gradient(plane: Float32) -> tuple[Float32, Float32]:
    """Return the central differences of a plane, right and down; zero at its edges."""
    right, down = np.zeros_like(plane), np.zeros_like(plane)
    right[:, 1:-1] = plane[:, 2:] - plane[:, :-2]
    down[1:-1] = plane[2:] - plane[:-2]
    return right, down


def _cells(plane: Float32) -> Float32:
    """Return the (8, 8) means of a plane's cells."""
    edge = plane.shape[0] // CELLS
    return cast(Float32, plane.reshape(CELLS, edge, CELLS, edge).mean((1, 3)))
