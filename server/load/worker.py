"""A process full of participants: `python -m server.load.worker URL PEOPLE SECONDS ROOM…`.

Prints one JSON line when all have joined, begins at a line on its standard input, and prints one with its figures.
"""

import asyncio
import gc
import json
import random
import sys
import time
from typing import Any

from server.errors import CallError
from server.load.participant import Deliveries, LoadParticipant

_BUNDLE_S = 0.12
_STILL_ON_THE_WAY_S = 1.0
_LAG_INTERVAL_S = 0.05


async def work(url: str, people: int, seconds: float, rooms: list[str]) -> None:
    """Join one after another, send for so many seconds, leave."""
    chance = random.Random(url)
    deliveries = {room: Deliveries() for room in rooms}
    participants: list[LoadParticipant] = []
    join_s: list[float] = []
    failures: list[str] = []
    for number in range(people):
        for room in rooms:
            participant = LoadParticipant(f"{url}/room/{room}", f"Load {number + 1}", deliveries[room])
            try:
                join_s.append(await participant.join())
            except CallError as error:
                failures.append(f"{error.code}: {error}")
            else:
                participants.append(participant)
    # What this process keeps is not looked through again: a collector's pause would count as the server's latency.
    gc.collect()
    gc.freeze()
    _say({"join_s": join_s, "failures": failures})
    await asyncio.to_thread(sys.stdin.readline)
    lags_ms: list[float] = []
    watching = asyncio.create_task(_watch(lags_ms))
    began, cpu_began = time.monotonic(), time.process_time()
    for participant in participants:
        participant.start(chance.uniform(0, _BUNDLE_S))
    await asyncio.sleep(seconds)
    cpu = (time.process_time() - cpu_began) / (time.monotonic() - began)
    watching.cancel()
    await asyncio.gather(*(participant.stop_sending() for participant in participants))
    await asyncio.sleep(_STILL_ON_THE_WAY_S)
    _say(
        {
            "sent": sum(delivery.sent for delivery in deliveries.values()),
            "expected": sum(delivery.expected for delivery in deliveries.values()),
            "latencies_ms": [round(ms, 2) for delivery in deliveries.values() for ms in delivery.latencies_ms],
            "cpu": cpu,
            "lags_ms": lags_ms,
        }
    )
    await asyncio.gather(*(participant.leave() for participant in participants), return_exceptions=True)


async def _watch(lags_ms: list[float]) -> None:
    """Note how late this process wakes: what it adds to the latencies it measures."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LAG_INTERVAL_S
        await asyncio.sleep(_LAG_INTERVAL_S)
        lags_ms.append(round(1000 * (loop.time() - due), 2))


def _say(figures: dict[str, Any]) -> None:
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
