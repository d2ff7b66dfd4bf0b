"""What the nodes of a cluster share; of a server that is alone, the same for itself."""

from dataclasses import dataclass

from server.bus.bus import Bus
from server.bus.local import LocalBus
from server.bus.members import Members
from server.rooms.room_store import RoomStore, SqliteRoomStore
from server.settings import Settings

#: A server that is alone remembers so many times the rooms that it holds at a time.
_REMEMBERED = 10


@dataclass(frozen=True)
class Cluster:
    """A bus, the records of rooms, who is alive, and the key that signs tokens and passes."""

    bus: Bus
    store: RoomStore
    members: Members
    key: str

    async def close(self) -> None:
        """Leave the others."""
        await self.members.close()
        await self.bus.close()
        self.store.close()


async def open_cluster(settings: Settings) -> Cluster:
    """Return the cluster that the settings name. Raises `ServerError` if it, or the state file, cannot be used."""
    return await _join(settings) if settings.bus.servers else _alone(settings)


def _alone(settings: Settings) -> Cluster:
    store, bus = SqliteRoomStore(settings.state_file, _REMEMBERED * settings.rooms), LocalBus()
    key = settings.access.token_key
    return Cluster(bus, store, Members(bus, settings.public_url), key.reveal() if key else store.own_key())


async def _join(settings: Settings) -> Cluster:
    # Here, so that a server that is alone needs no NATS client.
    from server.bus.nats_bus import NatsBus
    from server.rooms.kv_store import KvRoomStore

    assert settings.access.token_key is not None, "settings refuse that"
    bus = NatsBus(settings.bus)
    await bus.connect()
    try:
        store = await KvRoomStore.open(bus.jetstream, settings.bus, settings.room)
        members = Members(bus, settings.public_url)
        await members.start()
    except BaseException:
        await bus.close()
        raise
    return Cluster(bus, store, members, settings.access.token_key.reveal())
