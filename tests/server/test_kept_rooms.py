"""What of a room outlives its people and a restart, and for how long."""

import asyncio
import time
from pathlib import Path

import pytest

from server.client.events import ParticipantWent, Reconnected, RoomNews
from server.errors import ServerError
from server.protocol.room_messages import (
    SetRoom,
)
from server.rooms.room_store import SqliteRoomStore
from server.settings import RoomSettings, Settings
from tests.server.running_server import Guest, RunningServer, until
from tests.server.strangers import Stranger


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
