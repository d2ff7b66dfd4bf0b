"""The users of docker/nats.conf: they may do what nodes need, and nothing else."""

from pathlib import Path

import nats
import pytest
from nats.errors import Error as NatsError

from tests.cluster import nats_files
from tests.cluster.nats_server import NatsServer, free_port
from tests.cluster.nodes import Nodes
from tests.server.running_server import Guest, hears, until


async def test_a_nodes_permissions_are_enough_and_not_all(tmp_path: Path) -> None:
    with NatsServer(tmp_path, nats_files.centre(tmp_path, free_port())) as server:
        bus = server.url.replace("//", f"//node:{nats_files.NODE_PASSWORD}@")
        with Nodes(bus, bus) as nodes:
            async with Guest(nodes.room(0), "Ann") as ann, Guest(nodes.room(1), "Bob") as bob:
                await until(lambda: set(ann.call.participants) == {bob.id}, "Ann knows Bob")
                await hears(ann, bob, b"across")
        client = await nats.connect(bus)
        with pytest.raises(NatsError):
            await client.jetstream(timeout=0.5).add_stream(name="others", subjects=["others.>"])
        await client.close()
