"""What a face can do, as directions in the codec's expression space.

Each is a displacement of the 3-D landmarks of one face, drawn by hand from anatomy (the jaw turns about the ears,
lids meet, lips round), and projected onto the expression basis: what comes out is as natural as the basis is.
"""

from dataclasses import dataclass, fields

import numpy as np

from codec.motion import GAZE, POSE, SURFACE, FloatArray, MotionModel

_UPPER_LIP = [191, 80, 81, 82, 13, 312, 311, 310, 415, 185, 40, 39, 37, 0, 267, 269, 270, 409]
_LOWER_LIP = [95, 88, 178, 87, 14, 317, 402, 318, 324, 146, 91, 181, 84, 17, 314, 405, 321, 375]
_CORNERS = [61, 78, 291, 308]
_LIPS = _UPPER_LIP + _LOWER_LIP + _CORNERS
_UPPER_LIDS = [246, 161, 160, 159, 158, 157, 173, 466, 388, 387, 386, 385, 384, 398]
_LOWER_LIDS = [7, 163, 144, 145, 153, 154, 155, 249, 390, 373, 374, 380, 381, 382]
_BROWS = [70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285]
_EARS = [127, 234, 356, 454]
_MIDDLE_LIPS = (13, 14)
_CHIN = 152


@dataclass(frozen=True, slots=True)
class Expressions:
    """Changes of the 24 expression coefficients; each (24,), for a strength of 1."""

    jaw: FloatArray  #: open the mouth: the jaw drops by a tenth of a radian
    close: FloatArray  #: bring the lips together from the portrait's own gap
    round: FloatArray  #: as for 'oo'
    spread: FloatArray  #: as for 'ee'
    smile: FloatArray  #: corners out and up
    blink: FloatArray  #: lids meet
    brows: FloatArray  #: up

    def combine(self, **strengths: float) -> FloatArray:
        """Return the (24,) change for these strengths of the expressions."""
        names = {field.name for field in fields(self)}
        total = np.zeros_like(self.jaw)
        for name, strength in strengths.items():
            assert name in names
            total += strength * getattr(self, name)
        return total


def expressions_of(model: MotionModel, shape: tuple[int, ...], motion: FloatArray) -> Expressions:
    """Return the expressions of the person of this shape (32) whose portrait has this motion (32)."""
    face = model.neutral(shape) + np.tensordot(motion[POSE + GAZE :], model.expression_basis, 1)

    def project(displacement: FloatArray) -> FloatArray:
        change: FloatArray = model.expression_fit @ displacement.ravel()
        return change

    return Expressions(
        jaw=project(_jaw(face)),
        close=project(_close(face)),
        round=project(_scale_lips(face, 0.72, -0.12)),
        spread=project(_scale_lips(face, 1.1, 0.0)),
        smile=project(_smile(face)),
        blink=project(_blink(face)),
        brows=project(_shift(_BROWS, (0.0, -0.09, 0.0))),
    )


def _shift(points: list[int], by: tuple[float, float, float]) -> FloatArray:
    displacement = np.zeros((SURFACE, 3))
    displacement[points] = by
    return displacement


def _jaw(face: FloatArray) -> FloatArray:
    """Turn what hangs on the jaw about the axis through the ears; the corners follow by less than half."""
    pivot = face[_EARS].mean(0)
    mouth_y = face[_CORNERS, 1].mean()
    share = np.clip((face[:, 1] - mouth_y) / (0.5 * (face[_CHIN, 1] - mouth_y)), 0, 1)
    share[_LOWER_LIP] = 1.0
    share[_UPPER_LIP] = 0.0
    share[_CORNERS] = 0.4
    angle = 0.1
    displacement = np.zeros((SURFACE, 3))
    displacement[:, 1] = angle * (pivot[2] - face[:, 2])
    displacement[:, 2] = angle * (face[:, 1] - pivot[1])
    displacement *= share[:, None]
    return displacement


def _close(face: FloatArray) -> FloatArray:
    gap = face[_MIDDLE_LIPS[1]] - face[_MIDDLE_LIPS[0]]
    width = face[_CORNERS, 0].max() - face[_CORNERS, 0].min()
    centre = face[list(_MIDDLE_LIPS)].mean(0)
    middle = np.clip(1 - (2 * (face[:, 0] - centre[0]) / width) ** 2, 0, 1)
    displacement = np.zeros((SURFACE, 3))
    displacement[_UPPER_LIP] = 0.35 * gap
    displacement[_LOWER_LIP] = -0.65 * gap
    displacement *= middle[:, None]
    return displacement


def _scale_lips(face: FloatArray, factor: float, forward: float) -> FloatArray:
    centre = face[_LIPS].mean(0)
    displacement = np.zeros((SURFACE, 3))
    displacement[_LIPS, 0] = (factor - 1) * (face[_LIPS, 0] - centre[0])
    displacement[_LIPS, 2] = forward
    return displacement


def _smile(face: FloatArray) -> FloatArray:
    centre = face[_LIPS].mean(0)
    offset = face[_LIPS, 0] - centre[0]
    displacement = np.zeros((SURFACE, 3))
    displacement[_LIPS, 0] = 0.15 * offset
    displacement[_LIPS, 1] = -0.12 * (offset / np.abs(offset).max()) ** 2
    return displacement


def _blink(face: FloatArray) -> FloatArray:
    displacement = np.zeros((SURFACE, 3))
    gap = face[_LOWER_LIDS] - face[_UPPER_LIDS]
    displacement[_UPPER_LIDS] = 0.9 * gap
    displacement[_LOWER_LIDS] = -0.1 * gap
    return displacement
