"""Calls of several participants: what one sends the others get, and everybody learns who comes and goes."""

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise

from server.client.events import (
    BundleReceived,
    ControlReceived,
    KeyframeSliceReceived,
    ParticipantCame,
    ParticipantWent,
    VoiceReceived,
)
from server.protocol.messages import ParticipantInfo
from server.rooms.loudest_voices import HANGOVER_S
from tests.server.running_server import Guest, RunningServer, until

OPUS_PACKETS = [bytes((0x08, number)) + b"\x5a" * 40 for number in range(10)]
SAMPLES = 2880


def all_sent_voice(guest: Guest, speaker: int) -> list[VoiceReceived]:
    return [event for event in guest.seen if isinstance(event, VoiceReceived) and event.sender == speaker]


async def speak(speaker: Guest, listeners: list[Guest]) -> None:
    """Send every packet once it is known that the last one arrived, so that none is dropped."""
    for count, packet in enumerate(OPUS_PACKETS, start=1):
        speaker.call.send_voice(packet, SAMPLES)
        for listener in listeners:
            await listener.saw(VoiceReceived, lambda event: event.sender == speaker.id, count)


async def speak_in_turn(guests: list[Guest]) -> None:
    """Let everybody speak to everybody else; in a large room a fourth voice waits until one of three is silent."""
    for guest in guests:
        await speak(guest, [other for other in guests if other is not guest])
        await asyncio.sleep(HANGOVER_S)


async def test_two_exchange_everything() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob", "file") as bob,
    ):
        came = (await ann.saw(ParticipantCame))[0].participant
        assert came == ParticipantInfo(bob.id, "Bob", "file", came.session)
        await bob.saw(ParticipantCame, lambda event: event.participant.id == ann.id)
        there = bob.call.participants[ann.id]
        assert there == ParticipantInfo(ann.id, "Ann", "camera", there.session)
        assert there.session != came.session
        assert (ann.call.voice_kbps, ann.call.voice_ptime_ms) == (6.0, 60)

        longest = bytes(range(256)) * 4 + b"x" * 126
        assert ann.call.send_bundle(longest)
        assert await bob.saw(BundleReceived) == [BundleReceived(ann.id, longest)]
        slices = [bytes((3, index, 4)) + b"s" * 1000 for index in range(4)]
        for keyframe_slice in slices:
            assert bob.call.send_keyframe_slice(ann.id, keyframe_slice)
        received = await ann.saw(KeyframeSliceReceived, count=4)
        assert received == [KeyframeSliceReceived(bob.id, keyframe_slice) for keyframe_slice in slices]
        state: dict[str, object] = {"type": "state", "muted": True, "camera": "on"}
        assert bob.call.send_control(0, state)
        assert await ann.saw(ControlReceived) == [ControlReceived(bob.id, state)]

        await speak(ann, [bob])
        heard = all_sent_voice(bob, ann.id)
        assert [event.payload for event in heard] == OPUS_PACKETS
        steps = {(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(heard)}
        assert steps == {SAMPLES}

        stats = ann.call.stats
        assert stats.messages_up == {"signalling": 2, "motion": 1, "voice": len(OPUS_PACKETS)}
        assert stats.bytes_up["motion"] == len(longest)
        assert stats.bytes_down["keyframe"] == sum(len(keyframe_slice) + 1 for keyframe_slice in slices)
        assert bob.call.stats.bytes_down["voice"] == sum(map(len, OPUS_PACKETS))
        assert stats.bad_messages == stats.events_dropped == 0


async def test_silence_keeps_its_length() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        ann.call.send_voice(b"before", SAMPLES)
        first = (await bob.saw(VoiceReceived))[0]
        ann.call.send_voice(b"", 3 * SAMPLES)
        ann.call.send_voice(b"after", SAMPLES)
        last = (await bob.saw(VoiceReceived, count=2))[1]
        assert (last.timestamp - first.timestamp) % 2**32 == 4 * SAMPLES


async def test_eight_hear_and_see_each_other() -> None:
    async with RunningServer() as server, AsyncExitStack() as stack:
        guests = [await stack.enter_async_context(Guest(server.room(), f"Guest {n}")) for n in range(8)]
        ids = {guest.id for guest in guests}
        assert ids == set(range(1, 9))
        room = next(iter(server.signalling.rooms._rooms.values()))
        await until(
            lambda: all(
                set(member.peer.slots.speakers().values()) == ids - {member.id} for member in room.participants.values()
            ),
            "everybody has a slot for everybody else",
        )
        for guest in guests:
            guest.call.send_bundle(b"bundle of %d" % guest.id)
            guest.call.send_keyframe_slice(0, b"slice of %d" % guest.id)
            guest.call.send_control(0, {"type": "state", "muted": False, "camera": guest.call.id})
        for guest in guests:
            bundles = await guest.saw(BundleReceived, count=7)
            assert {(event.sender, event.bundle) for event in bundles} == {
                (other, b"bundle of %d" % other) for other in ids - {guest.id}
            }
            slices = await guest.saw(KeyframeSliceReceived, count=7)
            assert {event.sender for event in slices} == ids - {guest.id}
            states = await guest.saw(ControlReceived, count=7)
            assert all(event.message["camera"] == event.sender for event in states)
        await speak_in_turn(guests)
        for guest in guests:
            for other in guests:
                expected = [] if other is guest else OPUS_PACKETS
                assert [event.payload for event in all_sent_voice(guest, other.id)] == expected


async def test_eight_who_join_at_once_hear_each_other() -> None:
    async with RunningServer() as server, AsyncExitStack() as stack:
        guests = [Guest(server.room(), f"Guest {n}") for n in range(8)]
        await asyncio.gather(*(guest.__aenter__() for guest in guests))
        for guest in guests:
            stack.push_async_exit(guest)
        for guest in guests:
            await until(lambda guest=guest: len(speakers_of(server, guest)) == 7, "everybody has all slots")  # type: ignore[misc]
        await speak_in_turn(guests)


async def test_slots_grow_and_are_given_on() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann:
        bob = await Guest(server.room(), "Bob").__aenter__()
        async with Guest(server.room(), "Cem") as cem:
            await speak(bob, [ann])
            await speak(cem, [ann, bob])
            await bob.__aexit__()
            await ann.saw(ParticipantWent, lambda event: event.participant.name == "Bob")
            async with Guest(server.room(), "Dot") as dot:
                await ann.saw(ParticipantCame, lambda event: event.participant.id == dot.id)
                await until(lambda: dot.id in speakers_of(server, ann), "Dot has Bob's slot")
                assert len(speakers_of(server, ann)) == 2
                await speak(dot, [ann, cem])


def speakers_of(server: RunningServer, guest: Guest) -> list[int | None]:
    room = next(iter(server.signalling.rooms._rooms.values()))
    return list(room.participants[guest.id].peer.slots.speakers().values())


async def test_a_late_joiner_gets_what_was_sent_before_its_channels_were_open() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann:
        bob = Guest(server.room(), "Bob")
        joining = asyncio.create_task(bob.call.connect())
        came = (await ann.saw(ParticipantCame))[0]
        ann.call.send_keyframe_slice(came.participant.id, b"first")
        ann.call.send_keyframe_slice(came.participant.id, b"second")
        await joining
        bob._listening = asyncio.create_task(bob._listen())
        slices = await bob.saw(KeyframeSliceReceived, count=2)
        assert [event.slice for event in slices] == [b"first", b"second"]
        await bob.__aexit__()


async def test_messages_to_one_reach_nobody_else() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
        Guest(server.room(), "Cem") as cem,
        Guest(server.room("other"), "Dot") as dot,
    ):
        ann.call.send_keyframe_slice(bob.id, b"for Bob")
        ann.call.send_keyframe_slice(200, b"for nobody")
        ann.call.send_keyframe_slice(ann.id, b"for Ann")
        ann.call.send_keyframe_slice(0, b"for all")
        assert [event.slice for event in await bob.saw(KeyframeSliceReceived, count=2)] == [
            b"for Bob",
            b"for all",
        ]
        assert [event.slice for event in await cem.saw(KeyframeSliceReceived)] == [b"for all"]
        assert not [event for guest in (ann, dot) for event in guest.seen if isinstance(event, KeyframeSliceReceived)]


async def test_ids_are_used_again_late() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann:
        assert ann.id == 1
        async with Guest(server.room(), "Bob") as bob:
            assert bob.id == 2
        await ann.saw(ParticipantWent, lambda event: event.reason == "left")
        async with Guest(server.room(), "Cem") as cem:
            assert cem.id == 3
