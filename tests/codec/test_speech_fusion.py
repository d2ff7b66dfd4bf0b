"""The estimate of the mouth: what is received and heard counts for what it is worth, and no more."""

import numpy as np
import pytest

from codec.errors import ModelFileError
from codec.motion import EXPRESSION, FloatArray
from codec.speech.fusion import MOUTH, MouthFusion, Observations, pack_covariances, parse_covariances
from codec.speech.networks import FEATURES
from tests.vectors.speech import made_up_covariances

SCALE_PX = 1.5


def seen(frame_ms: list[float], motion: float = 0.0, sound_ms: list[float] | None = None) -> Observations:
    heard = sound_ms or []
    return Observations(
        np.array(frame_ms),
        np.full((len(frame_ms), EXPRESSION), motion),
        np.array(heard),
        np.ones((len(heard), FEATURES)),
    )


def estimate(observations: Observations) -> tuple[FloatArray, float]:
    return MouthFusion(made_up_covariances()).estimate(observations, SCALE_PX)


def test_without_anything_the_face_is_at_rest_and_the_error_is_the_scale_of_the_process() -> None:
    expression, error_px = estimate(seen([]))
    assert not expression.any()
    signal = made_up_covariances().signal[16, :MOUTH]
    assert error_px == pytest.approx(SCALE_PX * np.sqrt(signal.sum()), rel=1e-5)


def test_a_received_frame_is_nearly_believed_and_one_long_ago_hardly() -> None:
    now, near, far = (estimate(seen([ms], 4.0)) for ms in (0.0, -80.0, -600.0))
    assert np.abs(now[0] - 4).mean() < 1.0
    assert np.abs(now[0]).mean() > np.abs(near[0]).mean() > np.abs(far[0]).mean()
    assert now[1] < near[1] < far[1]


def test_sound_moves_the_mouth_where_nothing_was_received_and_matters_little_where_something_was() -> None:
    covariances = made_up_covariances()
    alone, _ = estimate(seen([], sound_ms=[-40.0, 0.0, 40.0]))
    assert (alone @ covariances.project > 0.2).all(), "every mode follows its feature"
    received = estimate(seen([-40.0, 0.0, 40.0], 4.0))[0]
    both = estimate(seen([-40.0, 0.0, 40.0], 4.0, [0.0]))[0]
    assert np.abs(both - received).max() < 0.5 * np.abs(alone).max()


def test_only_the_nearest_frames_count() -> None:
    many = seen([-40.0 * index for index in range(16)], 2.0)
    few = seen([-40.0 * index for index in range(12)], 2.0)
    np.testing.assert_allclose(estimate(many)[0], estimate(few)[0])


@pytest.mark.parametrize("data", [b"", b"\x80", pack_covariances(made_up_covariances())[:-4]])
def test_a_broken_table_is_refused(data: bytes) -> None:
    with pytest.raises(ModelFileError):
        parse_covariances(data)
