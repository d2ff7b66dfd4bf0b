"""Bundles behind voice through the relay: what one sends behind its voice the others get, with the sound unharmed."""

import asyncio
from itertools import pairwise

from server.client.events import BundleReceived, VoiceReceived, VoicesAssigned
from server.webrtc.trailer import add_trailer
from tests.server.running_server import Guest, RunningServer
from tests.server.test_loss import lose_every

SAMPLES = 2880
VOICE = [bytes((0x18, number)) + b"\x5a" * 40 for number in range(20)]


async def test_bundles_ride_on_voice_and_on_silence() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        await bob.saw(VoicesAssigned, lambda event: ann.id in event.speakers)
        for number, packet in enumerate(VOICE):
            if number % 2:
                assert ann.call.send_behind_voice(b"bundle %d" % number)
            ann.call.send_voice(packet, SAMPLES)
            await bob.saw(VoiceReceived, count=number + 1)
        ann.call.send_behind_voice(b"in silence")
        ann.call.send_voice(b"", SAMPLES)
        await bob.saw(BundleReceived, count=11)
        ann.call.send_voice(VOICE[0], SAMPLES)
        heard = await bob.saw(VoiceReceived, count=len(VOICE) + 1)
        assert [event.payload for event in heard] == [*VOICE, VOICE[0]]
        steps = [(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(heard)]
        assert steps == [SAMPLES] * (len(VOICE) - 1) + [2 * SAMPLES]
        bundles = [event.bundle for event in bob.seen if isinstance(event, BundleReceived)]
        assert bundles == [*(b"bundle %d" % number for number in range(1, 20, 2)), b"in silence"]
        assert ann.call.stats.messages_up["trailer"] == bob.call.stats.messages_down["trailer"] == 11
        assert ann.call.stats.messages_up["motion"] == bob.call.stats.bad_messages == 0


async def test_without_any_sound_bundles_still_go() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        await bob.saw(VoicesAssigned, lambda event: ann.id in event.speakers)
        for number in range(8):
            ann.call.send_behind_voice(b"bundle %d" % number)
            await asyncio.sleep(0.05)
        received = await bob.saw(BundleReceived, count=8)
        assert [event.bundle for event in received] == [b"bundle %d" % number for number in range(8)]
        assert not [event for event in bob.seen if isinstance(event, VoiceReceived)]


async def test_a_bundle_too_large_for_a_voice_packet_is_not_taken() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann:
        assert not ann.call.send_behind_voice(bytes(901))
        assert ann.call.send_behind_voice(bytes(900))


async def test_a_malformed_trailer_costs_its_bundles_and_not_the_voice() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        await bob.saw(VoicesAssigned, lambda event: ann.id in event.speakers)
        broken = add_trailer(VOICE[0], [b"first", b"second"])[:-7] + b"\x00" * 7
        ann.call.send_voice(broken, SAMPLES)
        ann.call.send_voice(VOICE[1], SAMPLES)
        heard = await bob.saw(VoiceReceived, count=2)
        assert [event.payload for event in heard] == [broken, VOICE[1]]
        assert bob.call.stats.bad_messages == 1


async def test_a_lost_voice_packet_loses_its_bundles_only() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        await bob.saw(VoicesAssigned, lambda event: ann.id in event.speakers)
        lost = lose_every(ann, 4)
        for number in range(40):
            ann.call.send_behind_voice(bytes((1, number)))
            ann.call.send_voice(VOICE[number % len(VOICE)], SAMPLES)
            await asyncio.sleep(0.02)
        await bob.saw(BundleReceived, count=40 - lost())
        assert 5 < lost() < 20
