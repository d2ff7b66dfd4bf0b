"""Log-mel columns: causal, the same in any pieces, and what the stored vectors say."""

import json

import numpy as np

from codec.speech.features import BANDS, HOP, SAMPLE_RATE, SILENCE, LogMel
from tests.vectors.make import FOLDER
from tests.vectors.speech import made_up_sound


def test_columns_do_not_depend_on_how_the_sound_is_cut() -> None:
    sound = made_up_sound(0.5)
    whole = LogMel().push(sound)
    pieces = LogMel()
    cut = np.concatenate([pieces.push(part) for part in np.split(sound, [1, 159, 700, 5000])])
    assert whole.shape == (len(sound) // HOP, BANDS)
    np.testing.assert_allclose(cut, whole, atol=1e-12)


def test_a_column_needs_nothing_after_its_own_samples() -> None:
    sound = made_up_sound(0.5)
    changed = sound.copy()
    changed[30 * HOP :] = 0
    np.testing.assert_array_equal(LogMel().push(changed)[:30], LogMel().push(sound)[:30])


def test_silence_and_a_tone() -> None:
    assert np.allclose(LogMel().push(np.zeros(SAMPLE_RATE)), SILENCE)
    tone = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    column = LogMel().push(tone)[50]
    loudest = int(column.argmax())
    mel = np.log10(1 + 1000 / 700) * 2595
    lowest, highest = (np.log10(1 + hertz / 700) * 2595 for hertz in (60, 7600))
    assert abs((loudest + 1) * (highest - lowest) / (BANDS + 1) + lowest - mel) < (highest - lowest) / (BANDS + 1)


def test_stored_columns_agree() -> None:
    head = json.loads((FOLDER / "speech.json").read_text())[0]
    columns = LogMel().push(made_up_sound(0.5))
    np.testing.assert_allclose(columns[:: head["every"]], head["columns"], atol=2e-6)
