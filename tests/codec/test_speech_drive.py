"""The drive: what it leaves alone, what it fills in, when it may not, and that it hands back without a jump."""

import json

import numpy as np
import pytest

from codec.bundle import Mode
from codec.motion import EXPRESSION, GAZE, MOTION_LENGTH, POSE, FloatArray
from codec.playout import TimedFrame
from codec.speech.drive import SpeechDrive
from codec.speech.features import SAMPLE_RATE
from codec.speech.fusion import MouthFusion, Observations
from codec.speech.mouth import PersonalRange
from codec.speech.voice_clock import VoiceClock
from tests.vectors.make import FOLDER, render
from tests.vectors.speech import MeanEncoder, made_up_covariances


class SteadyFusion(MouthFusion):
    """Says the same of the mouth whatever happens."""

    def __init__(self) -> None:
        super().__init__(made_up_covariances())

    def estimate(self, seen: Observations, scale_px: float) -> tuple[FloatArray, float]:
        return np.full(EXPRESSION, 5.0), scale_px


def steady_drive() -> SpeechDrive:
    return SpeechDrive(MeanEncoder(), SteadyFusion())


def frame(time_ms: int, value: float = 0.0) -> TimedFrame:
    return TimedFrame(time_ms, Mode.ANIMATED, 3, 4, (value,) * MOTION_LENGTH)


def hear(drive: SpeechDrive, until_ms: int) -> None:
    drive.voice.add(np.zeros(until_ms * SAMPLE_RATE // 1000), 0.0)


def test_a_frame_without_motion_is_left_alone() -> None:
    drive = steady_drive()
    none = TimedFrame(0, Mode.NONE, 0, 0, None)
    assert drive.move(none, [none], 0) is none


def test_motion_that_is_missing_is_driven_and_marked_and_its_head_comes_to_rest() -> None:
    drive = steady_drive()
    hear(drive, 5000)
    frames = [frame(0), frame(40, 10.0)]
    assert not drive.move(frames[1], frames, 40).driven
    driven = drive.move(frames[1], frames, 240)
    assert driven.driven
    assert (driven.picked, driven.other) == (3, 4)
    assert driven.motion is not None
    assert driven.motion[:POSE] == pytest.approx((10.0,) * POSE), "held at first"
    later = drive.move(frames[1], frames[1:], 5000)
    assert later.motion is not None
    assert abs(later.motion[3] - 5.0) < 0.5, "the mean of what was received"


@pytest.mark.parametrize("reason", ["not allowed", "no voice", "too long"])
def test_a_face_is_held_where_it_must_not_be_driven(reason: str) -> None:
    drive = steady_drive()
    if reason != "no voice":
        hear(drive, 30_000)
    drive.allowed = reason != "not allowed"
    frames = [frame(0), frame(40, 10.0)]
    shown = drive.move(frames[1], frames, 40)
    held = drive.move(frames[1], frames, 20_000 if reason == "too long" else 400)
    assert not held.driven
    assert held.motion == shown.motion


def test_motion_that_begins_again_is_reached_without_a_jump() -> None:
    drive = steady_drive()
    hear(drive, 2000)
    frames = [frame(0), frame(40)]
    drive.move(frames[1], frames, 40)
    before = drive.move(frames[1], frames, 800).motion
    back = [frame(840, 20.0), frame(880, 20.0), frame(920, 20.0)]
    shown = [drive.move(one, back, one.time_ms).motion for one in back]
    heads = [motion[0] for motion in (before, *shown) if motion is not None]
    steps = np.diff(heads)
    assert steps.max() < 0.7 * (heads[-1] - heads[0])
    assert abs(heads[-1] - 20) < 2


def test_a_mouth_follows_the_network_and_nothing_else_of_it() -> None:
    drive = steady_drive()
    frames = [frame(0), frame(40, 10.0)]
    shown = drive.move(frames[1], frames, 40).motion
    assert shown is not None
    assert shown[: POSE + GAZE] == (10.0,) * (POSE + GAZE)
    assert shown[POSE + GAZE :] == pytest.approx((5.0 + 5.0,) * EXPRESSION), "5 from a rest of 5"


def test_stored_drive_agrees() -> None:
    stored, now = json.loads((FOLDER / "speech.json").read_text()), json.loads(render("speech"))
    assert {row["driven"] for row in stored[1:]} == {True, False}
    for old, new in zip(stored[1:], now[1:], strict=True):
        np.testing.assert_allclose(old.pop("motion"), new.pop("motion"), atol=2e-4)
        assert old == new


def test_a_persons_range_is_learned() -> None:
    generator = np.random.default_rng(0)
    range_ = PersonalRange()
    assert PersonalRange().rest is None
    for _ in range(1000):
        range_.note(generator.normal(3.0, 0.2, EXPRESSION))
    assert range_.rest is not None
    assert np.abs(range_.rest - 3.0).max() < 0.1
    assert 0.01 < range_.scale_px < 0.5


def test_the_clocks_of_voice_and_frames_are_matched_by_the_fastest_arrivals() -> None:
    clock = VoiceClock()
    assert clock.to_frames(0) is None
    generator = np.random.default_rng(1)
    for number in range(80):
        arrival_ms = 5000 + 120 * number
        jitter_ms = float(generator.exponential(20)) if number != 40 else 0.0
        clock.note_bundle(120 * number, arrival_ms + 60 + 30 + 20 + jitter_ms)
        clock.note_voice(7000 + 120 * number, 80, arrival_ms + 60 + jitter_ms)
    matched = clock.to_frames(7000 + 400)
    assert matched == pytest.approx(400, abs=1)
