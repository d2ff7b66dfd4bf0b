"""Two nodes of a cluster in this process, on a bus of this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from server.bus.bus import Handler, Subscription
from server.bus.local import LocalBus, LocalHub
from server.bus.members import Members
from server.cluster import Cluster
from server.rooms.room_store import SqliteRoomStore
from server.settings import AccessSettings, LinkSettings, RoomSettings, Secret, Settings
from tests.cluster.nodes import KEY
from tests.server.running_server import RunningServer


class BrittleBus(LocalBus):
    """A bus whose node may fall silent, and deaf, without a word."""

    is_cut = False

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        def hear(word: str, message: bytes) -> None:
            if not self.is_cut:
                handler(word, message)

        return await super().subscribe(subject, hear)

    def publish(self, subject: str, word: str, message: bytes) -> None:
        if not self.is_cut:
            super().publish(subject, word, message)

    publish_media = publish


class Node(RunningServer):
    """A server with its end of the bus."""

    def __init__(self, settings: Settings, cluster: Cluster, bus: BrittleBus) -> None:
        super().__init__(settings, cluster)
        self.cluster = cluster
        self._bus = bus

    def fall_silent(self) -> None:
        """Say and do nothing any more, like a machine without power."""
        self._bus.is_cut = True
        assert self.cluster.members._task is not None
        self.cluster.members._task.cancel()


@asynccontextmanager
async def two_nodes(held_s: float = 30.0) -> AsyncIterator[tuple[Node, Node]]:
    settings = Settings(
        port=0,
        link=LinkSettings(connect_timeout_s=10.0),
        access=AccessSettings(token_key=Secret(KEY)),
        room=RoomSettings(held_s=held_s),
    )
    hub, store = LocalHub(), SqliteRoomStore("")
    async with AsyncExitStack() as stack:
        nodes = []
        for name in ("a", "b"):
            bus = BrittleBus(name, hub)
            members = Members(bus, f"http://{name}.example")
            nodes.append(await stack.enter_async_context(Node(settings, Cluster(bus, store, members, KEY), bus)))
        await asyncio.gather(*(node.cluster.members.start() for node in nodes))
        yield nodes[0], nodes[1]
