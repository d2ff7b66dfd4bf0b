from pathlib import Path

import numpy as np

from codec.animator import Animator
from codec.landmarks import LandmarkTracker
from codec.motion import motion_model
from codec.recording import RecordingReader, RecordKind
from server.demonstration import RECORDING
from server.demonstration.visemes import mouth_track, viseme_of
from server.native.play_out import PlayOut
from server.native.replay import Replay

_UPPER_LIP, _LOWER_LIP, _FOREHEAD, _CHIN = 13, 14, 10, 152


def test_the_shipped_participant_is_small_and_whole() -> None:
    assert RECORDING.stat().st_size < 250_000
    with RecordingReader(RECORDING) as reader:
        kinds = [record.kind for record in reader.records()]
        assert reader.damage is None
    assert kinds.count(RecordKind.KEYFRAME) == 5
    replay = Replay(RECORDING)
    assert 40_000 <= replay.duration_ms <= 65_000
    assert replay.duration_ms % 120 == 0


def test_the_shipped_participant_shows_a_face_that_speaks_and_turns() -> None:
    model = motion_model()
    playing = PlayOut(RECORDING, Animator(provider="cpu"), 5)
    mouths, yaws, faces, pictures = [], [], 0, 0
    with LandmarkTracker() as tracker:
        for index, moment in enumerate(playing.moments()):
            if index < 2:
                continue
            if index >= 110:
                break
            pictures += 1
            landmarks = tracker.track(moment.picture, index * 200)
            if landmarks is None:
                continue
            faces += 1
            height = np.linalg.norm(landmarks[_CHIN] - landmarks[_FOREHEAD])
            mouths.append(np.linalg.norm(landmarks[_LOWER_LIP] - landmarks[_UPPER_LIP]) / height)
            in_crop = landmarks / (playing.size[0] / 2) - (1, 1, 0)
            yaws.append(np.degrees(model.fit(model.fit_shape(in_crop), in_crop)[1] / 90))
    assert playing.broken == 0
    assert faces == pictures
    assert np.std(mouths) > 0.006
    assert np.ptp(mouths) > 0.03
    assert np.ptp(yaws) > 6


def test_the_loop_closes_in_the_pose_that_it_began_with() -> None:
    moments = list(PlayOut(RECORDING, Animator(provider="cpu"), 2).moments())
    first, last = moments[1].picture.astype(int), moments[-1].picture.astype(int)
    farthest = max(np.abs(first - moment.picture).mean() for moment in moments[5:-5])
    assert np.abs(first - last).mean() < farthest / 2


def test_lips_meet_at_the_right_sounds(tmp_path: Path) -> None:
    track = mouth_track([(0.0, "_"), (0.4, "a"), (0.6, "p"), (0.7, "aI"), (1.0, "_")], 1.6, 25)
    assert track.shape == (40, 4)
    assert track[16, 1] > 0.8
    assert track[16, 0] < track[12, 0]
    assert viseme_of("tS") != viseme_of("t")
    assert viseme_of("unheard of") == viseme_of("u")
