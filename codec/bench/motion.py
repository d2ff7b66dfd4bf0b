"""`facewire bench motion`: bits and error of the motion coder on a folder of talking clips."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from tqdm import tqdm

from codec.bench.report import Report
from codec.bundle import parse_bundle
from codec.bundle_writer import BundleWriter, Reference
from codec.contexts import fresh_contexts
from codec.entropy import RangeEncoder, encode_residuals
from codec.errors import PictureError
from codec.keyframe_pool import KeyframePool
from codec.landmarks import LandmarkTracker
from codec.motion import EYES, LIPS, SURFACE, FloatArray, motion_model, quantise
from codec.settings import EncoderSettings

_FRAME_MS = 40
#: Errors are given in pixels of a 256-pixel crop, which spans two crop units.
_PIXELS_PER_UNIT = 128


@dataclass(frozen=True)
class MotionCost:
    """What one clip's motion costs and how well it is kept."""

    chain_bits: float  #: a frame, when all frames of the clip are one chain (recordings)
    bundle_bits: float  #: a frame, when every 3-frame bundle decodes alone
    error_px: float
    lips_px: float
    eyes_px: float


def run(folder: Path) -> Report:
    """Measure every clip of a folder (square crops, as the sender cuts them). Raises `PictureError` if it has none."""
    paths = sorted(folder.glob("*.mp4"))
    if not paths:
        raise PictureError(f"no .mp4 clip in {folder}")
    report = Report(
        "Motion: coded bits a frame, and landmark error in pixels at 256²",
        ["clip", "chain bits", "bundle bits", "all px", "lips px", "eyes px"],
    )
    costs = []
    for path in tqdm(paths, unit="clip", disable=None):
        landmarks = _landmarks(path)
        if len(landmarks) < 10:
            report.notes.append(f"{path.stem}: {len(landmarks)} frames with a face, left out")
            continue
        cost = measure(landmarks)
        costs.append(cost)
        report.add(path.stem, *_cells(cost))
    table = np.array([_cells(cost) for cost in costs])
    report.add("mean", *table.mean(0))
    report.add("95th percentile", *np.percentile(table, 95, axis=0))
    mean, high = table.mean(0), np.percentile(table, 95, axis=0)
    report.figures = {
        "chain_bits_per_frame": round(float(mean[0]), 1),
        "chain_bits_per_frame_p95": round(float(high[0]), 1),
        "bundle_bits_per_frame": round(float(mean[1]), 1),
        "bundle_bits_per_frame_p95": round(float(high[1]), 1),
        "error_px": round(float(mean[2]), 3),
        "lips_error_px": round(float(mean[3]), 3),
        "eyes_error_px": round(float(mean[4]), 3),
        "clips": len(costs),
    }
    return report


def measure(landmarks: FloatArray) -> MotionCost:
    """Code the (frames, 478, 3) landmarks, in crop units, of one person; bits are of real coded bytes."""
    model, settings = motion_model(), EncoderSettings()
    pool, writer = KeyframePool(model, settings), BundleWriter(settings.bundle_ms)
    shape = model.fit_shape(landmarks[0])
    chain, contexts = RangeEncoder(), fresh_contexts()
    previous: tuple[int, ...] | None = None
    bundle_bytes = bundled = 0
    errors = []
    for number, wanted in enumerate(landmarks):
        motion = quantise(model.fit(shape, wanted), previous, settings.hysteresis)
        rebuilt = model.landmarks(shape, motion)
        errors.append(np.linalg.norm((rebuilt - wanted)[:SURFACE, :2], axis=1) * _PIXELS_PER_UNIT)
        rows = contexts.keyframe if previous is None else contexts.chain
        encode_residuals(chain, rows, [a - b for a, b in zip(motion, previous or (0,) * len(motion), strict=True)])
        time_ms = number * _FRAME_MS
        if pool.needs_keyframe(rebuilt, time_ms):
            pool.add(Reference(number % 256, motion), rebuilt, 0, time_ms)
        for data in writer.add(time_ms, motion, pool.pick(rebuilt, time_ms), voice_active=False):
            packed = parse_bundle(data)
            bundle_bytes += len(packed.motion)
            bundled += packed.frame_count
        previous = motion
    error = np.array(errors)
    return MotionCost(
        len(chain.finish()) * 8 / len(landmarks),
        bundle_bytes * 8 / max(1, bundled),
        float(error.mean()),
        float(error[:, list(LIPS)].mean()),
        float(error[:, list(EYES)].mean()),
    )


def _cells(cost: MotionCost) -> list[float]:
    return [cost.chain_bits, cost.bundle_bits, cost.error_px, cost.lips_px, cost.eyes_px]


def _landmarks(path: Path) -> FloatArray:
    """Return the (frames, 478, 3) landmarks, in crop units of the whole picture, of the frames with a face."""
    faces = []
    with LandmarkTracker() as tracker:
        for number, picture in enumerate(_pictures(path)):
            found = tracker.track(picture, number * _FRAME_MS)
            if found is not None:
                half = picture.shape[1] / 2
                faces.append((found - (half, half, 0)) / half)
    return np.array(faces)


def _pictures(path: Path) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
