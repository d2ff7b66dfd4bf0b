"""The sender sees what its receivers see: the score, and pictures shown as they are while something hides the face."""

import numpy as np
import pytest

from codec.animator import Animator
from codec.crop import WholePicture
from codec.decoder import FaceDecoder, FaceState
from codec.encoder import resize
from codec.file_encoder import CodingMode, FileEncoder, FileSettings
from codec.intra_picture import Picture
from codec.landmarks import LandmarkTracker
from codec.perceptual_score import distances, prepare
from codec.recording import RecordKind
from tests.material import portrait, talking_frames

_HIDDEN = range(40, 80)


def _picture() -> Picture:
    return resize(portrait()[:256, 96:352], 256)


def test_the_score_grows_with_blur_and_with_displacement() -> None:
    picture = _picture()
    blurred = [resize(resize(picture, side), 256) for side in (256, 128, 64, 32)]
    moved = [np.roll(picture, shift, 1) for shift in (0, 2, 6, 16)]
    for changed in (blurred, moved):
        scores = [float(distances(prepare(picture), prepare(other)).mean()) for other in changed]
        assert scores == sorted(scores)
        assert scores[-1] - scores[0] > 0.1


def test_what_is_hidden_counts_where_it_is() -> None:
    picture = _picture()
    hidden = picture.copy()
    hidden[128:192, 64:128] = portrait()[400:464, 300:364]
    change = distances(prepare(picture), prepare(hidden)) - distances(prepare(picture), prepare(picture))
    assert change[4:6, 2:4].min() > 0.05
    change[3:7, 1:5] = 0
    assert np.abs(change).max() < 0.01


def _talk_with_a_hidden_face() -> list[Picture]:
    """Something textured is waved before the talking face of the packaged clip for 1.6 s."""
    pictures = [resize(np.ascontiguousarray(frame[:, 16:160]), 256) for frame in talking_frames(120)]
    thing = np.ascontiguousarray(portrait()[300:420, 150:270])
    for number in _HIDDEN:
        top, left = 90 + round(20 * np.sin(number / 2)), 70 + round(35 * np.cos(number / 3))
        pictures[number] = pictures[number].copy()
        pictures[number][top : top + 120, left : left + 120] = np.roll(thing, 9 * number, 1)
    return pictures


@pytest.fixture(scope="module")
def animator() -> Animator:
    return Animator(provider="cpu")


def test_pictures_are_shown_as_they_are_while_a_face_is_hidden(animator: Animator) -> None:
    encoder = FileEncoder(FileSettings(CodingMode.LIVE, 24.0), WholePicture(), animator=animator)
    decoder, states = FaceDecoder(animator), []
    with LandmarkTracker() as tracker:
        for number, picture in enumerate(_talk_with_a_hidden_face()):
            time_ms = number * 40
            for item in encoder.add(picture, tracker.track(picture, time_ms), time_ms):
                if item.kind is RecordKind.KEYFRAME:
                    decoder.add_keyframe(item.payload)
                else:
                    decoder.add_bundle(item.payload, time_ms)
            states.append(decoder.show(time_ms).state)
    before, during, after = states[10:40], states[55:80], states[105:]
    assert FaceState.PLAIN not in before
    assert during.count(FaceState.PLAIN) > 0.7 * len(during)
    assert FaceState.PLAIN not in after
