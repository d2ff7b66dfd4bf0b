"""The drive's training: covariances of a process, and an encoder that is exported as it was."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codec.bench.voice import through_opus  # noqa: E402
from codec.motion import EXPRESSION  # noqa: E402
from codec.speech.features import BANDS, SAMPLE_RATE, LogMel  # noqa: E402
from codec.speech.fusion import LAGS, MouthFusion, Observations  # noqa: E402
from codec.speech.model import SpeechModel  # noqa: E402
from codec.speech.networks import COLUMNS, FEATURES, SpeechNetwork  # noqa: E402
from models.speech.covariance import HeardClip, measure  # noqa: E402
from models.speech.disturbance import disturb  # noqa: E402
from models.speech.encoder_training import agreement, windows  # noqa: E402
from models.speech.export import export  # noqa: E402
from models.speech.mouth_modes import fit_modes  # noqa: E402
from models.speech.networks import SpeechEncoder, SpeechEnsemble  # noqa: E402
from tests.vectors.speech import made_up_covariances, made_up_sound  # noqa: E402


def talking(seed: int, frames: int = 400) -> HeardClip:
    """Return a smooth made-up expression, and features that tell of its mouth."""
    generator = np.random.default_rng(seed)
    bell = np.exp(-0.5 * (np.arange(-8, 9) / 2.5) ** 2)
    expression = np.stack(
        [4 * np.convolve(generator.normal(size=frames + 16), bell, "valid") for _ in range(EXPRESSION)], 1
    )
    modes = fit_modes([expression])
    codes = expression @ modes.project
    scale = float(np.sqrt((codes**2).sum(1).mean()))
    features = np.concatenate([codes / scale, np.zeros((frames, 1))], 1)
    return HeardClip(expression, scale, (features + generator.normal(0, 0.1, features.shape),))


def test_covariances_have_no_negative_power_and_let_sound_tell_of_the_mouth() -> None:
    clips = [talking(seed) for seed in range(3)]
    modes = fit_modes([clip.expression for clip in clips])
    covariances = measure(clips, modes)
    np.testing.assert_allclose(covariances.signal, covariances.signal[::-1], atol=1e-12)
    assert (covariances.signal[LAGS] >= np.abs(covariances.signal).max(0) - 1e-9).all()
    assert (np.abs(covariances.told[LAGS]) > 0).all()
    seen = Observations(np.zeros(0), np.zeros((0, EXPRESSION)), np.zeros(1), np.ones((1, FEATURES)))
    _, error_px = MouthFusion(covariances).estimate(seen, 1.0)
    nothing = Observations(np.zeros(0), np.zeros((0, EXPRESSION)), np.zeros(0), np.zeros((0, FEATURES)))
    assert error_px < MouthFusion(covariances).estimate(nothing, 1.0)[1]


def test_an_exported_encoder_says_what_the_trained_one_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    ensemble = SpeechEnsemble([SpeechEncoder(), SpeechEncoder()]).eval()
    export(ensemble, made_up_covariances(), tmp_path)
    columns = np.random.default_rng(0).normal(-5, 1, (3, BANDS, COLUMNS)).astype(np.float32)
    with torch.no_grad():
        wanted = ensemble(torch.from_numpy(columns)).numpy()
    np.testing.assert_allclose(SpeechNetwork(tmp_path / "speech.onnx").encode(columns), wanted, atol=1e-4)
    SpeechModel(tmp_path).drive()


def test_a_frames_columns_are_those_around_it_and_move_with_its_shift() -> None:
    columns = LogMel().push(made_up_sound(2.0))
    around = windows(columns, 50)
    assert around.shape == (50, BANDS, COLUMNS)
    np.testing.assert_allclose(around[10, :, 24], columns[40], atol=1e-5)
    np.testing.assert_array_equal(windows(columns, 50, 3)[13], around[10])


def test_agreement_is_highest_at_the_shift_there_is() -> None:
    codes = talking(5).expression[:, :8]
    scores = {shift: agreement(codes[2:], codes[:-2], shift) for shift in range(-4, 5)}
    assert max(scores, key=lambda shift: scores[shift]) == 2


def test_a_disturbed_voice_keeps_its_length_and_opus_its_time() -> None:
    sound = made_up_sound(1.0)
    assert len(disturb(sound, np.random.default_rng(3))) == len(sound)
    coded = through_opus(sound, 12)
    lags = range(-40, 41)
    scores = [np.dot(np.roll(sound, lag), coded) for lag in lags]
    assert abs(lags[int(np.argmax(scores))]) <= SAMPLE_RATE // 1000
