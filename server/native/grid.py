"""Lays pictures out in a grid."""

import math
from collections.abc import Sequence

import numpy as np

from codec.intra_picture import Picture

_EMPTY = 32


def grid_shape(count: int) -> tuple[int, int]:
    """Return rows and columns for `count` square pictures: as square as can be, wide rather than high."""
    columns = max(1, math.ceil(math.sqrt(count)))
    return max(1, math.ceil(count / columns)), columns


def compose(pictures: Sequence[Picture | None], side: int, shape: tuple[int, int] | None = None) -> Picture:
    """Return one (rows · side, columns · side, 3) RGB picture of (side, side, 3) ones; None leaves a cell grey."""
    rows, columns = shape or grid_shape(len(pictures))
    canvas = np.full((rows * side, columns * side, 3), _EMPTY, np.uint8)
    for index, picture in enumerate(pictures[: rows * columns]):
        if picture is not None:
            top, left = index // columns * side, index % columns * side
            canvas[top : top + side, left : left + side] = picture
    return canvas
