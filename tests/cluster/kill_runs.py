"""Kills a node again and again and times until everybody is back: `make test-cluster`."""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from server.client.events import BundleReceived, Reconnected
from tests.cluster.nats_server import NatsServer
from tests.cluster.nodes import Nodes
from tests.server.running_server import Guest

RUNS = 20
MOST_S = 10.0

_NODES = 3
_ROOMS = ("tea", "cake")
_PEOPLE_OF_ROOM = 3
_BEAT_S = 0.1


async def kill_one(nodes: Nodes, victim: int) -> float:
    """Fill two rooms with people of every node, kill a node, and return after how many seconds everybody heard all."""
    async with AsyncExitStack() as stack:
        rooms = [
            [await stack.enter_async_context(Guest(nodes.room(n, room), f"{room} {n}")) for n in range(_PEOPLE_OF_ROOM)]
            for room in _ROOMS
        ]
        await asyncio.gather(*(_hears_all(people) for people in rooms))
        began = time.monotonic()
        await asyncio.to_thread(nodes.kill, victim)
        await asyncio.gather(*(people[victim].saw(Reconnected) for people in rooms))
        await asyncio.gather(*(_hears_all(people) for people in rooms))
        took_s = time.monotonic() - began
    await asyncio.to_thread(nodes.start, victim)
    return took_s


async def _hears_all(people: list[Guest]) -> None:
    """Send until everybody has heard everybody else since now."""
    before = {guest: len(guest.seen) for guest in people}

    def hears(guest: Guest) -> bool:
        heard = {event.sender for event in guest.seen[before[guest] :] if isinstance(event, BundleReceived)}
        return heard >= {other.id for other in people if other is not guest}

    async with asyncio.timeout(2 * MOST_S):
        while not all(hears(guest) for guest in people):
            for guest in people:
                guest.call.send_bundle(b"a bundle")
            await asyncio.sleep(_BEAT_S)


async def main() -> int:
    """Print each run's time; returns 1 if one took too long."""
    times: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        NatsServer(Path(folder)) as nats,
        Nodes(*[nats.url] * _NODES) as nodes,
    ):
        for run in range(RUNS):
            times.append(await kill_one(nodes, run % _NODES))
            print(f"run {run + 1:2}: node {run % _NODES + 1} killed, everybody heard everybody after {times[-1]:.2f} s")
    good = sum(took_s <= MOST_S for took_s in times)
    print(f"{good} of {RUNS} within {MOST_S:g} s; longest {max(times):.2f} s, median {sorted(times)[RUNS // 2]:.2f} s")
    return 0 if good == RUNS else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
