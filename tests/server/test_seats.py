"""Seats: held for who is lost and has a pass, free when somebody leaves."""

import asyncio

from aiohttp import WSCloseCode

from server.protocol.messages import ParticipantAway, ParticipantLeft
from server.settings import RoomSettings, Settings
from tests.server.running_server import RunningServer, until
from tests.server.strangers import Stranger


async def test_a_seat_is_held_for_who_comes_back() -> None:
    async with RunningServer() as server, Stranger(server) as bob:
        async with Stranger(server) as ann:
            first = await ann.join("Ann")
            there = (await bob.join("Bob")).participants
        assert await bob.next(ParticipantAway) == ParticipantAway(1, away=True)
        async with Stranger(server) as eve:
            assert [(info.id, info.away) for info in (await eve.join("Eve")).participants] == [(1, True), (2, False)]
        async with Stranger(server) as again:
            joined = await again.join("Ann", admission=first.admission)
            assert joined.id == 1
            assert joined.room.hosts == (1,)
            assert await bob.next(ParticipantAway) == ParticipantAway(3, away=True)
            assert await bob.next(ParticipantAway) == ParticipantAway(1, away=False)
        async with Stranger(server) as cem:
            assert (await cem.join("Cem")).participants[0].session == there[0].session


async def test_a_seat_is_not_held_for_ever() -> None:
    settings = Settings(port=0, room=RoomSettings(held_s=0.3))
    async with RunningServer(settings) as server, Stranger(server) as bob:
        async with Stranger(server) as ann:
            await ann.join("Ann")
            await bob.join("Bob")
        await bob.next(ParticipantAway)
        await server.signalling.rooms.sweep()
        await asyncio.sleep(0.4)
        await server.signalling.rooms.sweep()
        assert await bob.next(ParticipantLeft) == ParticipantLeft(1, "lost")


async def test_a_room_is_closed_once_nobody_comes_back() -> None:
    settings = Settings(port=0, room=RoomSettings(held_s=0.1))
    async with RunningServer(settings) as server:
        async with Stranger(server) as ann:
            await ann.join("Ann")
        await until(lambda: server.signalling.rooms.participant_count == 0, "Ann is lost")
        assert server.signalling.rooms.room_count == 1
        await asyncio.sleep(0.2)
        await server.signalling.rooms.sweep()
        assert server.signalling.rooms.room_count == 0


async def test_who_closes_the_page_has_left_and_whose_socket_drops_is_held() -> None:
    """Browsers close the socket of a closed page with 1001 (RFC 6455, 7.4.1), without a `leave` that gets through."""
    async with RunningServer() as server, Stranger(server) as bob, Stranger(server) as ann, Stranger(server) as eve:
        await bob.join("Bob")
        assert (await ann.join("Ann")).id == 2
        assert (await eve.join("Eve")).id == 3
        await ann.socket.close(code=WSCloseCode.GOING_AWAY)
        assert await bob.next(ParticipantLeft) == ParticipantLeft(2, "left")
        eve.drop()
        assert await bob.next(ParticipantAway) == ParticipantAway(3, away=True)
