"""How a native peer's bundles travel: which transport, when they leave, what sequence numbers tell."""

import asyncio

import pytest

from server.client.voice_writer import VoiceWriter
from server.native.bundle_sequence import BundleSequence
from server.native.transports import BundleSender
from server.webrtc.redundancy import PlayedVoices, VoiceCopy, sort_items
from server.webrtc.trailer import split_trailer
from server.webrtc.voice import VoiceTrack

VOICE = b"\x18" + b"\x5a" * 45
SAMPLES = 2880


class Recorder:
    """A transport that keeps what it is given, up to a length."""

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.sent: list[bytes] = []
        self._most = most

    def send(self, bundle: bytes) -> bool:
        if len(bundle) <= self._most:
            self.sent.append(bundle)
        return len(bundle) <= self._most


def test_the_thin_transport_is_taken_while_everybody_reads_it() -> None:
    channel, thin = Recorder("datachannel", 1150), Recorder("thin", 900)
    sender = BundleSender(channel, thin)
    sender.send(b"1", [7])
    assert sender.sending == "datachannel"
    sender.note(7, reads=True)
    sender.send(b"2", [7])
    assert sender.sending == "thin"
    sender.send(b"3", [7, 8])
    sender.note(8, reads=True)
    sender.send(b"4", [7, 8])
    sender.send(bytes(1000), [7, 8])
    sender.note(7, reads=False)
    sender.send(b"5", [7, 8])
    assert channel.sent == [b"1", b"3", bytes(1000), b"5"]
    assert thin.sent == [b"2", b"4"]


def test_without_a_thin_transport_the_channel_takes_all() -> None:
    channel = Recorder("datachannel", 1150)
    sender = BundleSender(channel, None)
    sender.note(7, reads=True)
    sender.send(b"1", [7])
    assert channel.sent == [b"1"]
    assert not sender.reads_trailers


def test_lost_and_repeated_bundles_are_counted_around_the_end_of_the_range() -> None:
    sequence = BundleSequence()
    numbers = [65_533, 65_534, 1, 1, 65_535, 65_534, 2, 5]
    assert [sequence.accept(number) for number in numbers] == [True, True, True, False, True, False, True, True]
    assert (sequence.lost, sequence.duplicates) == (3, 2)


def test_a_sender_that_begins_anew_loses_nothing() -> None:
    sequence = BundleSequence()
    assert all(sequence.accept(number) for number in (500, 501, 0, 1, 5_000, 5_001))
    assert (sequence.lost, sequence.duplicates) == (0, 0)


async def _sent(track: VoiceTrack) -> tuple[bytes, list[bytes], int]:
    packet = await asyncio.wait_for(track.recv(), 1)
    assert packet.pts is not None
    return *split_trailer(bytes(packet)), packet.pts


async def test_bundles_wait_for_the_next_packet_in_order() -> None:
    track = VoiceTrack()
    writer = VoiceWriter(track)
    writer.send_voice(VOICE, SAMPLES)
    assert writer.send_bundle(b"1")
    assert writer.send_bundle(b"2")
    writer.send_voice(VOICE, SAMPLES)
    assert await _sent(track) == (VOICE, [], 0)
    assert await _sent(track) == (VOICE, [b"1", b"2"], SAMPLES)
    writer.close()


async def test_silence_carries_bundles_and_the_announcement_of_a_pause_does_not() -> None:
    track = VoiceTrack()
    writer = VoiceWriter(track)
    writer.send_bundle(b"1")
    writer.send_voice(b"\x18", SAMPLES)
    writer.send_voice(b"", SAMPLES)
    writer.send_voice(b"", SAMPLES)
    writer.send_voice(VOICE, SAMPLES)
    assert await _sent(track) == (b"\x18", [], 0)
    assert await _sent(track) == (b"", [b"1"], SAMPLES)
    assert await _sent(track) == (VOICE, [], 3 * SAMPLES)
    writer.close()


async def test_a_bundle_goes_alone_when_no_voice_comes() -> None:
    track = VoiceTrack()
    writer = VoiceWriter(track)
    writer.send_voice(VOICE, SAMPLES)
    writer.send_bundle(b"1")
    await _sent(track)
    begin = asyncio.get_running_loop().time()
    voice, bundles, pts = await _sent(track)
    assert (voice, bundles) == (b"", [b"1"])
    assert asyncio.get_running_loop().time() - begin < 0.5
    assert pts == pytest.approx(SAMPLES + 0.15 * 48_000, abs=0.1 * 48_000)
    writer.send_bundle(b"2")
    assert (await _sent(track))[1] == [b"2"]
    writer.close()


async def test_what_does_not_fit_waits_for_the_packet_after() -> None:
    track = VoiceTrack()
    writer = VoiceWriter(track)
    assert not writer.send_bundle(bytes(901))
    writer.send_bundle(b"1" * 800)
    writer.send_bundle(b"2" * 800)
    writer.send_voice(VOICE, SAMPLES)
    writer.send_voice(VOICE, SAMPLES)
    assert (await _sent(track))[1] == [b"1" * 800]
    assert (await _sent(track))[1] == [b"2" * 800]
    writer.close()


async def test_under_loss_voices_and_bundles_go_again_behind_the_packets_that_follow() -> None:
    track = VoiceTrack()
    writer = VoiceWriter(track)
    writer.redundancy.depth = 1
    writer.send_voice(VOICE, SAMPLES)
    writer.send_bundle(b"\x101")
    writer.send_voice(VOICE, SAMPLES)
    writer.send_voice(VOICE, SAMPLES)
    writer.close()
    assert await _sent(track) == (VOICE, [], 0)
    _, items, _ = await _sent(track)
    assert sort_items(items) == ([b"\x101"], [VoiceCopy(SAMPLES, VOICE)])
    _, items, _ = await _sent(track)
    assert sort_items(items) == ([b"\x101"], [VoiceCopy(SAMPLES, VOICE)])


def test_a_copy_counts_only_if_its_packet_has_not_come() -> None:
    played = PlayedVoices()
    assert played.take(0, []) == []
    assert played.take(SAMPLES, [VoiceCopy(SAMPLES, VOICE)]) == []
    assert played.take(3 * SAMPLES, [VoiceCopy(SAMPLES, b"lost")]) == [(2 * SAMPLES, b"lost")]
    assert played.take(4 * SAMPLES, [VoiceCopy(2 * SAMPLES, b"lost"), VoiceCopy(SAMPLES, VOICE)]) == []
