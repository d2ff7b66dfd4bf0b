"""The stored golden vectors are what this codec produces, and it reads them back."""

import json
from typing import Any

import numpy as np
import pytest

from codec.bundle import Mode, decode_frames, parse_bundle
from codec.keyframes import Keyframe, KeyframeAssembler
from tests.vectors.make import FOLDER, VECTORS, render


def _load(name: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    return vectors


@pytest.mark.parametrize("name", ["entropy", "bundles", "keyframes", "crop", "pool"])
def test_stored_vectors_are_what_the_codec_writes(name: str) -> None:
    assert name in VECTORS
    assert (FOLDER / f"{name}.json").read_text() == render(name), "if the format changed on purpose: make vectors"


@pytest.mark.parametrize("name", ["motion", "playout"])
def test_stored_floats_agree(name: str) -> None:
    stored, now = _load(name), json.loads(render(name))
    assert len(stored) == len(now)
    for old, new in zip(stored, now, strict=True):
        assert old.keys() == new.keys()
        for key, value in old.items():
            if isinstance(value, list) and key in ("landmarks", "noisy", "fitted"):
                np.testing.assert_allclose(value, new[key], atol=2e-5)
            else:
                assert value == new[key], key


def test_bundles_read_back() -> None:
    head, *vectors = _load("bundles")
    motions = {int(number): tuple(motion) for number, motion in head["motions"].items()}
    for vector in vectors:
        packed = parse_bundle(bytes.fromhex(vector["bytes"]))
        bundle = decode_frames(packed, motions)
        assert (packed.header.sequence, packed.header.time_ticks) == (vector["sequence"], vector["time_ticks"])
        assert packed.header.voice_active == vector["voice_active"]
        assert [(f.gap_ticks, f.mode, f.motion) for f in bundle.frames] == [
            (f["gap_ticks"], Mode(f["mode"]), f["motion"] and tuple(f["motion"])) for f in vector["frames"]
        ]
        assert bundle.speech == (vector["speech"] and bytes.fromhex(vector["speech"]))
        assert bundle.auxiliary == (vector["auxiliary"] and bytes.fromhex(vector["auxiliary"]))


def test_keyframes_read_back_from_their_slices() -> None:
    for vector in _load("keyframes"):
        assembler = KeyframeAssembler()
        *early, last = [assembler.add(bytes.fromhex(part)) for part in reversed(vector["slices"])]
        assert early == [None] * len(early)
        assert last is not None
        keyframe = Keyframe.parse(last)
        assert bytes(keyframe).hex() == vector["bytes"]
        assert keyframe.motion == (vector["motion"] and tuple(vector["motion"]))
        assert keyframe.shape == (vector["shape"] and tuple(vector["shape"]))
        assert keyframe.picture.hex() == vector["picture"]
