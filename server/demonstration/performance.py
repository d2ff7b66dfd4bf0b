"""How the demonstration participant moves: head, eyes, brows and mouth at every frame, periodic over the talk."""

from dataclasses import dataclass

import numpy as np

from codec.motion import EXPRESSION, GAZE, POSE, FloatArray
from server.demonstration.expressions import Expressions
from server.demonstration.script import Talk
from server.demonstration.visemes import mouth_track

FPS = 25
_PER_RADIAN, _PER_UNIT, _PER_EYE_WIDTH = 90, 224, 50
#: Blink of some 200 ms at 25 frames a second: closes fast, opens slowly.
_BLINK = np.array([0.55, 1.0, 0.9, 0.45, 0.12])
_BLINK_GAP_S = (2.6, 4.8)


@dataclass(frozen=True, slots=True)
class Performance:
    """One row for each frame."""

    motion: FloatArray  #: (frames, 32), not yet rounded
    speaking: FloatArray  #: (frames,), 0 resting … 1 speaking
    blink: FloatArray  #: (frames,), 0 open … 1 closed


def perform(talk: Talk, portrait: FloatArray, expressions: Expressions, seed: int) -> Performance:
    """Return the performance of a talk by the person whose portrait has this motion (32)."""
    random = np.random.default_rng(seed)
    frames = round(talk.duration_s * FPS)
    mouth = mouth_track(talk.phonemes, talk.duration_s, FPS)
    speaking = _speaking(talk, frames)
    blink = _blinks(talk, frames, random)
    brows = 0.5 * _emphasis(talk, frames, random) + 0.2 * _wander(frames, 0.25, random)
    # Speaking takes most of the portrait's broad smile away; resting, with closed lips, brings some of it back.
    smile = -0.3 - 0.3 * speaking + 0.1 * _wander(frames, 0.3, random)
    motion = np.tile(portrait, (frames, 1))
    motion[:, POSE + GAZE :] += sum(
        (
            strength[:, None] * direction[None]
            for strength, direction in (
                (mouth[:, 0], expressions.jaw),
                (mouth[:, 1], expressions.close),
                (mouth[:, 2], expressions.round),
                (mouth[:, 3], expressions.spread),
                (smile, expressions.smile),
                (blink, expressions.blink),
                (brows, expressions.brows),
            )
        ),
        np.zeros((frames, EXPRESSION)),
    )
    pitch, yaw, roll = _head(talk, frames, random)
    motion[:, :3] += np.radians(np.stack([pitch, yaw, roll], 1)) * _PER_RADIAN
    motion[:, 3] += (yaw * 0.0035 + 0.008 * _wander(frames, 0.15, random)) * _PER_UNIT
    motion[:, 4] += (pitch * 0.003 + 0.005 * _wander(frames, 0.15, random)) * _PER_UNIT
    motion[:, 5] += 0.012 * _wander(frames, 0.1, random) * _PER_RADIAN
    # The eyes stay with the person opposite while the head turns, and glance away now and then.
    glance = _glances(talk, frames, random)
    motion[:, 6] += (-0.006 * yaw + glance[:, 0]) * _PER_EYE_WIDTH
    motion[:, 7] += (-0.004 * pitch + glance[:, 1]) * _PER_EYE_WIDTH
    return Performance(motion, speaking, blink)


def _wander(frames: int, hertz: float, random: np.random.Generator) -> FloatArray:
    """Return smooth periodic noise of unit deviation with nothing much above `hertz`."""
    time = np.arange(frames) / frames
    track = np.zeros(frames)
    for cycles in range(1, max(2, round(2 * hertz * frames / FPS))):
        weight = np.exp(-((cycles / (hertz * frames / FPS)) ** 2))
        track += weight * random.normal() * np.sin(2 * np.pi * (cycles * time + random.uniform()))
    track /= track.std()
    return track


def _bump(frames: int, centre_s: float, width_s: float) -> FloatArray:
    """Return a periodic Gaussian bump of height 1."""
    offset = np.arange(frames) / FPS - centre_s
    period = frames / FPS
    offset = (offset + period / 2) % period - period / 2
    bump: FloatArray = np.exp(-0.5 * (offset / width_s) ** 2)
    return bump


def _head(talk: Talk, frames: int, random: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return pitch, yaw and roll in degrees: slow sway, a turn for each sentence, a nod where it starts."""
    yaw = 2.6 * np.clip(_wander(frames, 0.18, random), -2, 2)
    pitch = 1.1 * np.clip(_wander(frames, 0.22, random), -2, 2)
    roll = 0.9 * np.clip(_wander(frames, 0.15, random), -2, 2)
    side = 1.0
    for start, end in talk.sentences:
        middle, width = (start + end) / 2, max(0.5, (end - start) / 4)
        yaw += side * random.uniform(3.0, 4.5) * _bump(frames, middle, width)
        roll += side * random.uniform(0.2, 0.9) * _bump(frames, middle, width)
        pitch += 2.4 * _bump(frames, start + 0.12, 0.13) - 1.0 * _bump(frames, start + 0.5, 0.18)
        pitch += 1.6 * _bump(frames, end - 0.1, 0.2)
        side = -side
    return np.clip(pitch, -4, 4), np.clip(yaw, -8, 8), np.clip(roll, -2.2, 2.2)


def _speaking(talk: Talk, frames: int) -> FloatArray:
    """Return 1 while something is said, 0 else, with soft edges."""
    time = np.arange(frames) / FPS
    track = np.zeros(frames)
    for start, end in talk.sentences:
        track = np.maximum(track, np.clip((time - start + 0.3) / 0.3, 0, 1) * np.clip((end + 0.5 - time) / 0.5, 0, 1))
    track *= track * (3 - 2 * track)
    return track


def _emphasis(talk: Talk, frames: int, random: np.random.Generator) -> FloatArray:
    """Return brows that rise at the start of a sentence and once or twice within it."""
    track = np.zeros(frames)
    for start, end in talk.sentences:
        track += random.uniform(0.6, 1.2) * _bump(frames, start + 0.25, 0.2)
        for moment in np.arange(start + 1.6, end - 0.5, 2.1):
            track += random.uniform(0.2, 0.9) * _bump(frames, moment + random.uniform(-0.4, 0.4), 0.16)
    return track


def _blinks(talk: Talk, frames: int, random: np.random.Generator) -> FloatArray:
    """Return lids: a blink every few seconds, none near the seam."""
    track = np.zeros(frames)
    moment = random.uniform(1.2, 2.0)
    while moment < talk.duration_s - 1:
        first = round(moment * FPS)
        track[first : first + _BLINK.size] = _BLINK
        moment += random.uniform(*_BLINK_GAP_S)
    return track


def _glances(talk: Talk, frames: int, random: np.random.Generator) -> FloatArray:
    """Return (frames, 2) gaze right and down in eye widths: quick shifts that are held, home in between."""
    track = np.zeros((frames, 2))
    moment = 2.5
    while moment < talk.duration_s - 2:
        first, last = round(moment * FPS), round((moment + random.uniform(0.5, 1.1)) * FPS)
        track[first:last] = random.uniform(-0.085, 0.085), random.uniform(-0.03, 0.04)
        moment += random.uniform(2.2, 4.5)
    kernel = np.array([0.25, 0.5, 0.25])
    return np.stack([np.convolve(track[:, axis], kernel, "same") for axis in range(2)], 1)
