"""Trains the speech encoder: sound → the mouth's modes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from codec.bench.voice import Sound
from codec.motion import FloatArray
from codec.speech.features import BANDS, SILENCE, LogMel
from codec.speech.fusion import MOUTH
from codec.speech.networks import COLUMNS, COLUMNS_BEFORE
from models.speech.disturbance import disturb
from models.speech.networks import SpeechEncoder

COLUMNS_PER_FRAME = 4
FOLDS = 5
_BATCH = 128
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 1e-2
_TIMBRE_DEVIATION, _LEVEL_DEVIATION = 0.15, 0.3
_DISTURBED_COPIES = 3
_LONGEST_SHIFT = 5
#: A clip is moved for so much more agreement, and left out of training for less than this.
_SHIFT_GAIN, _LEAST_AGREEMENT = 0.05, 0.15
_ALIGNING_ROUNDS = 2


@dataclass(frozen=True)
class Voice:
    """A clip with sound, in the encoder's terms."""

    name: str
    identity: str
    columns: tuple[FloatArray, ...]  #: each (n, 40): of the sound as it is, and disturbed
    codes: FloatArray  #: (frames, 8) in units of the person's scale
    scale: float  #: root mean square of the lips' displacement in this clip, pixels
    shift: int = 0  #: frames by which the picture is later than the sound


def columns_of(sound: Sound, generator: np.random.Generator) -> tuple[FloatArray, ...]:
    """Return the columns of a sound as it is, and of some disturbed copies."""
    copies = (sound, *(disturb(sound, generator) for _ in range(_DISTURBED_COPIES)))
    return tuple(LogMel().push(copy) for copy in copies)


def windows(columns: FloatArray, frames: int, shift: int = 0) -> NDArray[np.float32]:
    """Return (frames, 40, 32) columns around each frame of a clip whose picture is `shift` frames late."""
    margin = COLUMNS + COLUMNS_PER_FRAME * _LONGEST_SHIFT
    padded = np.full((margin + max(len(columns), frames * COLUMNS_PER_FRAME) + margin, BANDS), SILENCE, np.float32)
    padded[margin : margin + len(columns)] = columns
    firsts = margin + COLUMNS_PER_FRAME * (np.arange(frames) - shift) - COLUMNS_BEFORE
    around: NDArray[np.float32] = padded[firsts[:, None] + np.arange(COLUMNS)].transpose(0, 2, 1)
    return around


def train(voices: list[Voice], steps: int, seed: int) -> SpeechEncoder:
    """Return an encoder trained on these voices, each as it is and disturbed."""
    torch.manual_seed(seed)
    copies = [(copy, voice) for voice in voices for copy in voice.columns]
    columns = torch.from_numpy(np.concatenate([windows(copy, len(voice.codes), voice.shift) for copy, voice in copies]))
    targets = torch.tensor(np.concatenate([voice.codes for _, voice in copies]), dtype=torch.float32)
    network = SpeechEncoder()
    optimiser = torch.optim.AdamW(network.parameters(), _LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps)
    for _ in range(steps):
        chosen = torch.randint(len(columns), (_BATCH,))
        timbre = torch.randn(_BATCH, BANDS, 1) * _TIMBRE_DEVIATION + torch.randn(_BATCH, 1, 1) * _LEVEL_DEVIATION
        loss = likelihood_loss(network(columns[chosen] + timbre), targets[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    network.eval()
    return network


def likelihood_loss(features: Tensor, codes: Tensor) -> Tensor:
    """Return the mean squared error, and beside it what makes the last feature the logarithm of that error."""
    error = (features[:, :MOUTH] - codes).square().sum(1)
    log_variance = features[:, MOUTH]
    return error.mean() + 0.2 * (error.detach() * torch.exp(-log_variance) + log_variance).mean()


def encode(network: nn.Module, columns: FloatArray, frames: int, shift: int = 0) -> FloatArray:
    """Return the (frames, 9) features of a sound."""
    with torch.no_grad():
        features: Tensor = network(torch.from_numpy(windows(columns, frames, shift)))
    encoded: FloatArray = features.numpy().astype(np.float64)
    return encoded


def folds(voices: list[Voice]) -> Iterator[set[str]]:
    """Yield the people left out of each fold: about as many frames in each."""
    frames: dict[str, int] = {}
    for voice in voices:
        frames[voice.identity] = frames.get(voice.identity, 0) + len(voice.codes)
    groups: list[set[str]] = [set() for _ in range(FOLDS)]
    for identity in sorted(frames, key=lambda identity: -frames[identity]):
        min(groups, key=lambda group: sum(frames[member] for member in group)).add(identity)
    yield from groups


def cross_fit(voices: list[Voice], steps: int) -> dict[str, SpeechEncoder]:
    """Return for each person an encoder that never heard them."""
    encoders: dict[str, SpeechEncoder] = {}
    for number, left_out in enumerate(folds(voices)):
        encoder = train([voice for voice in voices if voice.identity not in left_out], steps, number)
        encoders |= dict.fromkeys(left_out, encoder)
    return encoders


def agreement(predicted: FloatArray, codes: FloatArray, shift: int = 0) -> float:
    """Return the correlation of all modes together when the codes come `shift` frames later."""
    late = slice(max(0, shift), len(codes) + min(0, shift))
    early = slice(max(0, -shift), len(codes) - max(0, shift))
    one, two = predicted[early] - predicted[early].mean(0), codes[late] - codes[late].mean(0)
    return float((one * two).sum() / (np.linalg.norm(one) * np.linalg.norm(two) + 1e-9))


def align(voices: list[Voice], steps: int) -> list[Voice]:
    """Return the voices that agree with what others' voices teach, each with the shift at which they agree best."""
    for _ in range(_ALIGNING_ROUNDS):
        encoders = cross_fit(voices, steps)
        aligned = []
        for voice in voices:
            predicted = encode(encoders[voice.identity], voice.columns[0], len(voice.codes), voice.shift)[:, :MOUTH]
            scores = {
                shift: agreement(predicted, voice.codes, shift) for shift in range(-_LONGEST_SHIFT, _LONGEST_SHIFT + 1)
            }
            best = max(scores, key=lambda shift: scores[shift])
            if scores[best] - scores[0] > _SHIFT_GAIN:
                voice = replace(voice, shift=int(np.clip(voice.shift + best, -_LONGEST_SHIFT, _LONGEST_SHIFT)))
            if scores[best] > _LEAST_AGREEMENT:
                aligned.append(voice)
        voices = aligned
    return voices
