"""3-D motion of a face: head pose, gaze and expression as 32 small integers, and the landmarks they stand for.

A face is a mean 3-D shape, deformed by a person's identity coefficients (*shape*) and by expression coefficients, under
a scaled orthographic head pose: the 3-D morphable model of Blanz and Vetter (SIGGRAPH 1999) over MediaPipe's 478
landmarks. The layout and the steps are in docs/wire-format.md.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from codec.errors import ModelFileError, WireError
from codec.model_files import tables_folder

FloatArray = NDArray[np.float64]

LANDMARKS = 478
#: Landmarks of the face's surface; the ten behind them are the two irises (centre and ring).
SURFACE = 468
#: Outer and inner lips, and the rims of both eyes: where an error is seen first.
LIPS = (
    0, 13, 14, 17, 37, 39, 40, 61, 78, 80, 81, 82, 84, 87, 88, 91, 95, 146, 178, 181, 185, 191, 267, 269, 270, 291, 308,
    310, 311, 312, 314, 317, 318, 321, 324, 375, 402, 405, 409, 415,
)  # fmt: skip
EYES = (
    7, 33, 133, 144, 145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 246, 249, 263, 362, 373, 374, 380, 381, 382,
    384, 385, 386, 387, 388, 390, 398, 466,
)  # fmt: skip
POSE = 6
GAZE = 2
EXPRESSION = 24
MOTION_LENGTH = POSE + GAZE + EXPRESSION
SHAPE_LENGTH = 32
MOTION_LIMIT = 2047
SHAPE_LIMIT = 127

_ROTATION_STEP = 1 / 90
_TRANSLATION_STEP = 1 / 224
_LOG_SCALE_STEP = 1 / 90
_GAZE_STEP = 1 / 50
_POSE_STEPS = np.array([_ROTATION_STEP] * 3 + [_TRANSLATION_STEP] * 2 + [_LOG_SCALE_STEP] + [_GAZE_STEP] * 2)

#: Eye corners (the one at the left of an upright picture first) and the iris points of each eye.
_EYES = (((33, 133), slice(468, 473)), ((362, 263), slice(473, 478)))


@dataclass(frozen=True, slots=True)
class Pose:
    """Scaled orthographic head pose: crop = scale · rotation · canonical + translation."""

    rotation: FloatArray  #: (3, 3)
    translation: FloatArray  #: (3,), crop units; its z is arbitrary and never sent
    scale: float


@dataclass(frozen=True, slots=True)
class MotionModel:
    """Mean face and the two bases. Rows of a basis are the change of all surface points for one integer step."""

    mean: FloatArray  #: (478, 3), canonical units: the rigid points' root mean square radius is 1
    shape_basis: FloatArray  #: (32, 468, 3)
    expression_basis: FloatArray  #: (24, 468, 3)
    point_weights: FloatArray  #: (468,), importance of each point in a fit of expression
    rigid_weights: FloatArray  #: (468,), how rigidly each point moves with the skull
    expression_fit: FloatArray  #: (24, 1404): weighted least-squares inverse of the expression basis
    shape_fit: FloatArray  #: (32, 1404): rows of the joint inverse of both bases that give the shape

    def neutral(self, shape: tuple[int, ...]) -> FloatArray:
        """Return the (468, 3) surface of a person at rest, canonical units."""
        coefficients = np.asarray(shape, np.float64)
        return np.asarray(self.mean[:SURFACE] + np.tensordot(coefficients, self.shape_basis, 1), np.float64)

    def landmarks(self, shape: tuple[int, ...], motion: FloatArray | tuple[float, ...]) -> FloatArray:
        """Return the (478, 3) landmarks in crop units for a shape (32) and a motion (32; fractions are allowed)."""
        values = np.asarray(motion, np.float64)
        pose_and_gaze = values[: POSE + GAZE] * _POSE_STEPS
        surface = self.neutral(shape) + np.tensordot(values[POSE + GAZE :], self.expression_basis, 1)
        points = np.concatenate([surface, self._irises(surface, pose_and_gaze[POSE:])])
        rotation = rotation_matrix(pose_and_gaze[:3])
        points = np.asarray(np.exp(pose_and_gaze[5]) * (points @ rotation.T), np.float64)
        points[:, :2] += pose_and_gaze[3:5]
        return points

    def fit_shape(self, landmarks: FloatArray) -> tuple[int, ...]:
        """Return the shape of the person whose (478, 3) landmarks in crop units these are."""
        neutral = self.mean[:SURFACE]
        shape = np.zeros(SHAPE_LENGTH)
        for _ in range(3):
            canonical = _to_canonical(landmarks, fit_pose(neutral, landmarks[:SURFACE], self.rigid_weights))
            shape = self.shape_fit @ (canonical[:SURFACE] - self.mean[:SURFACE]).ravel()
            neutral = self.mean[:SURFACE] + np.tensordot(shape, self.shape_basis, 1)
        return tuple(int(v) for v in np.clip(np.rint(shape), -SHAPE_LIMIT, SHAPE_LIMIT))

    def fit(self, shape: tuple[int, ...], landmarks: FloatArray) -> FloatArray:
        """Return the motion (32, not yet rounded) that puts a person of `shape` at these (478, 3) crop landmarks."""
        neutral = self.neutral(shape)
        pose = fit_pose(neutral, landmarks[:SURFACE], self.rigid_weights)
        canonical = _to_canonical(landmarks, pose)
        expression = self.expression_fit @ (canonical[:SURFACE] - neutral).ravel()
        values = np.empty(MOTION_LENGTH)
        values[:3] = rotation_vector(pose.rotation)
        values[3:5] = pose.translation[:2]
        values[5] = np.log(pose.scale)
        values[POSE : POSE + GAZE] = self._gaze(canonical)
        values[: POSE + GAZE] /= _POSE_STEPS
        values[POSE + GAZE :] = expression
        return values

    def _irises(self, surface: FloatArray, gaze: FloatArray) -> FloatArray:
        """Return the (10, 3) iris points that follow the eye corners of `surface` and the gaze."""
        rings = []
        for corners, ring in _EYES:
            middle, width = _eye(surface, corners)
            mean_middle, mean_width = _eye(self.mean, corners)
            offset = (self.mean[ring] - mean_middle) * (width / mean_width)
            offset[:, :2] += gaze * width
            rings.append(middle + offset)
        return np.concatenate(rings)

    def _gaze(self, canonical: FloatArray) -> FloatArray:
        """Return the mean iris offset (right, down) of both eyes from rest, in eye widths."""
        offsets = []
        for corners, ring in _EYES:
            middle, width = _eye(canonical, corners)
            mean_middle, mean_width = _eye(self.mean, corners)
            offset = (canonical[ring].mean(0) - middle) / width
            offsets.append(offset - (self.mean[ring].mean(0) - mean_middle) / mean_width)
        gaze: FloatArray = np.mean(offsets, axis=0)[:2]
        return gaze


def quantise(values: FloatArray, previous: tuple[int, ...] | None, hysteresis: float) -> tuple[int, ...]:
    """Round a motion to integers, limited to ±2047.

    Each `previous` integer from which the value is less than 0.5 + `hysteresis` away is kept: that holds a still head
    still without the lag of a smoothing filter.
    """
    rounded = np.clip(np.rint(values), -MOTION_LIMIT, MOTION_LIMIT).astype(np.int64)
    if previous is not None:
        before = np.asarray(previous)
        rounded = np.where(np.abs(values - before) < 0.5 + hysteresis, before, rounded)
    return tuple(int(v) for v in rounded)


def check_motion(values: list[int]) -> tuple[int, ...]:
    """Return the values as a motion; raises `WireError` if one is outside ±2047."""
    worst = max(values, key=abs)
    if abs(worst) > MOTION_LIMIT:
        raise WireError(f"motion value {worst} is outside ±{MOTION_LIMIT}")
    return tuple(values)


def fit_pose(source: FloatArray, target: FloatArray, weights: FloatArray) -> Pose:
    """Return the similarity of least weighted squares that takes `source` (n, 3) to `target` (n, 3): Umeyama 1991."""
    share = weights / weights.sum()
    source_mean, target_mean = share @ source, share @ target
    centred = source - source_mean
    covariance = (target - target_mean).T @ (centred * share[:, None])
    left, singular, right = np.linalg.svd(covariance)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = left @ np.diag(signs) @ right
    scale = float((singular * signs).sum() / (share @ (centred**2).sum(1)))
    return Pose(rotation, target_mean - scale * rotation @ source_mean, scale)


def rotation_matrix(vector: FloatArray) -> FloatArray:
    """Return the (3, 3) rotation about the axis `vector` (3,) by its length in radians (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-9:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation: FloatArray = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    return rotation


def rotation_vector(rotation: FloatArray) -> FloatArray:
    """Return the rotation vector of a (3, 3) rotation; angles up to just below π."""
    axis = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    sine, cosine = float(np.linalg.norm(axis)) / 2, float(np.trace(rotation) - 1) / 2
    if sine < 1e-9:
        return np.zeros(3)
    return np.asarray(axis / (2 * sine) * np.arctan2(sine, cosine), np.float64)


def _to_canonical(landmarks: FloatArray, pose: Pose) -> FloatArray:
    canonical: FloatArray = (landmarks - pose.translation) @ pose.rotation / pose.scale
    return canonical


def _eye(points: FloatArray, corners: tuple[int, int]) -> tuple[FloatArray, float]:
    left, right = points[corners[0]], points[corners[1]]
    return (left + right) / 2, float(np.linalg.norm(right - left))


def build_model(
    mean: FloatArray,
    shape_basis: FloatArray,
    expression_basis: FloatArray,
    point_weights: FloatArray,
    rigid_weights: FloatArray,
) -> MotionModel:
    """Return the model with the inverses that fitting needs."""
    weights = np.repeat(point_weights, 3)
    expression_rows = expression_basis.reshape(EXPRESSION, -1)
    both = np.concatenate([shape_basis.reshape(SHAPE_LENGTH, -1), expression_rows])
    return MotionModel(
        mean,
        shape_basis,
        expression_basis,
        point_weights,
        rigid_weights,
        _weighted_inverse(expression_rows, weights),
        _weighted_inverse(both, weights)[:SHAPE_LENGTH],
    )


def _weighted_inverse(rows: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve((rows * weights) @ rows.T, rows * weights), np.float64)


@cache
def motion_model(path: Path | None = None) -> MotionModel:
    """Load the motion model of version 1 from `path` (default: the codec's own table).

    Raises `ModelFileError` if the file is missing, of another version, or not of the expected size.
    """
    path = path or tables_folder() / "motion.msgpack"
    try:
        table: dict[str, Any] = msgpack.unpackb(path.read_bytes())
        if table["version"] != 1:
            raise ModelFileError(f"{path} has version {table['version']}, this codec reads version 1")
        return build_model(
            _array(table, "mean", (LANDMARKS, 3)),
            _array(table, "shape_basis", (SHAPE_LENGTH, SURFACE, 3)),
            _array(table, "expression_basis", (EXPRESSION, SURFACE, 3)),
            _array(table, "point_weights", (SURFACE,)),
            _array(table, "rigid_weights", (SURFACE,)),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"cannot read the motion table {path}: {error}") from error


def _array(table: dict[str, Any], name: str, shape: tuple[int, ...]) -> FloatArray:
    """Return an array stored as little-endian int16 with one scale, or one for each row of its first axis."""
    stored = np.frombuffer(table[name]["values"], "<i2").reshape(shape)
    scales = np.asarray(table[name]["scales"], np.float64)
    if scales.size not in (1, shape[0]):
        raise ModelFileError(f"{name} needs 1 or {shape[0]} scales, the table has {scales.size}")
    return stored * scales.reshape((-1,) + (1,) * (len(shape) - 1))
