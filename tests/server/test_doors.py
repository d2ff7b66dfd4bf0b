"""Doors of rooms: locks, lobbies, and servers that hold no more."""

import asyncio

from server.client.events import RoomNews
from server.protocol.messages import Offer, ParticipantJoined
from server.protocol.room_messages import (
    AnswerKnock,
    Knock,
    KnockGone,
    RoomChanged,
    SetRoom,
    Waiting,
)
from server.settings import LimitSettings, RoomSettings, Settings
from tests.server.invitations import TOKENS, invited_only
from tests.server.running_server import Guest, RunningServer
from tests.server.scraping import figures
from tests.server.strangers import Stranger


async def test_a_locked_room_takes_nobody_new_but_those_who_were_in_it() -> None:
    async with RunningServer() as server, Stranger(server) as ann, Stranger(server) as bob:
        await ann.join("Ann")
        bobs = await bob.join("Bob")
        await ann.send(SetRoom(locked=True, lobby=False))
        await bob.next(RoomChanged)
        async with Stranger(server) as eve:
            await eve.ask()
            assert await eve.error() == "room-locked"
        async with Stranger(server) as again:
            assert (await again.join("Bob", admission=bobs.admission)).id == 2
            assert await bob.error() == "replaced"
            assert (await figures(server))["facewire_returns_total{outcome=back}"] == 1


async def test_who_knocks_waits_until_a_host_answers() -> None:
    async with RunningServer() as server, Stranger(server) as ann:
        await ann.join("Ann")
        await ann.send(SetRoom(locked=False, lobby=True))
        await ann.next(RoomChanged)
        async with Stranger(server) as bob, Stranger(server) as eve, Stranger(server) as dot:
            await bob.ask("Bob")
            await bob.next(Waiting)
            knock = await ann.next(Knock)
            assert knock.name == "Bob"
            assert server.signalling.rooms.participant_count == 1
            await ann.send(AnswerKnock(knock.id, admit=True))
            assert await ann.next(KnockGone) == KnockGone(knock.id)
            await ann.next(ParticipantJoined)
            await ann.send(AnswerKnock(knock.id, admit=True))

            await eve.ask("Eve")
            await ann.send(AnswerKnock((await ann.next(Knock)).id, admit=False))
            assert await eve.error() == "not-admitted"

            await dot.ask("Dot")
            gone = await ann.next(Knock)
            await dot.socket.close()
            assert await ann.next(KnockGone) == KnockGone(gone.id)


async def test_a_waiting_client_may_only_wait_and_not_for_ever() -> None:
    settings = Settings(port=0, room=RoomSettings(knock_s=0.3, waiting=2))
    async with RunningServer(settings) as server, Stranger(server) as ann:
        await ann.join("Ann")
        await ann.send(SetRoom(locked=False, lobby=True))
        await ann.next(RoomChanged)
        async with Stranger(server) as bob, Stranger(server) as cem, Stranger(server) as dot:
            await bob.ask("Bob")
            await bob.next(Waiting)
            await cem.ask("Cem")
            await cem.next(Waiting)
            await dot.ask("Dot")
            assert await dot.error() == "room-full"
            await bob.send(Offer("v=0"))
            assert await bob.error() == "bad-message"
            assert await cem.error() == "not-admitted"


async def test_opening_the_door_lets_in_who_waits_and_locking_it_sends_them_away() -> None:
    async with RunningServer() as server, Stranger(server) as ann, Stranger(server) as bob, Stranger(server) as eve:
        await ann.join("Ann")
        await ann.send(SetRoom(locked=False, lobby=True))
        await bob.ask("Bob")
        await bob.next(Waiting)
        await ann.send(SetRoom(locked=False, lobby=False))
        assert (await ann.next(ParticipantJoined)).participant.name == "Bob"
        await ann.send(SetRoom(locked=False, lobby=True))
        await asyncio.sleep(0.1)
        await eve.ask("Eve")
        await eve.next(Waiting)
        await ann.send(SetRoom(locked=True, lobby=True))
        assert await eve.error() == "room-locked"


async def test_a_host_hears_of_knocks_from_before() -> None:
    async with RunningServer(invited_only()) as server, Stranger(server) as ann:
        host = TOKENS.invite("tea", 60, is_host=True)
        await ann.join(token=host)
        await ann.send(SetRoom(locked=False, lobby=True))
        async with Stranger(server) as bob, Stranger(server) as cem:
            await bob.ask("Bob", token=TOKENS.invite("tea", 60))
            await bob.next(Waiting)
            joined = await cem.join("Cem", token=host)
            assert joined.room.hosts == (1, 2)
            assert (await cem.next(Knock)).name == "Bob"


async def test_the_python_client_waits_at_the_door() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann:
        await ann.call.use_power(SetRoom(locked=False, lobby=True))
        bob = Guest(server.room(), "Bob")
        entering = asyncio.create_task(bob.__aenter__())
        knock = (await ann.saw(RoomNews, lambda event: isinstance(event.message, Knock)))[0].message
        assert isinstance(knock, Knock)
        assert not entering.done()
        await ann.call.use_power(AnswerKnock(knock.id, admit=True))
        await entering
        assert (await bob.saw(RoomNews))[0].message == Waiting()
        await bob.__aexit__()


async def test_a_full_server_and_too_many_new_rooms() -> None:
    settings = Settings(port=0, rooms=2, limits=LimitSettings(new_rooms_per_minute=3))
    async with RunningServer(settings) as server, Stranger(server, "a") as ann, Stranger(server, "b") as bob:
        await ann.join()
        await bob.join()
        async with Stranger(server, "c") as eve:
            await eve.ask()
            assert await eve.error() == "room-full"
        async with Stranger(server, "d") as eve:
            await eve.ask()
            assert await eve.error() == "too-fast"
