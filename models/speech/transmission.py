"""What a receiver knows of a face when a frame is due: coarse values, lost bundles, frames that were never sent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.motion import FloatArray
from codec.speech.drive import FALL_MS
from codec.speech.networks import FRAME_MS, FRAMES_AFTER, FRAMES_BEFORE

_BUNDLE_FRAMES = 3
_LOSSES = (0.0, 0.0, 0.3, 0.5)
#: Sent are all frames, or one of so many.
_STRIDES = (1, 1, 2, 2, 3, 4, 6, 8)
_HYSTERESES = (0.0, 0.22, 0.22, 0.5)
#: How many frames after the one that is due have been received.
_MOST_AHEAD = 4
_BURST_FRAMES = (5, 40)
_GAP_FRAMES = (10, 120)
_BURST_SHARE, _NOTHING_SHARE = 0.4, 0.1

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Received:
    """What arrived of a clip."""

    expression: FloatArray  #: (frames, 24) quantised; meaningless where nothing arrived
    arrived: Mask  #: (frames,)
    ahead: NDArray[np.int64]  #: (frames,), how many frames after each may be known when it is due


def transmit(expression: FloatArray, generator: np.random.Generator) -> Received:
    """Return the (frames, 24) expression after one of many ways in which motion can be coded, sparse, late or lost."""
    frames = len(expression)
    phase = int(generator.integers(_BUNDLE_FRAMES))
    stride = int(generator.choice(_STRIDES))
    sent = (np.arange(frames) + phase) % stride == 0
    bundle = (np.arange(frames) + phase) // max(_BUNDLE_FRAMES, stride)
    arrived = sent & (generator.random(bundle[-1] + 1) >= generator.choice(_LOSSES))[bundle]
    kind = generator.random()
    if kind < _BURST_SHARE:
        start = 0
        while start < frames:
            start += int(generator.integers(*_GAP_FRAMES))
            end = start + int(generator.integers(*_BURST_FRAMES))
            arrived[start:end] = False
            start = end
    elif kind < _BURST_SHARE + _NOTHING_SHARE:
        arrived[:] = False
    in_bundle = _BUNDLE_FRAMES - 1 - (np.arange(frames) + phase) % _BUNDLE_FRAMES
    ahead = np.maximum(0, in_bundle + int(generator.integers(0, _MOST_AHEAD + 1)) * (stride > 1))
    return Received(_quantised(expression, sent, float(generator.choice(_HYSTERESES))), arrived, ahead)


def windows(received: Received, rest: FloatArray) -> tuple[FloatArray, Mask]:
    """Return the (frames, 18, 24) expression from rest as `codec.speech.drive` fills it in, and (frames, 18): known.

    Between known frames lies the line between them, before the first its own value; after the last one the expression
    falls to rest.
    """
    frames = len(received.arrived)
    offsets = np.concatenate([received.expression - rest, np.zeros((1, rest.size))])
    index = np.arange(frames)
    places = index[:, None] + np.arange(-FRAMES_BEFORE, FRAMES_AFTER + 1)
    newest = np.minimum(index + received.ahead, frames - 1)[:, None]
    earliest = np.maximum.accumulate(np.where(received.arrived, index, -1))
    latest = np.minimum.accumulate(np.where(received.arrived, index, frames)[::-1])[::-1]
    before = np.where(places >= 0, earliest[np.clip(np.minimum(places, newest), 0, frames - 1)], -1)
    after = np.where(places < frames, latest[np.clip(places, 0, frames - 1)], frames)
    after = np.where(after <= newest, after, frames)
    known = (before == places) & (places >= 0)
    has_before, has_after = before >= 0, after < frames
    share = np.where(has_before & has_after, (places - before) / np.maximum(1, after - before), has_after)
    one, two = offsets[np.where(has_before, before, frames)], offsets[np.where(has_after, after, frames)]
    filled = np.where((~has_after & has_before)[..., None], one, one + (two - one) * share[..., None])
    fall = np.where(has_before & ~has_after, np.exp(-FRAME_MS * (places - before) / FALL_MS), 1)
    return filled * fall[..., None], known


def _quantised(expression: FloatArray, sent: Mask, hysteresis: float) -> FloatArray:
    """Return the sent frames as `codec.motion.quantise` rounds them, one after another."""
    quantised = np.zeros_like(expression)
    previous: FloatArray | None = None
    for number in np.flatnonzero(sent):
        rounded = np.rint(expression[number])
        if previous is not None:
            rounded = np.where(np.abs(expression[number] - previous) < 0.5 + hysteresis, previous, rounded)
        quantised[number] = previous = rounded
    return quantised
