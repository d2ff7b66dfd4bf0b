"""A user of NATS who may do what docs/cluster.md says that nodes need, and nothing else."""

import re
from pathlib import Path

import nats
import pytest
from nats.errors import Error as NatsError

from server.client.events import BundleReceived
from tests.cluster.nats_server import NatsServer
from tests.cluster.nodes import Nodes
from tests.server.running_server import Guest, until

_PAGE = Path(__file__).parents[2] / "docs/cluster.md"
_PASSWORD = "a1d6f0c57e"


async def test_the_documented_permissions_are_enough_and_not_all(tmp_path: Path) -> None:
    documented = re.search(r"```\n(publish: .*?)```", _PAGE.read_text(), re.DOTALL)
    assert documented
    user = f'{{ user: node, password: "{_PASSWORD}", permissions: {{ {documented[1]} }} }}'
    configuration = f'jetstream {{ store_dir: "{tmp_path}" }}\nauthorization {{ users: [ {user} ] }}'
    with NatsServer(tmp_path, configuration) as server:
        bus = server.url.replace("//", f"//node:{_PASSWORD}@")
        with Nodes(bus, bus) as nodes:
            async with Guest(nodes.room(0), "Ann") as ann, Guest(nodes.room(1), "Bob") as bob:
                await until(lambda: set(ann.call.participants) == {bob.id}, "Ann knows Bob")
                bob.call.send_bundle(b"across")
                await ann.saw(BundleReceived)
        client = await nats.connect(bus)
        with pytest.raises(NatsError):
            await client.jetstream(timeout=0.5).add_stream(name="others", subjects=["others.>"])
        await client.close()
