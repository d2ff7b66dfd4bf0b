"""Trains the audio-visual drive: `python -m models.speech.train CLIPS LANDMARKS FOLDER` (docs/speech.md).

LANDMARKS is what `python -m models.landmark_cache CLIPS LANDMARKS` wrote. On an idle CPU core it takes some minutes.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from codec.motion import FloatArray
from codec.speech.fusion import MOUTH
from codec.speech.mouth import opening
from models.speech.clips import SpokenClip, load_clips
from models.speech.covariance import HeardClip, measure
from models.speech.encoder_training import Voice, align, columns_of, cross_fit, encode
from models.speech.export import export
from models.speech.mouth_modes import MouthModes, fit_modes
from models.speech.networks import SpeechEncoder, SpeechEnsemble

_ALIGNING_STEPS, _ENCODER_STEPS = 400, 500
#: Of somebody who hardly moves the mouth; pixels.
_SMALLEST_SCALE_PX = 0.5
_SEED = 7


def codes_of(clip: SpokenClip, modes: MouthModes) -> tuple[FloatArray, float]:
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


def heard_clips(
    clips: list[SpokenClip], voices: list[Voice], encoders: dict[str, SpeechEncoder], modes: MouthModes
) -> list[HeardClip]:
    """Return all clips as the covariances want them, heard by encoders that never heard those people."""
    by_name = {voice.name: voice for voice in voices}
    heard = []
    for clip in clips:
        codes, scale = codes_of(clip, modes)
        voice = by_name.get(clip.name)
        copies = voice.columns if voice else ()
        features = tuple(
            encode(encoders[clip.identity], copy, len(codes), voice.shift if voice else 0) for copy in copies
        )
        heard.append(HeardClip(clip.expression, scale, features))
    return heard


def unheard_correlation(voices: list[Voice], encoders: dict[str, SpeechEncoder], modes: MouthModes) -> float:
    """Return the mean correlation of the mouth's opening with what sound says of people who were not trained on."""
    scores = []
    for voice in voices:
        told = encode(encoders[voice.identity], voice.columns[0], len(voice.codes), voice.shift)[:, :MOUTH]
        one, two = (opening(codes @ modes.lift) for codes in (told, voice.codes))
        scores.append(float(np.corrcoef(one, two)[0, 1]))
    return float(np.mean(scores))


def main() -> None:
    """Train on a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, metavar="CLIPS")
    parser.add_argument("landmarks", type=Path, metavar="LANDMARKS")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clips = load_clips(arguments.clips, arguments.landmarks)
    modes = fit_modes([clip.expression - clip.expression.mean(0) for clip in clips])
    found = voices_of(clips, modes)
    voices = align(found, _ALIGNING_STEPS)
    print(f"{len(found)} clips with sound, {len(voices)} agree with what the others teach")
    print("moved by frames of 40 ms:", {voice.name: voice.shift for voice in voices if voice.shift})
    encoders = cross_fit(voices, _ENCODER_STEPS)
    print(f"opening of unheard people: correlation {unheard_correlation(voices, encoders, modes):.3f}")
    covariances = measure(heard_clips(clips, voices, encoders, modes), modes)
    export(SpeechEnsemble(list(dict.fromkeys(encoders.values()))), covariances, arguments.folder)
    for path in sorted(arguments.folder.iterdir()):
        print(f"{path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
