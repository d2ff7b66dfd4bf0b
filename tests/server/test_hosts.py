"""Who is host, and what only hosts may do."""

import asyncio

import pytest

from server.client.events import CallEnded, ParticipantCame, ParticipantWent, RoomNews
from server.protocol.messages import Leave, ParticipantLeft
from server.protocol.room_messages import (
    AnswerKnock,
    EndRoom,
    MuteRequested,
    Remove,
    RequestMute,
    RoomChanged,
    RoomState,
    SetRoom,
    Waiting,
)
from server.rooms import record as record_module
from server.settings import RoomSettings, Settings
from tests.server.running_server import Guest, RunningServer, hears
from tests.server.strangers import Stranger


async def test_who_comes_first_is_host_and_powers_pass_on_when_the_host_leaves() -> None:
    async with RunningServer() as server, Stranger(server) as bob:
        async with Stranger(server) as ann:
            assert (await ann.join("Ann")).room == RoomState(hosts=(1,))
            assert (await bob.join("Bob")).room == RoomState(hosts=(1,))
            await ann.send(Leave())
            assert await bob.next(RoomChanged) == RoomChanged(RoomState(hosts=(2,)))
        await bob.send(SetRoom(locked=True, lobby=False))
        assert await bob.next(RoomChanged) == RoomChanged(RoomState(True, False, (2,)))


async def test_a_recording_is_no_host() -> None:
    async with RunningServer() as server, Guest(server.room(), "Recorded", "file") as recorded:
        assert recorded.call.room == RoomState()
        async with Guest(server.room(), "Ann") as ann:
            assert ann.call.room.hosts == (ann.id,)
            await recorded.saw(RoomNews, lambda event: event.message == RoomChanged(RoomState(hosts=(ann.id,))))
        await recorded.saw(RoomNews, lambda event: event.message == RoomChanged(RoomState()))


async def test_a_lost_host_has_time_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(port=0, room=RoomSettings(held_s=0.0))
    async with RunningServer(settings) as server, Stranger(server) as bob:
        async with Stranger(server) as ann:
            first = await ann.join("Ann")
            await bob.join("Bob")
        assert (await bob.next(RoomChanged)).room.hosts == ()
        async with Stranger(server) as again:
            assert (await again.join("Ann", admission=first.admission)).room.hosts == (3,)
            assert (await bob.next(RoomChanged)).room.hosts == (3,)
        assert (await bob.next(RoomChanged)).room.hosts == ()
        monkeypatch.setattr(record_module, "HANDOVER_S", 0.0)
        await server.signalling.rooms.sweep()
        assert (await bob.next(RoomChanged)).room.hosts == (2,)


async def test_a_removed_participant_is_silent_at_once_and_its_pass_void() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
        Guest(server.room(), "Eve") as eve,
    ):
        eves = eve.call._admission
        await ann.call.use_power(SetRoom(locked=False, lobby=True))
        await ann.call.use_power(Remove(eve.id))
        went = await bob.saw(ParticipantWent, lambda event: event.participant.name == "Eve")
        assert went[0].reason == "removed"
        ended = (await eve.saw(CallEnded))[0].error
        assert ended is not None
        assert ended.code == "removed"
        async with Stranger(server) as again:
            await again.ask("Eve", admission=eves)
            assert await again.error() == "removed"
        async with Stranger(server) as again:
            await again.ask("Eve")
            await again.next(Waiting)
        await ann.call.use_power(Remove(ann.id))
        await ann.call.use_power(Remove(200))
        await hears(ann, bob, b"still here")


async def test_a_mute_request_reaches_whom_it_is_for() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
        Guest(server.room(), "Cem") as cem,
    ):
        await ann.saw(ParticipantCame, count=2)
        await ann.call.use_power(RequestMute(bob.id))
        await bob.saw(RoomNews, lambda event: event.message == MuteRequested())
        assert not [event for event in cem.seen if isinstance(event, RoomNews)]


@pytest.mark.parametrize(
    "message",
    [AnswerKnock(1, True), SetRoom(locked=True, lobby=True), RequestMute(1), Remove(1), EndRoom()],
    ids=lambda message: message.type,
)
async def test_only_hosts_have_powers(message: AnswerKnock | SetRoom | RequestMute | Remove | EndRoom) -> None:
    async with RunningServer() as server, Stranger(server) as ann, Stranger(server) as eve:
        await ann.join("Ann")
        await eve.join("Eve")
        await eve.send(message)
        assert await eve.error() == "not-host"
        assert (await ann.next(ParticipantLeft)).id == 2
        assert server.signalling.rooms.open_rooms()[0].state == RoomState(hosts=(1,))


async def test_an_ended_room_stays_ended_until_it_is_forgotten() -> None:
    settings = Settings(port=0, room=RoomSettings(kept_s=0.2))
    async with RunningServer(settings) as server, Stranger(server) as bob:
        async with Stranger(server) as ann:
            first = await ann.join("Ann")
            await bob.join("Bob")
            await ann.send(EndRoom())
            assert await ann.error() == "room-ended"
        assert await bob.error() == "room-ended"
        async with Stranger(server) as again:
            await again.ask("Ann", admission=first.admission)
            assert await again.error() == "room-ended"
        await asyncio.sleep(0.3)
        await server.signalling.rooms.sweep()
        async with Stranger(server) as eve:
            assert (await eve.join(admission=first.admission)).room.hosts == (1,), "a new life of the room"
