"""Bundles behind the sound of Opus packets: golden vectors, hostile bytes, and what an Opus decoder makes of them."""

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.errors import ProtocolError
from server.native.voice_codec import SAMPLE_RATE, VoiceDecoder, VoiceEncoder, VoiceEncoding
from server.webrtc.trailer import MOST_BYTES, add_trailer, split_trailer
from tests.vectors.make import FOLDER, render

VECTORS = json.loads((FOLDER / "trailers.json").read_text())
VOICE = bytes((0x18,)) + bytes(range(45))


def test_stored_vectors_are_what_is_written() -> None:
    assert (FOLDER / "trailers.json").read_text() == render("trailers"), (
        "if the format changed on purpose: make vectors"
    )


@pytest.mark.parametrize("vector", VECTORS)
def test_vectors_read_back(vector: dict[str, Any]) -> None:
    voice, bundles = split_trailer(bytes.fromhex(vector["payload"]))
    assert voice.hex() == vector["restored"]
    assert [bundle.hex() for bundle in bundles] == vector["bundles"]
    assert len(vector["payload"]) <= 2 * MOST_BYTES


@given(st.binary(min_size=2, max_size=200), st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=3))
@settings(deadline=None)
def test_whatever_goes_in_comes_out(sound: bytes, bundles: list[bytes]) -> None:
    for voice in (b"", bytes((0x18,)) + sound, bytes((0x19,)) + sound * 2):
        assert split_trailer(add_trailer(voice, bundles)) == (voice, bundles)


@pytest.mark.parametrize("packet_ms", [20, 60, 120])
def test_a_decoder_that_knows_no_trailers_plays_the_same_sound(packet_ms: int) -> None:
    encoding = VoiceEncoding(packet_ms=packet_ms)
    encoder, plain, ignorant = VoiceEncoder(encoding), VoiceDecoder(), VoiceDecoder()
    tone = np.rint(8000 * np.sin(np.arange(SAMPLE_RATE * 6 // 5) * 0.06)).astype(np.int16)
    for number, chunk in enumerate(tone.reshape(-1, encoding.packet_samples)):
        packet = encoder.encode(chunk)
        carrying = add_trailer(packet, [bytes((number,)) * 60])
        assert len(carrying) <= len(packet) + 60 + 3
        voice, _ = split_trailer(carrying)
        wanted = plain.decode(packet)
        assert wanted.size == encoding.packet_samples
        assert np.array_equal(ignorant.decode(carrying), wanted)
        assert voice == packet


def test_voice_without_a_trailer_is_left_alone() -> None:
    foreign_padding = bytes((0x1B, 0x41, 3)) + b"sound" + bytes((252, 1, 2))
    for voice in (b"", VOICE, b"\x18", b"\x1b\x03abcdef", b"\x1b\x41\x02ab\x00\x00", foreign_padding):
        assert split_trailer(voice) == (voice, [])


@pytest.mark.parametrize(
    "payload",
    [
        b"\x1b",
        b"\x1b\x00",
        b"\x1b\x40\x02",
        b"\x1b\x41",
        b"\x1b\x41\xff",
        b"\x1b\x41\x09ab",
        b"\x1b\x42\x02abc\xf4x",
        b"\x1b\xc2\x02\x09a\xf4x",
        b"\x1b\x41\x01\xf4",
        b"\x1b\x41\x01\xf5",
        b"\x1b\x41\x03\xf5\x01x",
        b"\x1b\x41\x03\xf5\xff\xff",
        b"\x1b\x41\x04\xf5\x01x\x00",
        b"\x1b\x41\x03\xf5\x00\xf4",
        b"\x1b\x41\x04\xf5\x00\xf4x",
    ],
)
def test_malformed_packets_and_trailers_are_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        split_trailer(payload)


@given(st.binary(max_size=80), st.sampled_from([b"", b"\x1b\x41", b"\x1b\x41\x20", b"\x1b\x41\x08\xf5\x02"]))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes, head: bytes) -> None:
    with suppress(ProtocolError):
        voice, bundles = split_trailer(head + data)
        assert len(voice) + sum(map(len, bundles)) <= len(head + data)
        assert all(bundles)


@pytest.mark.parametrize(
    ("voice", "bundles"),
    [
        (VOICE, []),
        (VOICE, [b"a", b""]),
        (VOICE, [b"x" * MOST_BYTES]),
        (b"\x18", [b"announces a pause"]),
        (b"\x1b\x00", [b"x"]),
    ],
)
def test_what_cannot_carry_a_trailer_is_refused(voice: bytes, bundles: list[bytes]) -> None:
    with pytest.raises(ProtocolError):
        add_trailer(voice, bundles)
