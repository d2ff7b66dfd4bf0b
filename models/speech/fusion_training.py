"""Trains the fusion: features of sound and what arrived of the motion → the expression."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from codec.motion import EXPRESSION, FloatArray
from codec.speech.mouth import lip_displacement
from codec.speech.networks import FEATURES, FRAMES_AFTER, FRAMES_BEFORE
from models.speech.mouth_modes import MouthModes
from models.speech.networks import MouthFusion
from models.speech.transmission import transmit, windows

_BATCH = 256
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 1e-2
_TRANSMISSIONS = 8
_DEAF_SHARE = 0.15
#: Of the frames that arrived, as many are trained on as of those that did not, at most.
_MOST_KNOWN_SHARE = 0.5
#: The newest frame whose sound is there (it needs 80 ms after it), counted from the frame to draw.
_EARLIEST_SOUND, _LATEST_SOUND = -2, 1
#: A receiver's estimates of a person's rest (steps, each coefficient) and scale (its logarithm) are rough.
_REST_DEVIATION, _SCALE_DEVIATION = 0.7, 0.2
#: Weights of the loss: all coefficients' square error in steps, and the likelihood of the lips' error.
_STEPS_WEIGHT, _LIKELIHOOD_WEIGHT = 0.01, 0.1


@dataclass(frozen=True)
class HeardClip:
    """A clip in the fusion's terms."""

    expression: FloatArray  #: (frames, 24), not rounded
    scale: float  #: root mean square of the lips' displacement in this clip, pixels
    features: tuple[FloatArray, ...]  #: each (frames, 9): of the sound as it is, and disturbed; none without sound


@dataclass(frozen=True)
class _Samples:
    features: Tensor  #: (n, 18, 9)
    heard: Tensor  #: (n, 18)
    motion: Tensor  #: (n, 18, 24)
    known: Tensor  #: (n, 18)
    scale: Tensor  #: (n, 1)
    wanted: Tensor  #: (n, 24)


def train(clips: list[HeardClip], modes: MouthModes, steps: int, seed: int) -> MouthFusion:
    """Return a fusion trained on clips whose features come from encoders that never heard those people."""
    torch.manual_seed(seed)
    samples = _samples(clips, np.random.default_rng(seed))
    lips = torch.tensor(lip_displacement(), dtype=torch.float32)
    network = MouthFusion(modes)
    optimiser = torch.optim.AdamW(network.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(len(samples.wanted), (_BATCH,))
        expression, log_error = network(
            samples.features[chosen],
            samples.heard[chosen],
            samples.motion[chosen],
            samples.known[chosen],
            samples.scale[chosen],
        )
        error = expression - samples.wanted[chosen]
        square_px = (error @ lips).square().sum(1)
        likelihood = square_px.detach() * torch.exp(-log_error[:, 0]) + log_error[:, 0]
        loss = (square_px + 1e-3).sqrt().mean() + _STEPS_WEIGHT * error.square().mean()
        loss = loss + _LIKELIHOOD_WEIGHT * likelihood.mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def _samples(clips: list[HeardClip], generator: np.random.Generator) -> _Samples:
    columns: list[list[FloatArray]] = [[] for _ in range(6)]
    for clip in clips:
        for _ in range(_TRANSMISSIONS):
            for column, values in zip(columns, _received(clip, generator), strict=True):
                column.append(values.astype(np.float32))
    return _Samples(*(torch.from_numpy(np.concatenate(column)) for column in columns))


def _received(clip: HeardClip, generator: np.random.Generator) -> tuple[FloatArray, ...]:
    """Return the fields of `_Samples` for one transmission of a clip."""
    frames = len(clip.expression)
    rest = clip.expression.mean(0) + generator.normal(0, _REST_DEVIATION, EXPRESSION)
    motion, known = windows(transmit(clip.expression, generator), rest)
    hears = bool(clip.features) and generator.random() > _DEAF_SHARE
    features = clip.features[generator.integers(len(clip.features))] if hears else np.zeros((frames, FEATURES))
    places = np.arange(frames)[:, None] + np.arange(-FRAMES_BEFORE, FRAMES_AFTER + 1)
    latest = np.arange(frames)[:, None] + generator.integers(_EARLIEST_SOUND, _LATEST_SOUND + 1, (frames, 1))
    heard = (places >= 0) & (places < frames) & (places <= latest) & hears
    scale = np.full((frames, 1), clip.scale * np.exp(generator.normal(0, _SCALE_DEVIATION)))
    unknown = ~known[:, FRAMES_BEFORE]
    share = _MOST_KNOWN_SHARE * max(1, unknown.sum()) / max(1, (~unknown).sum()) + 0.1
    kept = unknown | (generator.random(frames) < share)
    around = features[np.clip(places, 0, frames - 1)]
    rows = (around, heard.astype(np.float64), motion, known.astype(np.float64), scale, clip.expression - rest)
    return tuple(row[kept] for row in rows)
