"""Sealed packets: what is opened, what is dropped and why."""

import secrets

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.encryption.errors import Drop, OpeningError, SealingError
from server.encryption.media_key import MOST_PACKETS, OpeningKeys, SealingKey
from server.encryption.replay_window import WINDOW, ReplayWindow
from server.encryption.sealed_header import KEY_IDS, Lane, SealedHeader, is_sealed
from server.webrtc.trailer import add_trailer

PLAIN = b"a bundle of motion" * 3


def pair(generation: int = 1) -> tuple[SealingKey, OpeningKeys]:
    key, keys = SealingKey(generation), OpeningKeys()
    keys.add(generation, key.secret)
    return key, keys


def why_dropped(keys: OpeningKeys, lane: Lane, packet: bytes) -> Drop:
    with pytest.raises(OpeningError) as caught:
        keys.open(lane, packet)
    return caught.value.reason


@pytest.mark.parametrize("lane", Lane)
def test_what_is_sealed_opens_once(lane: Lane) -> None:
    key, keys = pair()
    for plain in (PLAIN, b"", bytes(1150)):
        packet = key.seal(lane, plain, speech=True)
        assert len(packet) == len(plain) + lane.header_bytes + 8
        assert plain == b"" or plain not in packet
        assert SealedHeader.parse(lane, packet).speech
        assert keys.open(lane, packet) == plain
        assert why_dropped(keys, lane, packet) is Drop.REPLAYED


def test_a_bundle_costs_ten_bytes() -> None:
    key, _ = pair()
    assert len(key.seal(Lane.VOICE, PLAIN)) == len(key.seal(Lane.MOTION, PLAIN)) == len(PLAIN) + 10


@given(st.sampled_from(Lane), st.integers(0, KEY_IDS - 1), st.booleans(), st.integers(0))
def test_headers_survive(lane: Lane, key_id: int, speech: bool, counter: int) -> None:
    header = SealedHeader(key_id, speech, counter % (1 << lane.counter_bits))
    assert SealedHeader.parse(lane, header.to_bytes(lane)) == header
    assert is_sealed(header.to_bytes(lane))


def test_no_opus_decoder_plays_a_sealed_packet_and_no_opus_packet_looks_sealed() -> None:
    for word in range(1 << 16):
        head = word.to_bytes(2)
        if not is_sealed(head):
            continue
        configuration, code, frames = head[0] >> 3, head[0] & 3, head[1] & 63
        assert code == 3
        frame_ms = 10 if configuration >= 12 else (10, 20, 40, 60)[configuration % 4]
        assert configuration < 16
        assert frames * frame_ms > 120
    decoder = av.CodecContext.create("libopus", "r")
    key, _ = pair()
    for _ in range(50):
        with pytest.raises(av.FFmpegError):
            decoder.decode(av.Packet(key.seal(Lane.VOICE, secrets.token_bytes(60))))
    for voice in (b"\x18" + bytes(40), b""):
        assert not is_sealed(add_trailer(voice, [PLAIN]))


def test_wrong_key_truncation_and_changes_are_forgeries() -> None:
    key, keys = pair()
    packet = key.seal(Lane.VOICE, PLAIN)
    _, others = pair()
    assert why_dropped(others, Lane.VOICE, packet) is Drop.FORGED
    for length in range(2, len(packet)):
        assert why_dropped(keys, Lane.VOICE, packet[:length]) is Drop.FORGED
    for length in (0, 1):
        assert why_dropped(keys, Lane.VOICE, packet[:length]) is Drop.UNSEALED
    for bit in range(8 * len(packet)):
        changed = bytearray(packet)
        changed[bit // 8] ^= 1 << bit % 8
        assert why_dropped(keys, Lane.VOICE, bytes(changed)) in (Drop.FORGED, Drop.UNSEALED, Drop.UNKNOWN_KEY)
    assert why_dropped(keys, Lane.MOTION, packet) is Drop.FORGED
    assert keys.open(Lane.VOICE, packet) == PLAIN, "none of these has moved the window"


@given(st.binary(max_size=80), st.sampled_from(Lane))
def test_noise_is_dropped(noise: bytes, lane: Lane) -> None:
    _, keys = pair()
    why_dropped(keys, lane, noise)


def test_reordered_packets_open_within_the_window_and_not_behind_it() -> None:
    key, keys = pair()
    packets = [key.seal(Lane.MOTION, bytes((n,))) for n in range(WINDOW + 1)]
    assert keys.open(Lane.MOTION, packets[-1]) == bytes((WINDOW,))
    for n in reversed(range(1, WINDOW)):
        assert keys.open(Lane.MOTION, packets[n]) == bytes((n,))
        assert why_dropped(keys, Lane.MOTION, packets[n]) is Drop.REPLAYED
    with pytest.raises(OpeningError):
        keys.open(Lane.MOTION, packets[0])


def test_long_losses_are_followed() -> None:
    key, keys = pair()
    for lost in (0, 1, 447, 0, 300, 447):
        for _ in range(lost):
            key.seal(Lane.VOICE, b"")
        assert keys.open(Lane.VOICE, key.seal(Lane.VOICE, PLAIN)) == PLAIN


@given(st.lists(st.integers(-70, 440), max_size=60))
def test_the_window_agrees_with_a_set(steps: list[int]) -> None:
    window, seen, newest = ReplayWindow(), set[int](), -1
    for step in steps:
        counter = max(0, newest + step)
        completed = window.complete(counter % 512, 9)
        in_window = counter > newest - WINDOW
        assert (completed == counter) == in_window
        assert window.is_new(completed) == (in_window and counter not in seen) or not in_window
        if in_window and window.is_new(completed):
            window.accept(completed)
            seen.add(counter)
            newest = max(newest, counter)


def test_keys_grow_old() -> None:
    _, keys = pair(1)
    assert not keys.add(1, bytes(16))
    assert not keys.add(0, bytes(16))
    sealers = [SealingKey(generation) for generation in range(2, 6)]
    for sealer in sealers:
        assert keys.add(sealer.generation, sealer.secret)
    assert why_dropped(keys, Lane.VOICE, sealers[0].seal(Lane.VOICE, PLAIN)) is Drop.UNKNOWN_KEY
    for sealer in sealers[1:]:
        assert keys.open(Lane.VOICE, sealer.seal(Lane.VOICE, PLAIN)) == PLAIN
    assert why_dropped(OpeningKeys(), Lane.VOICE, sealers[0].seal(Lane.VOICE, PLAIN)) is Drop.UNKNOWN_KEY


def test_a_key_that_has_sealed_enough_refuses() -> None:
    key, _ = pair()
    key._sealed[Lane.MOTION] = MOST_PACKETS
    with pytest.raises(SealingError, match="renew"):
        key.seal(Lane.MOTION, PLAIN)
