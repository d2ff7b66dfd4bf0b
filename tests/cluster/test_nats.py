"""Nodes in processes of their own on a real nats-server: what is lost when a node or NATS goes, and what is not."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from server.cli import main
from server.client.events import (
    BundleReceived,
    ParticipantAway,
    ParticipantCame,
    ParticipantWent,
    Reconnected,
    VoiceReceived,
)
from server.errors import CallError
from server.protocol.room_messages import SetRoom
from tests.cluster.kill_runs import MOST_S, kill_one
from tests.cluster.nats_server import NatsServer
from tests.cluster.nodes import KEY, Nodes
from tests.cluster.replaying import replaying
from tests.server.running_server import Guest, until

#: In which a node that was killed must be noticed.
NOTICED_S = 3.5


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="module")
def nodes(nats: NatsServer) -> Iterator[Nodes]:
    with Nodes(*[nats.url] * 3) as nodes:
        yield nodes


async def test_recordings_on_three_nodes_reach_each_other(nodes: Nodes) -> None:
    async with (
        Guest(nodes.room(0), "Ann") as ann,
        Guest(nodes.room(1), "Bob") as bob,
        Guest(nodes.room(2), "Cem") as cem,
    ):
        people = (ann, bob, cem)
        assert {guest.id for guest in people} == {1, 2, 3}
        await until(lambda: all(len(guest.call.participants) == 2 for guest in people), "everybody knows everybody")
        async with replaying(*people):
            for guest in people:
                for other in people:
                    if other is not guest:
                        await guest.saw(BundleReceived, lambda event, other=other: event.sender == other.id, 15)  # type: ignore[misc]
                        await guest.saw(VoiceReceived, lambda event, other=other: event.sender == other.id, 15)  # type: ignore[misc]


async def test_room_and_host_outlive_the_node_that_served_them(nodes: Nodes) -> None:
    async with Guest(nodes.room(1, "outlives"), "Bob") as bob:
        ann = await Guest(nodes.room(0, "outlives"), "Ann").__aenter__()
        await bob.call.use_power(SetRoom(locked=True, lobby=False))
        await until(lambda: ann.call.room.locked, "Ann knows that the room is locked")
        nodes.kill(1)
        await bob.saw(Reconnected)
        await until(lambda: bob.call.room.hosts == (bob.id,) and bob.call.room.locked, "Bob is host of a locked room")
        await ann.__aexit__()
    nodes.start(1)


async def test_everybody_is_back_after_a_node_was_killed(nodes: Nodes) -> None:
    assert await kill_one(nodes, 2) < MOST_S


async def test_who_does_not_come_back_is_away_soon(nodes: Nodes) -> None:
    async with Guest(nodes.room(0, "soon"), "Ann") as ann:
        bob = await Guest(nodes.room(2, "soon"), "Bob").__aenter__()
        await ann.saw(ParticipantCame)
        bob.call._nodes._urls = bob.call._nodes._urls[:1]
        began = time.monotonic()
        nodes.kill(2)
        assert (await ann.saw(ParticipantAway))[0].participant.away
        assert time.monotonic() - began < NOTICED_S
        await bob.__aexit__()
    nodes.start(2)


async def test_who_stops_a_node_sends_its_people_to_others(nodes: Nodes) -> None:
    async with Guest(nodes.room(0, "drained"), "Ann") as ann, Guest(nodes.room(1, "drained"), "Bob") as bob:
        await asyncio.to_thread(nodes.stop, 1)
        await bob.saw(Reconnected)
        await until(lambda: set(ann.call.participants) == {bob.id}, "Ann knows Bob as he is now")
    nodes.start(1)


async def test_calls_inside_a_node_go_on_without_nats_and_the_rest_comes_back(nats: NatsServer, nodes: Nodes) -> None:
    async with (
        Guest(nodes.room(0, "cut"), "Ann") as ann,
        Guest(nodes.room(0, "cut"), "Bob") as bob,
        Guest(nodes.room(1, "cut"), "Cem") as cem,
    ):
        await until(lambda: len(ann.call.participants) == len(cem.call.participants) == 2, "all are there")
        ids = ann.id, bob.id, cem.id
        nats.stop()
        gone_at = time.monotonic()
        count = 0
        while time.monotonic() - gone_at < 10:
            count += 1
            ann.call.send_bundle(b"in the same node")
            await bob.saw(BundleReceived, count=count)
            await asyncio.sleep(0.2)
        with pytest.raises(CallError) as refusal:
            await Guest(nodes.room(0, "cut"), "Dot").call.connect()
        assert refusal.value.code == "going-away"
        nats.start()
        back_at = time.monotonic()
        while not any(isinstance(event, BundleReceived) and event.bundle == b"across" for event in cem.seen):
            assert time.monotonic() - back_at < MOST_S
            ann.call.send_bundle(b"across")
            await asyncio.sleep(0.1)
        assert (ann.id, bob.id, cem.id) == ids
        assert not [event for guest in (ann, bob, cem) for event in guest.seen if isinstance(event, ParticipantWent)]
        async with Guest(nodes.room(1, "cut"), "Dot") as dot:
            await ann.saw(ParticipantCame, lambda event: event.participant.id == dot.id)


def test_a_node_needs_a_key_and_a_bus_that_answers(capsys: pytest.CaptureFixture[str]) -> None:
    bus = "nats://user:secret@127.0.0.1:9"
    assert main(["serve", "--bus", bus]) == 2
    assert "no access token_key" in capsys.readouterr().err
    assert main(["serve", "--bus", bus, "--set", f"access.token_key={KEY}"]) == 2
    said = capsys.readouterr().err
    assert "no NATS server at nats://127.0.0.1:9" in said
    assert "secret" not in said
