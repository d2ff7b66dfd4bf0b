"""PSNR of luma."""

import numpy as np

from codec.bench.clip import luma

#: Given for pictures without any difference.
IDENTICAL_DB = 100.0


def psnr_y(planes: bytes, reference: bytes, side: int) -> float:
    """Return the mean over frames of luma PSNR, dB, of raw planar 4:2:0 of one size and length."""
    differences = luma(planes, side).astype(np.int32) - luma(reference, side)
    errors = (differences**2).mean((1, 2))
    with np.errstate(divide="ignore"):
        values = 10 * np.log10(255**2 / errors)
    return float(np.minimum(values, IDENTICAL_DB).mean())
