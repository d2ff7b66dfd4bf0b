"""Trains the audio-visual drive: `python -m models.speech.train CLIPS LANDMARKS drive.pt` (docs/speech.md).

LANDMARKS is what `python -m models.landmark_cache CLIPS LANDMARKS` wrote. On one CPU core it takes about 10 minutes.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from models.speech import encoder_training, fusion_training
from models.speech.clips import SpokenClip, load_clips
from models.speech.drive_file import TrainedDrive, save_drive
from models.speech.encoder_training import Voice, columns_of, cross_fit, encode
from models.speech.fusion_training import HeardClip
from models.speech.mouth_modes import MouthModes, fit_modes

_ENCODER_STEPS, _FUSION_STEPS = 600, 4_000
_ALIGNING_STEPS = 400
#: Of somebody who hardly moves the mouth; pixels.
_SMALLEST_SCALE_PX = 0.5
_SEED = 7


def codes_of(clip: SpokenClip, modes: MouthModes) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], float]:
    """Return a clip's (frames, 8) codes about its mean in units of its scale, and the scale in pixels."""
    codes = (clip.expression - clip.expression.mean(0)) @ modes.project
    scale = max(_SMALLEST_SCALE_PX, float(np.sqrt((codes**2).sum(1).mean())))
    return codes / scale, scale


def voices_of(clips: list[SpokenClip], modes: MouthModes) -> list[Voice]:
    """Return the clips with sound as the encoder's training wants them."""
    generator = np.random.default_rng(_SEED)
    return [
        Voice(clip.name, clip.identity, columns_of(clip.sound, generator), *codes_of(clip, modes))
        for clip in clips
        if clip.sound is not None
    ]


def heard_clips(clips: list[SpokenClip], voices: list[Voice], modes: MouthModes) -> list[HeardClip]:
    """Return all clips as the fusion's training wants them, heard by encoders that never heard those people."""
    by_name = {voice.name: voice for voice in voices}
    encoders = cross_fit(voices, _ENCODER_STEPS)
    heard = []
    for clip in clips:
        codes, scale = codes_of(clip, modes)
        voice = by_name.get(clip.name)
        features = (
            tuple(encode(encoders[clip.identity], copy, len(codes), voice.shift) for copy in voice.columns)
            if voice
            else ()
        )
        heard.append(HeardClip(clip.expression, scale, features))
    return heard


def train(clips: list[SpokenClip]) -> TrainedDrive:
    """Return the drive trained on these clips; prints how well unheard people are foretold."""
    modes = fit_modes([clip.expression - clip.expression.mean(0) for clip in clips])
    found = voices_of(clips, modes)
    voices = encoder_training.align(found, _ALIGNING_STEPS)
    moved = {voice.name: voice.shift for voice in voices if voice.shift}
    print(f"{len(found)} clips with sound, {len(voices)} agree with the others; moved by frames of 40 ms: {moved}")
    heard = heard_clips(clips, voices, modes)
    fusion = fusion_training.train(heard, modes, _FUSION_STEPS, _SEED)
    return TrainedDrive(modes, encoder_training.train(voices, _ENCODER_STEPS, _SEED), fusion)


def main() -> None:
    """Train on a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, metavar="CLIPS")
    parser.add_argument("landmarks", type=Path, metavar="LANDMARKS")
    parser.add_argument("drive", type=Path, metavar="DRIVE.pt")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    save_drive(arguments.drive, train(load_clips(arguments.clips, arguments.landmarks)))


if __name__ == "__main__":
    main()
