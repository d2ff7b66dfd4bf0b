"""Keyframes that a smiling portrait lacks: the dark of an open mouth below the teeth, shut lips, closed lids.

A warp can only move what its keyframe shows. So these are painted, from the portrait's own pixels, over the portrait
warped to an open mouth or to lips that meet.
"""

import numpy as np

from codec.intra_picture import Picture
from codec.motion import FloatArray

_INNER_UPPER_LIP = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
_INNER_LOWER_LIP = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]
#: Upper lid, lower lid and brow's lower edge of each eye, left to right.
_EYES = (
    ([33, 246, 161, 160, 159, 158, 157, 173, 133], [33, 7, 163, 144, 145, 153, 154, 155, 133], [46, 53, 52, 65, 55]),
    ([362, 398, 384, 385, 386, 387, 388, 466, 263], [362, 382, 381, 380, 374, 373, 390, 249, 263],
     [285, 295, 282, 283, 276]),
)  # fmt: skip
_CAVITY_TOP = np.array([44.0, 14.0, 14.0])
_CAVITY_BOTTOM = np.array([104.0, 40.0, 40.0])
_LIP_SHADE = np.array([0.42, 0.58, 0.56])
_LASHES = np.array([62.0, 44.0, 36.0])
#: How far beyond the landmarks of the inner lips teeth may still show, in pixels.
_RIM_PX = 1.8
_LIP_MARGIN = np.array([0.0, 3.0])
_TEETH_SHARE = 0.86  #: of the portrait's visible mouth, the rest is lower lip and shade


def open_mouth(warped: Picture, landmarks: FloatArray, portrait: Picture, at_rest: FloatArray) -> Picture:
    """Return `warped` with the portrait's upper teeth at their own size and the dark of the mouth below them.

    `warped` is the portrait (side, side, 3) moved to (478, 3) `landmarks` in crop units, the mouth open; `portrait`
    itself is at the landmarks `at_rest`.
    """
    side = warped.shape[0]
    upper, lower = _line(landmarks, _INNER_UPPER_LIP, side), _line(landmarks, _INNER_LOWER_LIP, side)
    source_upper, source_lower = _line(at_rest, _INNER_UPPER_LIP, side), _line(at_rest, _INNER_LOWER_LIP, side)
    ys, xs = _box(upper, lower, side)
    top, bottom = np.interp(xs, *upper.T), np.interp(xs, *lower.T)
    source_xs = source_upper[0, 0] + (xs - upper[0, 0]) * (source_upper[-1, 0] - source_upper[0, 0]) / (
        upper[-1, 0] - upper[0, 0]
    )
    source_top, source_bottom = np.interp(source_xs, *source_upper.T), np.interp(source_xs, *source_lower.T)
    depth = ys - top
    teeth = _sample(portrait, source_xs, source_top + depth)
    teeth_depth = _TEETH_SHARE * (source_bottom - source_top)
    share = np.clip(depth / np.maximum(bottom - top, 1), 0, 1)[..., None]
    cavity = _CAVITY_TOP * (1 - share) + _CAVITY_BOTTOM * share
    tooth = _soft(teeth_depth - depth)[..., None]
    # Towards the corners of the mouth no light falls on the teeth.
    across = np.abs(2 * (xs - upper[0, 0]) / (upper[-1, 0] - upper[0, 0]) - 1)
    light = (1 - 0.6 * np.clip((across - 0.6) / 0.4, 0, 1))[..., None]
    inside = np.minimum(_soft(depth), _soft(bottom - ys))[..., None]
    return _blend(warped, ys, xs, tooth * teeth * light + (1 - tooth) * cavity, inside)


def closed_lips(warped: Picture, landmarks: FloatArray) -> Picture:
    """Return a picture (side, side, 3), its lips all but closed at (478, 3) `landmarks`, with the lips shut.

    The rims of the lips are drawn over what still shows of the teeth, with the shade of the line where they meet.
    """
    side = warped.shape[0]
    upper, lower = _line(landmarks, _INNER_UPPER_LIP, side), _line(landmarks, _INNER_LOWER_LIP, side)
    ys, xs = _box(upper - _LIP_MARGIN, lower + _LIP_MARGIN, side)
    top, bottom = np.interp(xs, *upper.T), np.interp(xs, *lower.T)
    middle = (top + bottom) / 2
    rim = np.maximum((bottom - top) / 2, 0) + _RIM_PX
    above = np.mean([_sample(warped, xs + shift, middle - rim - 0.5) for shift in (-2, -1, 0, 1, 2)], axis=0)
    below = np.mean([_sample(warped, xs + shift, middle + rim + 0.5) for shift in (-2, -1, 0, 1, 2)], axis=0)
    share = np.clip((ys - middle) / (2 * rim) + 0.5, 0, 1)[..., None]
    line = 1 - _LIP_SHADE * np.exp(-(((ys - middle) / 0.8) ** 2))[..., None]
    within = np.clip((xs - upper[0, 0]) / 3, 0, 1) * np.clip((upper[-1, 0] - xs) / 3, 0, 1)
    coverage = (within * np.minimum(_soft(ys - middle + rim), _soft(middle + rim - ys)))[..., None]
    return _blend(warped, ys, xs, (above * (1 - share) + below * share) * line, coverage)


def closed_eyes(picture: Picture, landmarks: FloatArray) -> Picture:
    """Return a picture of open eyes at (478, 3) `landmarks` in crop units with the lids drawn over them.

    The lids have the colour of the skin below the brows and end in lashes.
    """
    side = picture.shape[0]
    painted = picture
    for upper_lid, lower_lid, brow in _EYES:
        upper, lower = _line(landmarks, upper_lid, side), _line(landmarks, lower_lid, side)
        edge = _line(landmarks, brow, side)
        ys, xs = _box(edge, lower, side)
        lid, bottom = np.interp(xs, *upper.T), np.interp(xs, *lower.T) - 0.4
        # One row of the skin between brow and crease, smoothed along it, makes the lid.
        skin_row = lid - 0.42 * (lid - np.interp(xs, *edge.T))
        skin = np.mean([_sample(picture, xs + shift, skin_row) for shift in range(-4, 5)], axis=0)
        fold = lid - 3.6
        share = np.clip((ys - fold) / np.maximum(bottom - fold, 0.1), 0, 1)
        roundness = (1.0 + 0.06 * np.sin(np.pi * share) - 0.1 * share - 0.04 * np.exp(-((ys - fold) ** 2)))[..., None]
        lashes = np.exp(-(((ys - bottom) / 0.85) ** 2))[..., None] * 0.9
        covered = skin * roundness * (1 - lashes) + _LASHES * lashes
        between = np.minimum(_soft(ys - fold), _soft(bottom + 1.0 - ys))
        beside = np.clip((xs - upper[0, 0] + 0.5) / 2.5, 0, 1) * np.clip((upper[-1, 0] + 0.5 - xs) / 2.5, 0, 1)
        painted = _blend(painted, ys, xs, covered, (between * beside)[..., None])
    return painted


def _line(landmarks: FloatArray, points: list[int], side: int) -> FloatArray:
    """Return points of a polyline in pixels, left to right."""
    line: FloatArray = (landmarks[points, :2] + 1) / 2 * side - 0.5
    return line[np.argsort(line[:, 0])]


def _box(upper: FloatArray, lower: FloatArray, side: int) -> tuple[FloatArray, FloatArray]:
    """Return the pixel centres (rows, columns) of the box around two polylines."""
    both = np.concatenate([upper, lower])
    low, high = np.floor(both.min(0)) - 2, np.ceil(both.max(0)) + 3
    left, top = np.clip(low, 0, side - 1).astype(int)
    right, bottom = np.clip(high, 1, side).astype(int)
    ys, xs = np.mgrid[top:bottom, left:right].astype(np.float64)
    return ys, xs


def _soft(distance: FloatArray) -> FloatArray:
    """Return coverage 0…1 of a pixel whose centre lies this far inside an edge."""
    coverage: FloatArray = np.clip(distance / 1.4 + 0.5, 0, 1)
    return coverage


def _sample(picture: Picture, xs: FloatArray, ys: FloatArray) -> FloatArray:
    """Return bilinear samples (..., 3)."""
    limit = picture.shape[0] - 1.001
    xs, ys = np.clip(xs, 0, limit), np.clip(ys, 0, limit)
    left, top = xs.astype(int), ys.astype(int)
    right_share, low_share = (xs - left)[..., None], (ys - top)[..., None]
    values = picture.astype(np.float64)
    upper = values[top, left] * (1 - right_share) + values[top, left + 1] * right_share
    lower = values[top + 1, left] * (1 - right_share) + values[top + 1, left + 1] * right_share
    sampled: FloatArray = upper * (1 - low_share) + lower * low_share
    return sampled


def _blend(picture: Picture, ys: FloatArray, xs: FloatArray, paint: FloatArray, coverage: FloatArray) -> Picture:
    blended = picture.astype(np.float64)
    rows, columns = ys.astype(int), xs.astype(int)
    blended[rows, columns] = blended[rows, columns] * (1 - coverage) + paint * coverage
    return np.clip(np.rint(blended), 0, 255).astype(np.uint8)
