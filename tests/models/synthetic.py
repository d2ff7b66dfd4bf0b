"""A made-up person: landmarks of the codec's mean face in motion, and a flat drawing that moves with them."""

import numpy as np
from numpy.typing import NDArray

from codec.motion import EXPRESSION, EYES, LIPS, MOTION_LENGTH, POSE, SHAPE_LENGTH, SURFACE, FloatArray, motion_model
from models.clips import TalkingClip

SIDE = 256


def landmarks(count: int, seed: int) -> FloatArray:
    """Return (count, 478, 3) landmarks in crop units of a head that turns and speaks."""
    random = np.random.default_rng(seed)
    model = motion_model()
    shape = tuple(int(v) for v in random.integers(-8, 9, SHAPE_LENGTH))
    resting = np.zeros(MOTION_LENGTH)
    resting[5] = np.log(0.3) * 90
    swing = np.zeros(MOTION_LENGTH)
    swing[:3] = random.uniform(-15, 15, 3)
    swing[3:5] = random.uniform(-15, 15, 2)
    swing[POSE + 2 :] = random.uniform(-6, 6, EXPRESSION)
    return np.stack([model.landmarks(shape, resting + swing * np.sin(0.3 * number)) for number in range(count)])


def picture(points: FloatArray, seed: int) -> NDArray[np.uint8]:
    """Return a (256, 256, 3) drawing of the face at (478, 3) landmarks in crop units."""
    random = np.random.default_rng(seed)
    background, skin, dark = random.integers(30, 220, (3, 3))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    canvas = np.empty((SIDE, SIDE, 3), np.float64)
    canvas[:] = background
    canvas += 25 * np.sin(columns / 9)[..., None]
    pixels = (points[:, :2] + 1) * SIDE / 2
    face = pixels[:SURFACE]
    centre, radius = face.mean(0), np.ptp(face, 0) / 2
    inside = ((columns - centre[0]) / radius[0]) ** 2 + ((rows - centre[1]) / radius[1]) ** 2 < 1
    canvas[inside] = skin
    for point in pixels[[*LIPS, *EYES]]:
        near = (columns - point[0]) ** 2 + (rows - point[1]) ** 2 < 9
        canvas[near] = dark
    return np.clip(canvas, 0, 255).astype(np.uint8)


def clip(name: str, count: int, seed: int) -> TalkingClip:
    """Return a clip of a person of their own."""
    points = landmarks(count, seed)
    pictures = np.stack([picture(frame, seed) for frame in points])
    return TalkingClip(name, name, pictures, points)
