"""How participants and servers go, who learns of it, and that nothing stays behind."""

import asyncio
import gc
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiortc import RTCPeerConnection

from server.client.call import Call
from server.client.events import (
    CallEnded,
    ParticipantAway,
    ParticipantCame,
    ParticipantWent,
    Reconnected,
    Reconnecting,
)
from server.errors import CallError
from server.protocol.messages import Error, Join, Joined, ParticipantJoined, pack, parse_server_message
from server.protocol.room_messages import RoomState
from server.rooms.room import Participant
from server.settings import LinkSettings, RoomSettings, Settings
from tests.server.running_server import Guest, RunningServer, cut_off, hears, until


async def test_whose_socket_is_cut_is_away_and_comes_back_as_the_same() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann:
        bob = await Guest(server.room(), "Bob").__aenter__()
        bob_id = bob.id
        cut_off(bob)
        await ann.saw(ParticipantAway, lambda event: event.participant.id == bob_id and event.participant.away)
        returned = (await bob.saw(Reconnected))[0]
        assert (returned.id, returned.is_new_connection) == (bob_id, True)
        await ann.saw(ParticipantAway, lambda event: not event.participant.away)
        await hears(ann, bob, b"back again")
        assert not [event for event in ann.seen if isinstance(event, ParticipantWent)]
        assert len([event for event in bob.seen if isinstance(event, ParticipantCame)]) == 1
        await bob.__aexit__()


async def test_who_has_fallen_silent_is_away_and_goes_on_where_the_path_is_back() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann, Guest(server.room(), "Bob") as bob:
        await ann.saw(ParticipantCame)
        path = Silence(bob)
        await ann.saw(ParticipantAway, lambda event: event.participant.away)
        await bob.saw(Reconnecting)
        path.restore()
        await bob.saw(Reconnected)
        await ann.saw(ParticipantAway, lambda event: not event.participant.away)
        await hears(ann, bob, b"here again")


async def test_a_silent_socket_is_closed() -> None:
    settings = Settings(port=0, heartbeat_s=0.1, silence_s=1.5, room=RoomSettings(held_s=0.0))
    async with (
        RunningServer(settings) as server,
        Guest(server.room(), "Ann") as ann,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.room()}/signal", autoping=False) as socket,
    ):
        await socket.send_bytes(pack(Join("Bob", "none")))
        await ann.saw(ParticipantCame)
        assert (await ann.saw(ParticipantWent))[0].reason == "lost"
        assert ann.call.id == 1, "who answers pings stays"


async def test_who_does_not_join_is_sent_away() -> None:
    async with (
        RunningServer(Settings(port=0, heartbeat_s=0.1, silence_s=0.3)) as server,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.room()}/signal") as socket,
    ):
        error = parse_server_message(await socket.receive_bytes(timeout=5))
        assert error == Error("bad-message", "no join within 0.3 s")


async def test_without_media_a_participant_fails() -> None:
    settings = Settings(port=0, link=LinkSettings(connect_timeout_s=0.2))
    async with (
        RunningServer(settings) as server,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.room()}/signal") as socket,
    ):
        await socket.send_bytes(pack(Join("Bob", "none")))
        assert isinstance(parse_server_message(await socket.receive_bytes()), Joined)
        error = parse_server_message(await socket.receive_bytes(timeout=5))
        assert isinstance(error, Error)
        assert error.code == "media-failed"
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_lost_media_end_the_session() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        await bob.call._session.media._connection.close()  # type: ignore[union-attr]
        await ann.saw(ParticipantAway, lambda event: event.participant.away)
        await bob.saw(Reconnected)


class Silence:
    """Let everything that comes to a guest by WebRTC, and goes from it, vanish until `restore`."""

    def __init__(self, guest: Guest) -> None:
        session = guest.call._session
        assert session is not None
        ice: Any = session.media._connection.getTransceivers()[0].receiver.transport.transport.iceGatherer._connection
        self._undo: list[Callable[[], None]] = []
        for protocol in ice._protocols:
            receive, transport = protocol.datagram_received, protocol.transport
            send = transport.sendto
            protocol.datagram_received = lambda data, address: None
            transport.sendto = lambda data, address=None: None
            self._undo += [partial(setattr, protocol, "datagram_received", receive)]
            self._undo += [partial(setattr, transport, "sendto", send)]

    def restore(self) -> None:
        for undo in self._undo:
            undo()


async def test_leave_counts_even_after_the_connection_is_closed() -> None:
    async with RunningServer() as server, Guest(server.room(), "Ann") as ann:
        bob = await Guest(server.room(), "Bob").__aenter__()
        session = bob.call._session
        assert session is not None
        closing = [member for member in members(server) if member.id == bob.id]
        await session.media.close()
        await until(lambda: closing[0].peer._connection.connectionState == "closed", "the server has noticed")
        await session.say_goodbye()
        assert (await ann.saw(ParticipantWent))[0].reason == "left"
        await bob.__aexit__()


def members(server: RunningServer) -> list[Participant]:
    return [member for room in server.signalling.rooms._rooms.values() for member in room.participants.values()]


async def test_the_others_call_goes_on_when_the_server_restarts() -> None:
    async with RunningServer() as first:
        ann = await Guest(first.room(), "Ann").__aenter__()
        bob = await Guest(first.room(), "Bob").__aenter__()
        await ann.saw(ParticipantCame)
    await ann.saw(Reconnecting, lambda event: "stopping" in event.reason)
    assert not ann.call.send_bundle(b"nobody")
    async with RunningServer(Settings(port=first.port)) as second:
        await ann.saw(Reconnected)
        await bob.saw(Reconnected)
        assert second.signalling.rooms.participant_count == 2
        await until(lambda: len(ann.call.participants) == 1, "Ann sees Bob again")
        await hears(bob, ann, b"hello again")
        assert ann.call.stats.reconnections == 1
        await ann.__aexit__()
        await bob.__aexit__()


async def test_shutdown_takes_less_than_two_seconds_even_with_a_client_that_hangs() -> None:
    server = await RunningServer().__aenter__()
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.room()}/signal", autoclose=False, autoping=False) as socket,
    ):
        await socket.send_bytes(pack(Join("Bob", "none")))
        await socket.receive_bytes()
        async with asyncio.timeout(2.0):
            await server.__aexit__()
        error = parse_server_message(await socket.receive_bytes())
        assert isinstance(error, Error)
        assert error.code == "going-away"


async def test_a_full_room_refuses() -> None:
    async with RunningServer(Settings(port=0, participants=1)) as server, Guest(server.room(), "Ann"):
        with pytest.raises(CallError, match="full with 1 people") as refusal:
            await Call(server.room(), "Bob").connect()
        assert refusal.value.code == "room-full"
        async with Guest(server.room("elsewhere"), "Bob"):
            assert server.signalling.rooms.room_count == 2


async def test_no_server_no_call() -> None:
    async with RunningServer() as server:
        pass
    with pytest.raises(CallError, match="cannot reach") as refusal:
        await Call(server.room(), "Ann").connect()
    assert refusal.value.code == "unreachable"


@pytest.mark.parametrize(
    "url", ["", "localhost:8080/room/a", "http://localhost", "http://x/room/a b", "ftp://x/room/a", "http://x:0/room/a"]
)
def test_a_link_that_is_none(url: str) -> None:
    with pytest.raises(CallError, match="is not a room") as refusal:
        Call(url, "Ann")
    assert refusal.value.code == "bad-url"


async def test_a_server_that_speaks_nonsense_ends_the_call() -> None:
    async with RunningServer() as server:
        ann = await Guest(server.room(), "Ann").__aenter__()
        session = next(iter(server.signalling._sessions))
        await session._socket.send_bytes(b"\xc1nonsense")
        ended = (await ann.saw(CallEnded))[0]
        assert ended.error is not None
        assert ended.error.code == "bad-message"
        await ann.call.leave()


async def test_nothing_stays_behind() -> None:
    async with RunningServer(Settings(port=0, room=RoomSettings(held_s=0.0))) as server:
        await come_and_go(server)
        tasks = Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())  # type: ignore[union-attr]
        for _ in range(3):
            await come_and_go(server)
        assert server.signalling.rooms.room_count == 0
        assert server.signalling.rooms.participant_count == 0
        await until(
            lambda: Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks()) == tasks,  # type: ignore[union-attr]
            "no task is left",
        )
        await until(no_connections_left, "no peer connection is left")


async def come_and_go(server: RunningServer) -> None:
    """One leaves, one is cut off in the call, one is cut off while it joins."""
    async with Guest(server.room(), "Ann") as ann:
        async with Guest(server.room(), "Bob"):
            await ann.saw(ParticipantCame)
        joining = asyncio.create_task(Call(server.room(), "Cem").connect())
        await ann.saw(ParticipantCame, count=2)
        joining.cancel()
        await asyncio.gather(joining, return_exceptions=True)
        await ann.saw(ParticipantWent, count=2)
    await until(lambda: server.signalling.rooms.participant_count == 0, "everybody has gone")


def no_connections_left() -> bool:
    gc.collect()
    return not any(isinstance(thing, RTCPeerConnection) for thing in gc.get_objects())


async def test_joined_lists_those_who_are_there() -> None:
    async with (
        RunningServer() as server,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.room()}/signal") as ann,
        http.ws_connect(f"{server.room()}/signal") as bob,
    ):
        await ann.send_bytes(pack(Join("Ann", "camera")))
        first = parse_server_message(await ann.receive_bytes())
        assert isinstance(first, Joined)
        assert first == Joined(1, (), (), RoomState(hosts=(1,)), first.admission)
        await bob.send_bytes(pack(Join("Bob", "file")))
        joined = parse_server_message(await bob.receive_bytes())
        assert isinstance(joined, Joined)
        assert [(p.id, p.name, p.source) for p in joined.participants] == [(1, "Ann", "camera")]
        came = parse_server_message(await ann.receive_bytes())
        assert isinstance(came, ParticipantJoined)
        assert (came.participant.id, came.participant.source) == (2, "file")
