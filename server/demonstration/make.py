"""Makes the demonstration participant: `python -m server.demonstration.make [OUT.fwr]`.

The face is scikit-image's `data.astronaut()`, NASA's portrait of Eileen Collins, in the public domain; the voice is
espeak-ng's. Nothing of a real recording is in it: the performance is computed from the phonemes and a random seed.
"""

import argparse
from collections import Counter
from pathlib import Path

import av
import numpy as np

from codec.animator import Animator
from codec.bundle import Bundle, BundleHeader, Frame, Mode, encode_bundle
from codec.crop import StableCrop
from codec.encoder import resize
from codec.intra_picture import Picture, PictureCodec, decode_picture, encode_av1
from codec.keyframes import Keyframe, ticks
from codec.landmarks import LandmarkTracker
from codec.motion import GAZE, POSE, FloatArray, MotionModel, motion_model, quantise
from codec.recording import RecordedParticipant, RecordingWriter, RecordKind
from server.demonstration import RECORDING
from server.demonstration.expressions import expressions_of
from server.demonstration.painting import closed_eyes, closed_lips, open_mouth
from server.demonstration.performance import FPS, Performance, perform
from server.demonstration.script import Talk, speak
from server.demonstration.speech import Voice
from server.native.voice_codec import SAMPLE_RATE, VoiceEncoder, VoiceEncoding

PARTICIPANT = RecordedParticipant(1, "Demonstration", "file")

_SIDE = 256
_KEYFRAME_CRF = 34
_FRAMES_PER_BUNDLE = 3
_FRAME_TICKS = 100 // FPS
_BUNDLE_MS = _FRAMES_PER_BUNDLE * 1000 // FPS
_SEED = 11
_HYSTERESIS = 0.22
_OPEN_JAW = 1.8
#: The mouth's picture is exchanged when the lips are nearer than this, in pixels, or after so many frames.
_EXCHANGE_PX = 3.5
_EXCHANGE_FRAMES = 10
_CLOSED_LIDS = 0.5
_UPPER_LIP, _LOWER_LIP = 13, 14
#: Keyframe numbers; the open mouth with closed eyes is their sum.
_PORTRAIT, _OPEN_MOUTH, _CLOSED_EYES, _CLOSED_LIPS = 0, 1, 2, 4


def make(path: Path) -> None:
    """Write the recording. Raises `RuntimeError` where espeak-ng or the portrait is missing."""
    model = motion_model()
    picture, landmarks = portrait()
    shape = model.fit_shape(landmarks)
    motion = model.fit(shape, landmarks)
    expressions = expressions_of(model, shape, motion)
    packet_s = VoiceEncoding().packet_ms / 1000
    talk = speak(Voice(), np.lcm(_BUNDLE_MS, round(packet_s * 1000)) / 1000)
    performance = perform(talk, motion, expressions, _SEED)
    poses = {
        _PORTRAIT: motion,
        _OPEN_MOUTH: _with_expression(motion, expressions.combine(jaw=_OPEN_JAW)),
        _CLOSED_EYES: _with_expression(motion, expressions.combine(blink=1)),
        _OPEN_MOUTH + _CLOSED_EYES: _with_expression(motion, expressions.combine(jaw=_OPEN_JAW, blink=1)),
        _CLOSED_LIPS: _with_expression(motion, expressions.combine(close=1.25, smile=-0.5)),
    }
    keyframes = _keyframes(model, picture, shape, poses)
    with RecordingWriter(path, (PARTICIPANT,)) as writer:
        for keyframe in keyframes:
            writer.add(PARTICIPANT.id, RecordKind.KEYFRAME, 0, bytes(keyframe))
        records = _bundles(model, talk, performance, keyframes) + _voice(talk)
        for time_ms, kind, payload in sorted(records, key=lambda record: record[0]):
            writer.add(PARTICIPANT.id, kind, time_ms, payload)


def portrait() -> tuple[Picture, FloatArray]:
    """Return the portrait's crop (256, 256, 3) and its (478, 3) landmarks in crop units."""
    from skimage import data

    photograph: Picture = data.astronaut()
    with LandmarkTracker() as tracker:
        found = [tracker.track(photograph, 40 * repeat) for repeat in range(5)][-1]
    if found is None:
        raise RuntimeError("the landmark model finds no face in the portrait")
    crop, _ = StableCrop().update(found, photograph.shape[1], photograph.shape[0])
    return resize(crop.cut(photograph), _SIDE), crop.to_crop_units(found)


def _with_expression(motion: FloatArray, change: FloatArray) -> FloatArray:
    changed = motion.copy()
    changed[POSE + GAZE :] += change
    return changed


def _keyframes(
    model: MotionModel, picture: Picture, shape: tuple[int, ...], poses: dict[int, FloatArray]
) -> list[Keyframe]:
    """Return the portrait, and the pictures that are painted over it."""
    at_rest = model.landmarks(shape, poses[_PORTRAIT])
    opened = model.landmarks(shape, poses[_OPEN_MOUTH])
    shut = model.landmarks(shape, poses[_CLOSED_LIPS])
    animator = Animator()
    cached = animator.cache_keyframe(picture, at_rest)
    mouth = open_mouth(animator.animate(cached, None, opened), opened, picture, at_rest)
    painted = {
        _PORTRAIT: picture,
        _OPEN_MOUTH: mouth,
        _CLOSED_EYES: closed_eyes(picture, at_rest),
        _OPEN_MOUTH + _CLOSED_EYES: closed_eyes(mouth, opened),
        _CLOSED_LIPS: closed_lips(animator.animate(cached, None, shut), shut),
    }
    keyframes = []
    for number, painting in painted.items():
        coded = encode_av1(painting, _KEYFRAME_CRF)
        decode_picture(PictureCodec.AV1, coded, _SIDE)
        motion = quantise(poses[number], None, 0)
        keyframes.append(Keyframe(number, 0, _SIDE, shape, motion, PictureCodec.AV1, coded))
    return keyframes


def _bundles(
    model: MotionModel, talk: Talk, performance: Performance, keyframes: list[Keyframe]
) -> list[tuple[int, RecordKind, bytes]]:
    motions = {keyframe.number: keyframe.motion for keyframe in keyframes if keyframe.motion is not None}
    quantised = _quantised(performance.motion)
    assert keyframes[0].shape is not None
    wanted = _wanted(model, keyframes[0].shape, performance, quantised)
    records = []
    for sequence, first in enumerate(range(0, len(quantised), _FRAMES_PER_BUNDLE)):
        frames = [(quantised[index], wanted[index]) for index in range(first, first + _FRAMES_PER_BUNDLE)]
        named = [number for number, _ in Counter(number for _, number in frames).most_common(2)]
        first_ms = first * 1000 // FPS
        speaks = any(start * 1000 < first_ms + _BUNDLE_MS and first_ms < end * 1000 for start, end in talk.sentences)
        header = BundleHeader(sequence, ticks(first_ms), named[0], named[-1], speaks)
        coded = tuple(
            Frame(_FRAME_TICKS if index else 0, Mode.ANIMATED, named.index(_nearest(number, named)), motion)
            for index, (motion, number) in enumerate(frames)
        )
        payload = encode_bundle(Bundle(header, coded), motions)
        records.append((first_ms + _BUNDLE_MS, RecordKind.BUNDLE, payload))
    return records


def _quantised(motion: FloatArray) -> list[tuple[int, ...]]:
    quantised: list[tuple[int, ...]] = []
    for row in motion:
        quantised.append(quantise(row, quantised[-1] if quantised else None, _HYSTERESIS))
    return quantised


def _wanted(
    model: MotionModel, shape: tuple[int, ...], performance: Performance, quantised: list[tuple[int, ...]]
) -> list[int]:
    """Return the best keyframe for each frame.

    Speech is drawn from the open mouth and, where they meet, from closed lips; rest from the portrait's smile. They are
    exchanged where it shows least.
    """
    wanted = []
    speaks, waited = False, 0
    for motion, speaking, blink in zip(quantised, performance.speaking, performance.blink, strict=True):
        landmarks = model.landmarks(shape, motion)
        gap_px = (landmarks[_LOWER_LIP, 1] - landmarks[_UPPER_LIP, 1]) * _SIDE / 2
        if (speaking > 0.5) != speaks:
            waited += 1
            if gap_px < _EXCHANGE_PX or blink > _CLOSED_LIDS or waited > _EXCHANGE_FRAMES:
                speaks, waited = not speaks, 0
        else:
            waited = 0
        eyes = _CLOSED_EYES * (blink > _CLOSED_LIDS)
        if speaks and gap_px < _EXCHANGE_PX and not eyes:
            wanted.append(_CLOSED_LIPS)
        else:
            wanted.append(_OPEN_MOUTH * speaks + eyes)
    return wanted


def _nearest(wanted: int, named: list[int]) -> int:
    """Return the keyframe among those named that shows the same eyes, or at least the same mouth."""
    return min(named, key=lambda number: wanted ^ number)


def _voice(talk: Talk) -> list[tuple[int, RecordKind, bytes]]:
    encoding = VoiceEncoding()
    encoder = VoiceEncoder(encoding)
    frame = av.AudioFrame.from_ndarray(talk.samples[None], "s16", "mono")
    frame.sample_rate = talk.sample_rate
    resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
    resampled = [*resampler.resample(frame), *resampler.resample(None)]
    samples = np.concatenate([part.to_ndarray()[0] for part in resampled])
    count = round(talk.duration_s * SAMPLE_RATE) // encoding.packet_samples
    samples = np.pad(samples, (0, encoding.packet_samples))[: count * encoding.packet_samples]
    records = []
    for index, chunk in enumerate(samples.reshape(count, -1)):
        packet = encoder.encode(np.ascontiguousarray(chunk))
        # The last packet of silence is kept: it says where the round ends.
        if packet:
            records.append(((index + 1) * encoding.packet_ms, RecordKind.VOICE, packet))
    return records


def main() -> None:
    """Make the recording named on the command line."""
    parser = argparse.ArgumentParser(description="make the demonstration participant")
    parser.add_argument("path", type=Path, metavar="OUT.fwr", nargs="?", default=RECORDING)
    path = parser.parse_args().path
    make(path)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
