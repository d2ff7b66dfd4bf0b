"""Training samples from the cache: which keyframes, which frame, which auxiliary frame, and their tensors.

On a GPU all pictures lie in its memory as uint8; on a CPU they stay memory-mapped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from codec.motion import SURFACE
from models.auxiliary_settings import FRAMES_PER_AUXILIARY
from models.clip_cache import CachedClip
from models.errors import TrainingDataError

_LANDMARK_STEP = 4
#: A mere shift of the face is easily followed.
_SHIFT_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How samples are drawn; shares are probabilities in 0…1."""

    second_keyframe_share: float  #: samples with two keyframes
    auxiliary_share: float  #: samples with an auxiliary frame
    random_keyframe_share: float  #: samples whose keyframes are any of the clip, not the nearest of a small pool
    pool_size: int  #: at most


@dataclass(frozen=True)
class Batch:
    """N samples. Pictures are float RGB in 0…1, NCHW; landmarks crop units."""

    picture_a: Tensor  #: (N, 3, S, S)
    picture_b: Tensor
    landmarks_a: Tensor  #: (N, 478, 3)
    landmarks_b: Tensor
    valid_b: Tensor  #: (N, 1)
    landmarks: Tensor
    auxiliary: Tensor  #: (N, 3, 64, 64), zeros where there is none
    valid_auxiliary: Tensor  #: (N, 1)
    target: Tensor  #: (N, 3, S, S)


class _Rows:
    """The same kind of array of all clips: one tensor in a GPU's memory, or memory-mapped files for a CPU."""

    def __init__(self, arrays: Sequence[NDArray[Any]], device: torch.device) -> None:
        self._device = device
        self._starts = np.cumsum([0, *(len(array) for array in arrays)])
        self._arrays = arrays
        self._resident: Tensor | None = None
        if device.type == "cuda":
            first = torch.from_numpy(np.ascontiguousarray(arrays[0][:1]))
            self._resident = torch.empty((int(self._starts[-1]), *first.shape[1:]), dtype=first.dtype, device=device)
            for start, array in zip(self._starts, arrays, strict=False):
                self._resident[start : start + len(array)] = torch.from_numpy(np.ascontiguousarray(array)).to(device)

    def take(self, clips: list[int], rows: list[int]) -> Tensor:
        """Return (N, …): of each of N clips one row."""
        if self._resident is None:
            return torch.from_numpy(np.stack([self._arrays[clip][row] for clip, row in zip(clips, rows, strict=True)]))
        # Only indices travel to the GPU: larger copies would wait for the step before.
        places = [int(self._starts[clip]) + row for clip, row in zip(clips, rows, strict=True)]
        return self._resident[torch.tensor(places).to(self._device, non_blocking=True)]

    def pictures(self, clips: list[int], rows: list[int]) -> Tensor:
        """Return (N, 3, side, side) pictures in 0…1."""
        return self.take(clips, rows).permute(0, 3, 1, 2).float() / 255


class TrainingSet:
    """Draws batches from cached clips; people are drawn with equal chance, however long their clips are."""

    def __init__(
        self, clips: list[CachedClip], settings: SamplingSettings, device: torch.device, seed: int = 0
    ) -> None:
        """Load the clips. Raises `TrainingDataError` if there is none."""
        if not clips:
            raise TrainingDataError("no clip to train on: run `python -m models.prepare` on a folder of clips first")
        self._settings = settings
        self._device = device
        self._random = np.random.default_rng(seed)
        self._landmarks = [np.asarray(clip.landmarks) for clip in clips]
        self._keyframe_numbers = [np.asarray(clip.keyframe_numbers) for clip in clips]
        self._keyframe_crfs = [np.asarray(clip.keyframe_crfs) for clip in clips]
        self._levels = clips[0].auxiliary.shape[0]
        people = sorted({clip.identity for clip in clips})
        self._clips_of = [[i for i, clip in enumerate(clips) if clip.identity == person] for person in people]
        self._points = _Rows(self._landmarks, device)
        self._frames = _Rows([clip.frames for clip in clips], device)
        self._keyframes = _Rows([clip.keyframes for clip in clips], device)
        self._clips = len(clips)
        self._auxiliary = _Rows([c.auxiliary[level] for level in range(self._levels) for c in clips], device)

    def batch(self, size: int, in_pairs: bool) -> Batch:
        """Draw a batch; `in_pairs` makes every second sample the frame after the one before, same keyframes."""
        step = 2 if in_pairs else 1
        clips: list[int] = []
        frames: list[int] = []
        keys: list[tuple[int, int]] = []
        for _ in range(size // step):
            clip, frame = self._draw_frame(step)
            clips += [clip] * step
            frames += range(frame, frame + step)
            keys += [self._draw_keyframes(clip, frame)] * step
        count = len(clips)
        two = self._flags(count, step, self._settings.second_keyframe_share)
        helped = self._flags(count, step, self._settings.auxiliary_share)
        first = [a for a, _ in keys]
        second = [b if both else a for (a, b), both in zip(keys, two, strict=True)]
        valid_auxiliary = self._tensor(helped[:, None])
        return Batch(
            picture_a=self._keyframes.pictures(clips, first),
            picture_b=self._keyframes.pictures(clips, second),
            landmarks_a=self._keyframe_landmarks(clips, first),
            landmarks_b=self._keyframe_landmarks(clips, second),
            valid_b=self._tensor(two[:, None]),
            landmarks=self._points.take(clips, frames),
            auxiliary=self._draw_auxiliary(clips, frames, step) * valid_auxiliary[:, :, None, None],
            valid_auxiliary=valid_auxiliary,
            target=self._frames.pictures(clips, frames),
        )

    def _draw_frame(self, step: int) -> tuple[int, int]:
        of_person = self._clips_of[self._random.integers(len(self._clips_of))]
        lengths = np.array([len(self._landmarks[clip]) for clip in of_person])
        clip = of_person[self._random.choice(len(of_person), p=lengths / lengths.sum())]
        return clip, int(self._random.integers(len(self._landmarks[clip]) - step + 1))

    def _draw_keyframes(self, clip: int, frame: int) -> tuple[int, int]:
        """Return the best and the second best keyframe of a random pool of this clip."""
        numbers, crfs = self._keyframe_numbers[clip], self._keyframe_crfs[clip]
        # A sender's keyframes are all of about one quality.
        alike = np.flatnonzero(crfs == self._random.choice(np.unique(crfs)))
        size = min(len(alike), int(self._random.integers(2, self._settings.pool_size + 1)))
        pool = self._random.choice(alike, size, replace=False)
        if self._random.random() >= self._settings.random_keyframe_share:
            known = self._landmarks[clip]
            frames = np.asarray(known[numbers[pool]], np.float64)
            wanted = np.asarray(known[frame], np.float64)
            pool = pool[_distances(wanted, frames).argsort()]
        return int(pool[0]), int(pool[-1] if size < 2 else pool[1])

    def _draw_auxiliary(self, clips: list[int], frames: list[int], step: int) -> Tensor:
        levels = np.repeat(self._random.integers(self._levels, size=len(clips) // step), step)
        places = [int(level) * self._clips + clip for level, clip in zip(levels, clips, strict=True)]
        return self._auxiliary.pictures(places, [frame // FRAMES_PER_AUXILIARY for frame in frames])

    def _keyframe_landmarks(self, clips: list[int], keys: list[int]) -> Tensor:
        numbers = [int(self._keyframe_numbers[clip][key]) for clip, key in zip(clips, keys, strict=True)]
        return self._points.take(clips, numbers)

    def _flags(self, count: int, step: int, share: float) -> NDArray[np.float32]:
        return np.repeat(self._random.random(count // step) < share, step).astype(np.float32)

    def _tensor(self, array: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device, non_blocking=True)


def _distances(wanted: NDArray[np.float64], frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n,) distances of (n, 478, 3) landmarks to others: roughly what a sender picks keyframes by."""
    offsets = frames[:, :SURFACE:_LANDMARK_STEP, :2] - wanted[:SURFACE:_LANDMARK_STEP, :2]
    shift = offsets.mean(1)
    rest = np.linalg.norm(offsets - shift[:, None], axis=2).mean(1)
    return np.asarray(rest + _SHIFT_SHARE * np.linalg.norm(shift, axis=1), np.float64)
