"""One room on two nodes: people, doors and hosts are the same on both (docs/cluster.md)."""

import asyncio

from server.client.events import (
    BundleReceived,
    ControlReceived,
    KeyframeSliceReceived,
    ParticipantAway,
    ParticipantWent,
    VoiceReceived,
)
from server.protocol.messages import Joined, Leave, ParticipantJoined, ParticipantLeft
from server.protocol.messages import ParticipantAway as AwayMessage
from server.protocol.room_messages import (
    AnswerKnock,
    EndRoom,
    Knock,
    KnockGone,
    MuteRequested,
    Remove,
    RequestMute,
    RoomChanged,
    RoomState,
    SetRoom,
    Waiting,
)
from server.rooms.tokens import Tokens
from tests.cluster.hub import Node, two_nodes
from tests.cluster.nodes import KEY
from tests.server.running_server import Guest, until
from tests.server.strangers import Stranger


async def test_everything_reaches_people_of_the_other_node() -> None:
    async with two_nodes() as (a, b), Guest(a.room(), "Ann") as ann, Guest(b.room(), "Bob") as bob:
        assert (ann.id, bob.id) == (1, 2)
        assert [(other.id, other.name) for other in bob.call.participants.values()] == [(1, "Ann")]
        await until(lambda: set(ann.call.participants) == {2}, "Ann knows Bob")
        for sender, receiver in ((ann, bob), (bob, ann)):
            sender.call.send_bundle(b"a bundle")
            sender.call.send_keyframe_slice(receiver.id, b"a slice")
            sender.call.send_control(receiver.id, {"type": "keyframe-request", "number": 1})
            for _ in range(20):
                sender.call.send_voice(b"\x08voice", 2880)
                await asyncio.sleep(0.01)
            assert (await receiver.saw(BundleReceived))[0] == BundleReceived(sender.id, b"a bundle")
            assert (await receiver.saw(KeyframeSliceReceived))[0] == KeyframeSliceReceived(sender.id, b"a slice")
            assert (await receiver.saw(ControlReceived))[0].sender == sender.id
            assert (await receiver.saw(VoiceReceived))[0].sender == sender.id
        bob.call.send_bundle(b"once")
        await ann.saw(BundleReceived, lambda event: event.bundle == b"once")
        assert [event.bundle for event in bob.seen if isinstance(event, BundleReceived)] == [b"a bundle"]


async def test_ids_are_of_one_room_and_everybody_learns_who_goes() -> None:
    async with two_nodes() as (a, b), Stranger(a) as ann:
        await ann.join("Ann")
        async with Stranger(b) as bob, Stranger(a) as cem:
            joined = await bob.join("Bob")
            assert (joined.id, joined.nodes) == (2, ("http://a.example",))
            assert (await cem.join("Cem")).id == 3
            assert (await bob.next(ParticipantJoined)).participant.name == "Cem"
            await cem.send(Leave())
            assert await bob.next(ParticipantLeft) == ParticipantLeft(3, "left")
        assert await ann.next(ParticipantLeft) == ParticipantLeft(3, "left")
        assert await ann.next(AwayMessage) == AwayMessage(2, away=True)


async def test_a_host_locks_the_door_of_every_node() -> None:
    async with two_nodes() as (a, b), Stranger(a) as ann, Stranger(b) as bob, Stranger(b) as eve:
        await ann.join("Ann")
        assert (await bob.join("Bob")).room == RoomState(hosts=(1,))
        await ann.send(SetRoom(locked=True, lobby=False))
        assert (await bob.next(RoomChanged)).room == RoomState(locked=True, hosts=(1,))
        await eve.ask("Eve")
        assert await eve.error() == "room-locked"
        await bob.send(SetRoom(locked=False, lobby=False))
        assert await bob.error() == "not-host"


async def test_who_knocks_on_one_node_is_let_in_from_another() -> None:
    async with two_nodes() as (a, b), Stranger(a) as ann, Stranger(b) as bob, Stranger(b) as eve:
        await ann.join("Ann")
        await ann.send(SetRoom(locked=False, lobby=True))
        await ann.next(RoomChanged)
        await bob.ask("Bob")
        await bob.next(Waiting)
        knock = await ann.next(Knock)
        assert knock.name == "Bob"
        await ann.send(AnswerKnock(knock.id, admit=True))
        assert await ann.next(KnockGone) == KnockGone(knock.id)
        assert (await bob.next(Joined)).id == 2
        await eve.ask("Eve")
        await ann.send(AnswerKnock((await ann.next(Knock)).id, admit=False))
        assert await eve.error() == "not-admitted"


async def test_the_next_host_on_another_node_hears_of_knocks() -> None:
    async with two_nodes() as (a, b), Stranger(b) as bob, Stranger(a) as eve, Stranger(a) as ann:
        await ann.join("Ann")
        await bob.join("Bob")
        await ann.send(SetRoom(locked=False, lobby=True))
        await bob.next(RoomChanged)
        await eve.ask("Eve")
        await eve.next(Waiting)
        await ann.send(Leave())
        assert (await bob.next(RoomChanged)).room.hosts == (2,)
        await bob.send(AnswerKnock((await bob.next(Knock)).id, admit=True))
        assert (await eve.next(Joined)).room.hosts == (2,)


async def test_a_removed_participant_of_another_node_is_gone_and_its_pass_void_everywhere() -> None:
    async with two_nodes() as (a, b), Stranger(a) as ann, Stranger(b) as eve, Stranger(a) as again:
        await ann.join("Ann")
        eves = await eve.join("Eve")
        await ann.send(Remove(eves.id))
        assert await eve.error() == "removed"
        assert await ann.next(ParticipantLeft) == ParticipantLeft(eves.id, "removed")
        await again.ask("Eve", admission=eves.admission)
        assert await again.error() == "removed"


async def test_hosts_reach_across_nodes_to_mute_and_to_end() -> None:
    async with two_nodes() as (a, b), Stranger(a) as ann, Stranger(b) as bob, Stranger(b) as again:
        await ann.join("Ann")
        await bob.join("Bob")
        await ann.send(RequestMute(2))
        await bob.next(MuteRequested)
        await ann.send(EndRoom())
        assert await bob.error() == "room-ended"
        await again.ask("Bob")
        assert await again.error() == "room-ended"


async def test_a_pass_of_one_node_gives_back_ones_seat_on_another() -> None:
    async with two_nodes() as (a, b), Stranger(a) as ann, Stranger(a) as bob, Stranger(b) as again:
        anns = await ann.join("Ann")
        await bob.join("Bob")
        joined = await again.join("Ann", admission=anns.admission)
        assert joined.room.hosts == (joined.id,) == (1,)
        assert await ann.error() == "replaced"
        assert [other.name for other in joined.participants] == ["Bob"]


async def test_a_token_for_one_join_is_used_up_on_every_node() -> None:
    token = Tokens(KEY).invite("tea", 60, once=True)
    async with two_nodes() as (a, b), Stranger(a) as ann, Stranger(b) as eve:
        await ann.join("Ann", token=token)
        await eve.ask(token=token)
        assert await eve.error() == "bad-token"


async def test_people_of_a_silent_node_are_away_then_lost_and_their_seats_free() -> None:
    async with two_nodes(held_s=2.0) as (a, b), Guest(a.room(), "Ann") as ann, Stranger(b) as bob:
        await bob.join("Bob")
        b.fall_silent()
        assert (await ann.saw(ParticipantAway))[0].participant.away
        assert a.cluster.members.urls == ()
        assert (await ann.saw(ParticipantWent))[0].reason == "lost"
        assert await seats(a) == ["Ann"]


async def test_a_node_that_was_taken_for_lost_seats_its_people_again() -> None:
    async with two_nodes() as (a, b), Stranger(a) as ann, Stranger(b) as bob:
        await ann.join("Ann")
        await bob.join("Bob")
        await ann.next(ParticipantJoined)
        a.signalling.rooms._lose_node("b")
        a.cluster.members._others.clear()
        assert await ann.next(AwayMessage) == AwayMessage(2, away=True)
        b.signalling.rooms._mend_all()
        assert await ann.next(AwayMessage) == AwayMessage(2, away=False)
        assert await seats(a) == ["Ann", "Bob"]


async def test_whoever_is_slower_changes_what_the_faster_has_made() -> None:
    async with two_nodes() as (a, b):
        strangers = [await Stranger(node).__aenter__() for node in (a, b) * 4]
        joined = await asyncio.gather(*(stranger.join(f"Guest {n}") for n, stranger in enumerate(strangers)))
        assert sorted(each.id for each in joined) == [1, 2, 3, 4, 5, 6, 7, 8]
        for stranger in strangers:
            await stranger.send(Leave())
            await stranger.__aexit__()
        await until(lambda: not a.signalling.rooms.room_count + b.signalling.rooms.room_count, "the room is empty")


async def seats(node: Node) -> list[str]:
    """Return the names of everybody who has a seat, by the store."""
    stored = await node.cluster.store.read("tea")
    assert stored is not None
    return [seat.name for seat in stored.record.seats]
