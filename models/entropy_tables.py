"""Fits the range coder's starting contexts to tracked talking clips: `python -m models.entropy_tables LANDMARKS`.

Runs the sender's own decisions (crop, quantiser, keyframe pool, bundles) over the landmarks of every clip, counts the
bits of each context, and writes `codec/tables/entropy.msgpack`. Pictures are not needed.
"""

import argparse
from collections import Counter
from pathlib import Path

import msgpack
import numpy as np

from codec.bundle_writer import Reference
from codec.entropy import (
    PROBABILITY_BITS,
    PROBABILITY_HALF,
    RESIDUAL_CONTEXTS,
    Contexts,
    RangeEncoder,
    encode_residuals,
)
from codec.keyframe_pool import KeyframePool
from codec.model_files import tables_folder
from codec.motion import MOTION_LENGTH, SHAPE_LENGTH, FloatArray, motion_model, quantise
from codec.settings import EncoderSettings

_FRAME_MS = 40
_FRAMES_PER_BUNDLE = 3


class _Counter(RangeEncoder):
    """An encoder that only counts: how often each context saw a zero and a one."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[tuple[int, int, int]] = Counter()

    def bit(self, contexts: Contexts, index: int, bit: int) -> None:
        self.seen[id(contexts), index, bit] += 1


def count_clip(counter: _Counter, tables: dict[str, list[Contexts]], frames: FloatArray) -> None:
    """Count the bits of one clip, (frames, 478, 3) landmarks in crop units."""
    settings = EncoderSettings()
    model = motion_model()
    pool = KeyframePool(model, settings)
    shape = model.fit_shape(frames[0])
    previous: tuple[int, ...] | None = None
    for index, landmarks in enumerate(frames):
        time_ms = index * _FRAME_MS
        motion = quantise(model.fit(shape, landmarks), previous, settings.hysteresis)
        rebuilt = model.landmarks(shape, motion)
        if pool.needs_keyframe(rebuilt, time_ms):
            pool.add(Reference(index, motion), rebuilt, 0, time_ms)
            encode_residuals(counter, tables["shape"], list(shape))
            encode_residuals(counter, tables["keyframe"], list(motion))
        starts_bundle = index % _FRAMES_PER_BUNDLE == 0 or previous is None
        reference = pool.pick(rebuilt, time_ms)[0].motion if starts_bundle else previous
        assert reference is not None
        rows = tables["anchor" if starts_bundle else "chain"]
        encode_residuals(counter, rows, [a - b for a, b in zip(motion, reference, strict=True)])
        previous = motion


def fit(clips: list[FloatArray]) -> dict[str, object]:
    """Return the table: for each context the probability of a zero, in 4096ths."""
    lengths = {"anchor": MOTION_LENGTH, "chain": MOTION_LENGTH, "shape": SHAPE_LENGTH, "keyframe": MOTION_LENGTH}
    tables = {name: [[0] * RESIDUAL_CONTEXTS for _ in range(length)] for name, length in lengths.items()}
    counter = _Counter()
    for frames in clips:
        count_clip(counter, tables, frames)
    likely_zero = (1 << PROBABILITY_BITS) - 64
    return {
        "version": 1,
        "gap": [likely_zero],
        "gap_tree": [PROBABILITY_HALF] * 64,
        # Mode 1 (animated): its first bit is 0, its second 1.
        "mode": [PROBABILITY_HALF, likely_zero, 64, PROBABILITY_HALF],
        "pick": [3500],
        **{name: [_probabilities(counter, row) for row in rows] for name, rows in tables.items()},
    }


def _probabilities(counter: _Counter, row: Contexts) -> list[int]:
    result = []
    for index in range(RESIDUAL_CONTEXTS):
        zeros, ones = (counter.seen[id(row), index, bit] for bit in (0, 1))
        share = (zeros + 2) / (zeros + ones + 4)
        result.append(int(np.clip(round(share * (1 << PROBABILITY_BITS)), 48, (1 << PROBABILITY_BITS) - 48)))
    return result


def main() -> None:
    """Fit and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("landmarks", type=Path, metavar="LANDMARKS")
    parser.add_argument("--picture-side", type=int, default=256, help="pixels the landmarks were measured in")
    parser.add_argument("--output", type=Path, default=tables_folder() / "entropy.msgpack")
    arguments = parser.parse_args()
    half = arguments.picture_side / 2
    clips = []
    for path in sorted(arguments.landmarks.glob("*.npy")):
        frames = np.load(path).astype(np.float64)
        frames = frames[~np.isnan(frames[:, 0, 0])]
        if len(frames) >= 5:
            clips.append((frames - (half, half, 0)) / half)
    arguments.output.write_bytes(msgpack.packb(fit(clips)))
    print(f"wrote {arguments.output} ({arguments.output.stat().st_size} bytes) from {len(clips)} clips")


if __name__ == "__main__":
    main()
