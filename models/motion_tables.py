"""Fits the codec's motion table to tracked talking clips: `python -m models.motion_tables LANDMARKS`.

LANDMARKS is a folder of `.npy` files, one clip each, (frames, 478, 3) in pixels with NaN where no face was found, as
`python -m models.landmark_cache CLIPS LANDMARKS` writes them. The result is `codec/tables/motion.msgpack`.
"""

import argparse
from pathlib import Path
from typing import Any

import msgpack
import numpy as np

from codec.model_files import tables_folder
from codec.motion import EXPRESSION, EYES, LANDMARKS, LIPS, SHAPE_LENGTH, SURFACE, FloatArray, fit_pose

_SALIENT_WEIGHT = 3.0
#: What one integer step of a coefficient moves, as the root of the weighted sum of squares over all coordinates, in
#: canonical units (1 is the face's root mean square radius, about 38 px in a 256-pixel crop).
_EXPRESSION_STEP = 0.21
_SHAPE_STEP = 0.15


def load_clips(folder: Path, every: int) -> list[FloatArray]:
    """Return each clip's frames with a face, every `every`-th, as (frames, 478, 3) centred pixels."""
    clips = []
    for path in sorted(folder.glob("*.npy")):
        frames = np.load(path).astype(np.float64)
        frames = frames[~np.isnan(frames[:, 0, 0])][::every]
        if len(frames) >= 5:
            clips.append(frames - frames[:, :SURFACE].mean(1, keepdims=True))
    if not clips:
        raise SystemExit(f"no clip with a face in {folder}")
    return clips


def canonical(mean: FloatArray, frames: FloatArray, rigid_weights: FloatArray) -> FloatArray:
    """Return frames (n, 478, 3) with the head pose taken out."""
    result = np.empty_like(frames)
    for index, frame in enumerate(frames):
        pose = fit_pose(mean[:SURFACE], frame[:SURFACE], rigid_weights)
        share = rigid_weights / rigid_weights.sum()
        centred = frame - share @ frame[:SURFACE]
        result[index] = centred @ pose.rotation / pose.scale + share @ mean[:SURFACE]
    return result


def fit(clips: list[FloatArray]) -> dict[str, FloatArray]:
    """Return mean, bases and weights: generalised Procrustes, then weighted principal components."""
    rigid = np.ones(SURFACE)
    mean = clips[0][0]
    for _ in range(6):
        mean = _standardise(mean, rigid)
        faces = [canonical(mean, frames, rigid) for frames in clips]
        mean = np.mean([face.mean(0) for face in faces], axis=0)
        variance = np.mean([face.var(0)[:SURFACE].sum(1) for face in faces], axis=0)
        rigid = 1 / (variance + variance.mean() / 2)
        rigid /= rigid.max()
    mean = _standardise(mean, rigid)
    faces = [canonical(mean, frames, rigid) for frames in clips]
    points = np.ones(SURFACE)
    points[list(LIPS + EYES)] = _SALIENT_WEIGHT
    roots = np.sqrt(np.repeat(points, 3) * np.tile([1.0, 1.0, 0.5], SURFACE))
    people = np.array([(face.mean(0) - mean)[:SURFACE].ravel() for face in faces])
    expressions = np.concatenate([(face - face.mean(0))[:, :SURFACE].reshape(len(face), -1) for face in faces])
    return {
        "mean": mean,
        "shape_basis": _components(people * roots, SHAPE_LENGTH) / roots * _SHAPE_STEP,
        "expression_basis": _components(expressions * roots, EXPRESSION) / roots * _EXPRESSION_STEP,
        "point_weights": points,
        "rigid_weights": rigid,
    }


def _standardise(mean: FloatArray, rigid: FloatArray) -> FloatArray:
    """Move and scale a mean face so that its rigid points have mean 0 and root mean square radius 1."""
    share = rigid / rigid.sum()
    centred = mean - share @ mean[:SURFACE]
    standard: FloatArray = centred / np.sqrt(share @ (centred[:SURFACE] ** 2).sum(1))
    return standard


def _components(rows: FloatArray, count: int) -> FloatArray:
    """Return the first principal components (count, columns) of `rows`, of unit length, with a fixed sign."""
    _, vectors = np.linalg.eigh(rows.T @ rows)
    components: FloatArray = vectors[:, ::-1][:, :count].T
    signs = np.sign(components[np.arange(count), np.abs(components).argmax(1)])
    signed: FloatArray = components * signs[:, None]
    return signed


def pack(tables: dict[str, FloatArray]) -> bytes:
    """Return the table file: every array as int16 rows with a scale each (bases) or one (the rest)."""
    stored: dict[str, Any] = {"version": 1}
    for name, array in tables.items():
        rows = array.reshape(array.shape[0], -1) if name.endswith("_basis") else array.reshape(1, -1)
        scales = np.abs(rows).max(1) / 32767
        stored[name] = {
            "values": np.rint(rows / scales[:, None]).astype("<i2").tobytes(),
            "scales": [float(scale) for scale in scales],
        }
    packed: bytes = msgpack.packb(stored)
    return packed


def main() -> None:
    """Fit and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("landmarks", type=Path, metavar="LANDMARKS")
    parser.add_argument("--output", type=Path, default=tables_folder() / "motion.msgpack")
    arguments = parser.parse_args()
    tables = fit(load_clips(arguments.landmarks, every=5))
    assert tables["mean"].shape == (LANDMARKS, 3)
    arguments.output.write_bytes(pack(tables))
    print(f"wrote {arguments.output} ({arguments.output.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
