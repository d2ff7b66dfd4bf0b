import numpy as np
import pytest

from server.native.loudspeaker import Mixer
from server.native.voice_codec import SAMPLE_RATE, Samples, VoiceDecoder, VoiceEncoder, VoiceEncoding, packet_samples


def _tone(samples: int) -> Samples:
    tone: Samples = np.rint(8000 * np.sin(np.arange(samples) * 2 * np.pi * 440 / SAMPLE_RATE)).astype(np.int16)
    return tone


@pytest.mark.parametrize("packet_ms", [20, 40, 60, 120])
def test_sound_survives_and_packets_say_how_long_they_are(packet_ms: int) -> None:
    encoding = VoiceEncoding(packet_ms=packet_ms)
    encoder, decoder = VoiceEncoder(encoding), VoiceDecoder()
    for chunk in _tone(encoding.packet_samples * 10).reshape(10, -1):
        packet = encoder.encode(chunk)
        assert encoder.active
        assert packet_samples(packet) == encoding.packet_samples
        decoded = decoder.decode(packet)
        assert decoded.shape == (encoding.packet_samples,)
    assert decoded.std() == pytest.approx(8000 / np.sqrt(2), rel=0.2)


def test_speech_takes_about_the_bit_rate_it_is_given() -> None:
    encoding = VoiceEncoding()
    encoder = VoiceEncoder(encoding)
    noise = np.random.default_rng(3).normal(0, 3000, (50, encoding.packet_samples)).astype(np.int16)
    kbps = sum(len(encoder.encode(chunk)) for chunk in noise) * 8 / (50 * encoding.packet_ms)
    assert 3 < kbps < 7.5


def test_silence_is_left_out_but_for_a_packet_now_and_then() -> None:
    encoding = VoiceEncoding()
    encoder = VoiceEncoder(encoding)
    encoder.encode(_tone(encoding.packet_samples))
    packets = [encoder.encode(np.zeros(encoding.packet_samples, np.int16)) for _ in range(70)]
    assert all(packets[: encoding.hangover_ms // encoding.packet_ms - 1])
    assert not encoder.active
    assert sum(map(bool, packets[10:])) <= 10
    assert any(packets[10:])


@pytest.mark.parametrize(
    ("packet", "samples"),
    [(b"", 0), (b"\x00", 480), (b"\x18", 2880), (b"\x19", 5760), (b"\x1b", 0), (b"\x03\x3f", 0), (b"\x83\x04", 480)],
)
def test_length_of_a_packet(packet: bytes, samples: int) -> None:
    assert packet_samples(packet) == samples


def test_broken_packets_give_silence() -> None:
    assert VoiceDecoder().decode(b"\x03\xff").size == 0


def test_the_mixer_adds_voices_and_never_blocks() -> None:
    encoding = VoiceEncoding()
    mixer = Mixer()
    assert not mixer.take(960).any()
    for speaker in (1, 2):
        encoder = VoiceEncoder(encoding)
        for chunk in _tone(encoding.packet_samples * 4).reshape(4, -1):
            mixer.add(speaker, encoder.encode(chunk))
    both = mixer.take(encoding.packet_samples * 3)[encoding.packet_samples :]
    assert np.abs(both).max() > 12_000
    mixer.forget(1)
    mixer.forget(2)
    assert not mixer.take(960).any()
