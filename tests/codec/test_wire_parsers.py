"""Broken and hostile bytes: a WireError or a valid result, never anything else, and quickly."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codec.bundle import decode_frames, parse_bundle
from codec.entropy import (
    PROBABILITY_HALF,
    RESIDUAL_CONTEXTS,
    RangeDecoder,
    RangeEncoder,
    decode_residuals,
    decode_tree,
    encode_residuals,
    encode_tree,
)
from codec.errors import UnknownKeyframeError, WireError
from codec.keyframes import CACHED_KEYFRAMES, Keyframe, KeyframeAssembler
from tests.vectors.make import FOLDER


def _rows(count: int) -> list[list[int]]:
    return [[PROBABILITY_HALF] * RESIDUAL_CONTEXTS for _ in range(count)]


@given(st.lists(st.integers(-4095, 4095), max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_residuals_come_back(residuals: list[int]) -> None:
    encoder = RangeEncoder()
    encode_residuals(encoder, _rows(len(residuals)), residuals)
    data = encoder.finish()
    assert not data.endswith(b"\0")
    decoder = RangeDecoder(data)
    assert decode_residuals(decoder, _rows(len(residuals))) == residuals
    decoder.check_end()


@given(st.lists(st.booleans(), max_size=600), st.integers(16, 4080))
@settings(max_examples=200, deadline=None)
def test_skewed_probabilities_and_carries_come_back(bits: list[bool], probability: int) -> None:
    encoder, contexts = RangeEncoder(), [probability]
    for bit in bits:
        encoder.bit(contexts, 0, bit)
    decoder, contexts = RangeDecoder(encoder.finish()), [probability]
    assert [bool(decoder.bit(contexts, 0)) for _ in bits] == bits
    decoder.check_end()


@given(st.lists(st.integers(0, 63), max_size=50))
def test_trees_come_back(values: list[int]) -> None:
    encoder, contexts = RangeEncoder(), [PROBABILITY_HALF] * 64
    for value in values:
        encode_tree(encoder, contexts, value, 6)
    decoder, contexts = RangeDecoder(encoder.finish()), [PROBABILITY_HALF] * 64
    assert [decode_tree(decoder, contexts, 6) for _ in values] == values


def test_a_residual_out_of_range_is_refused() -> None:
    with pytest.raises(WireError, match="4096"):
        encode_residuals(RangeEncoder(), _rows(1), [4096])


def test_a_code_with_a_needless_byte_is_refused() -> None:
    for tail in (b"\0", b"\x01"):
        decoder = RangeDecoder(tail * 9)
        decode_residuals(decoder, _rows(2))
        with pytest.raises(WireError):
            decoder.check_end()


def _bundle(data: bytes) -> None:
    decode_frames(parse_bundle(data), dict.fromkeys(range(256), (0,) * 32))


def _bundle_without_keyframes(data: bytes) -> None:
    decode_frames(parse_bundle(data), {})


def _slices(data: bytes) -> None:
    assembler = KeyframeAssembler()
    for start in range(0, len(data), 97):
        assembler.add(data[start : start + 97])


@pytest.mark.parametrize("parse", [_bundle, _bundle_without_keyframes, Keyframe.parse, _slices])
@pytest.mark.parametrize("name", ["bundles", "keyframes"])
def test_truncated_flipped_and_random_bytes(parse: Callable[[bytes], object], name: str) -> None:
    generator = random.Random(7)
    originals = [bytes.fromhex(v["bytes"]) for v in json.loads((FOLDER / f"{name}.json").read_text()) if "bytes" in v]
    started = perf_counter()
    for trial in range(2500):
        data = bytearray(generator.choice(originals))
        if trial % 3 == 0:
            del data[generator.randrange(len(data)) :]
        elif trial % 3 == 1:
            for _ in range(generator.randint(1, 8)):
                data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        else:
            data = bytearray(generator.randbytes(generator.randrange(1300)))
        with suppress(WireError, UnknownKeyframeError):
            parse(bytes(data))
    assert perf_counter() - started < 60


def test_the_assembler_is_bounded_and_keeps_the_newest() -> None:
    assembler = KeyframeAssembler()
    for number in range(200):
        assert assembler.add(bytes([number, 0, 2]) + b"x" * 1000) is None
    assert len(assembler._unfinished) == CACHED_KEYFRAMES
    with pytest.raises(WireError, match="slice 2 of 2"):
        assembler.add(bytes([0, 2, 2, 1]))


def test_a_bundle_names_the_keyframe_it_lacks() -> None:
    head, *vectors = json.loads((FOLDER / "bundles.json").read_text())
    packed = parse_bundle(bytes.fromhex(vectors[2]["bytes"]))
    with pytest.raises(UnknownKeyframeError) as caught:
        decode_frames(packed, {head["keyframe_b"]: (0,) * 32})
    assert caught.value.number == head["keyframe_a"]
