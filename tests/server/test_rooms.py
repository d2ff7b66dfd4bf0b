"""Doors of rooms and the powers of hosts: locks, lobbies, removals, endings, passes, and what outlives a restart."""

import asyncio
import time
from pathlib import Path

import pytest

from server.client.call import Call
from server.client.events import BundleReceived, CallEnded, ParticipantCame, ParticipantWent, Reconnected, RoomNews
from server.errors import CallError, ServerError
from server.protocol.messages import Leave, Offer, ParticipantAway, ParticipantJoined, ParticipantLeft
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
from server.rooms import record as record_module
from server.rooms.room_store import SqliteRoomStore
from server.rooms.tokens import Tokens
from server.settings import AccessSettings, LimitSettings, RoomSettings, Secret, Settings
from tests.server.running_server import Guest, RunningServer, until
from tests.server.scraping import figures
from tests.server.strangers import Stranger

KEY = "3d1f0c7ab2e94856ac5d20f7719be5c4f08a6d33"
TOKENS = Tokens(KEY)


def invited_only(**others: object) -> Settings:
    return Settings(port=0, access=AccessSettings(anonymous=False, token_key=Secret(KEY)), **others)  # type: ignore[arg-type]


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
        bob.call.send_bundle(b"still here")
        await ann.saw(BundleReceived)


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


async def test_a_room_expires() -> None:
    async with RunningServer(Settings(port=0, room=RoomSettings(longest_s=0.1))) as server, Stranger(server) as ann:
        await ann.join("Ann")
        await asyncio.sleep(0.2)
        await server.signalling.rooms.sweep()
        assert await ann.error() == "room-ended"
        async with Stranger(server) as again:
            await again.join("Ann")


async def test_room_settings_survive_a_restart(tmp_path: Path) -> None:
    settings = Settings(port=0, state_file=str(tmp_path / "state" / "rooms.sqlite"))
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "rooms.sqlite").touch(mode=0o644)
    async with RunningServer(settings) as server:
        ann = await Guest(server.room(), "Ann").__aenter__()
        bob = await Guest(server.room(), "Bob").__aenter__()
        await ann.call.use_power(SetRoom(locked=True, lobby=False))
        await bob.saw(RoomNews)
        ids = ann.id, bob.id
        port = server.port
    async with RunningServer(Settings(port=port, state_file=settings.state_file)) as server:
        async with Stranger(server) as eve:
            await eve.ask()
            assert await eve.error() == "room-locked"
        await ann.saw(Reconnected)
        await bob.saw(Reconnected)
        await until(lambda: ann.call.room.hosts == (ann.id,), "Ann is host again")
        assert ann.call.room.locked
        assert (ann.id, bob.id) == ids, "everybody has their seat again"
        await until(lambda: not any(info.away for info in ann.call.participants.values()), "Bob is back")
        for guest in (ann, bob):
            assert not [event for event in guest.seen if isinstance(event, ParticipantWent)]
        await ann.__aexit__()
        await bob.__aexit__()
    assert (tmp_path / "state" / "rooms.sqlite").stat().st_mode & 0o077 == 0


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


async def test_tokens_open_a_server_without_anonymous_rooms() -> None:
    async with RunningServer(invited_only()) as server:
        with pytest.raises(CallError) as refusal:
            await Call(server.room(), "Ann").connect()
        assert refusal.value.code == "token-required"
        token = TOKENS.invite("tea", 60, name="Ann of the token")
        async with (
            Guest(f"{server.room()}#token={token}", "Ann") as ann,
            Guest(f"{server.room()}#token={TOKENS.invite('tea', 60, is_host=True)}", "Bob") as bob,
        ):
            await until(lambda: ann.call.room.hosts == (bob.id,), "Bob is host, and Ann is not though she came first")
            assert bob.call.participants[ann.id].name == "Ann of the token"


async def test_a_token_for_one_join_lets_its_owner_come_back_and_nobody_else_in() -> None:
    async with RunningServer(invited_only()) as server:
        token = TOKENS.invite("tea", 60, once=True)
        async with Stranger(server) as ann, Stranger(server) as eve:
            joined = await ann.join("Ann", token=token)
            await eve.ask(token=token)
            assert await eve.error() == "bad-token"
            async with Stranger(server) as again:
                await again.join("Ann", token=token, admission=joined.admission)


async def test_a_host_with_a_token_opens_what_was_ended() -> None:
    async with RunningServer(invited_only()) as server:
        token = TOKENS.invite("tea", 60, is_host=True)
        async with Stranger(server) as ann:
            await ann.join(token=token)
            await ann.send(EndRoom())
            assert await ann.error() == "room-ended"
        async with Stranger(server) as ann:
            await ann.join(token=token)


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


def test_a_state_file_that_cannot_be_used(tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.sqlite"
    spoilt.write_bytes(b"no database" * 100)
    for file in (str(spoilt), "/proc/rooms.sqlite"):
        with pytest.raises(ServerError, match="cannot keep rooms in"):
            SqliteRoomStore(file)


async def test_a_room_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    file = str(tmp_path / "rooms.sqlite")
    store = SqliteRoomStore(file)
    key = store.own_key()
    store._database.execute("INSERT INTO rooms VALUES ('a', '{\"name\": 3}'), ('b', '{\"name\": \"b\"}')")
    store.close()
    again = SqliteRoomStore(file)
    assert await again.read("a") is None
    stored = await again.read("b")
    assert stored is not None
    assert stored.record.empty_at == pytest.approx(time.time(), abs=5)
    assert again.own_key() == key
    assert len(key) >= 32
    again.close()
