"""Voice slots and the clock that makes one stream of several speakers."""

import pytest

from server.webrtc.voice import SAMPLE_RATE, VoiceClock, VoiceSlots, VoiceTrack

PACKET = 2880
PACKET_S = PACKET / SAMPLE_RATE


def test_one_speakers_timestamps_keep_their_differences() -> None:
    clock = VoiceClock()
    assert [clock.map(1, 5_000 + n * PACKET, n * PACKET_S) for n in (0, 1, 2, 5)] == [0, PACKET, 2 * PACKET, 5 * PACKET]


def test_timestamps_wrap_and_packets_come_late_or_out_of_order() -> None:
    clock = VoiceClock()
    start = 2**32 - PACKET
    assert clock.map(1, start, 0.0) == 0
    assert clock.map(1, PACKET, 0.30) == 2 * PACKET
    assert clock.map(1, 0, 0.31) == PACKET
    assert clock.map(1, 2 * PACKET, 0.32) == 3 * PACKET


def test_the_clock_runs_on_when_the_speaker_changes() -> None:
    clock = VoiceClock()
    clock.map(1, 77, 10.0)
    assert clock.map(2, 4_000_000_000, 10.5) == SAMPLE_RATE // 2
    assert clock.map(2, 4_000_000_000 + PACKET, 10.56) == SAMPLE_RATE // 2 + PACKET
    assert clock.map(1, 77, 10.56) > SAMPLE_RATE // 2 + PACKET


def test_timestamps_that_stray_give_way_to_the_wall() -> None:
    clock = VoiceClock()
    clock.map(1, 0, 0.0)
    assert clock.map(1, 3_000_000, 0.5) == SAMPLE_RATE // 2
    assert clock.map(1, 3_000_000 + PACKET, 0.5 + PACKET_S) == SAMPLE_RATE // 2 + PACKET
    assert clock.map(1, 3_000_000 + 2 * PACKET, 60.0) == pytest.approx(60 * SAMPLE_RATE, abs=PACKET)


async def test_slots_are_given_first_come_first_served() -> None:
    slots = VoiceSlots()
    slots.open("1")
    slots.open("4")
    assert slots.assign([7, 8, 9])
    assert slots.speakers() == {"1": 7, "4": 8}
    assert not slots.assign([7, 8, 9])
    assert slots.assign([8, 9])
    assert slots.speakers() == {"1": 9, "4": 8}
    assert slots.assign([])
    assert slots.speakers() == {"1": None, "4": None}


async def test_a_speaker_is_heard_on_its_slot_only() -> None:
    slots = VoiceSlots()
    first, second = slots.open("1"), slots.open("2")
    slots.assign([7])
    slots.play(7, b"opus", 1, 0.0)
    slots.play(8, b"unheard", 1, 0.0)
    packet = await first.recv()
    assert (bytes(packet), packet.pts) == (b"opus", 0)
    assert second._packets.empty()


async def test_a_track_that_nobody_takes_from_keeps_the_newest() -> None:
    track = VoiceTrack()
    for number in range(10):
        track.push(bytes((number,)), number)
    assert [(await track.recv()).pts for _ in range(4)] == [6, 7, 8, 9]
