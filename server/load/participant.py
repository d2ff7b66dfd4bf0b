"""One participant under load: a real call that replays the demonstration's motion and voice, and times what arrives."""

import asyncio
import time
from dataclasses import dataclass, field

from server.client.call import Call
from server.client.events import BundleReceived
from server.demonstration import RECORDING
from server.native.replay import Replay

_SEQUENCE = slice(1, 3)


@dataclass
class Deliveries:
    """What the participants of one room have sent, and how long it took to arrive."""

    sent_at: dict[tuple[int, bytes], float] = field(default_factory=dict)
    """By sender and sequence number; a process that holds all people of a room needs one clock only."""
    sent: int = 0
    expected: int = 0
    """Deliveries, had nothing been lost."""
    latencies_ms: list[float] = field(default_factory=list)


class LoadParticipant:
    """Joins, then sends until it leaves; what comes is timed, not decoded."""

    def __init__(self, url: str, name: str, deliveries: Deliveries) -> None:
        self._call = Call(url, name, "file")
        self._replay = Replay(RECORDING)
        self._deliveries = deliveries
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self) -> float:
        """Join; returns how many seconds it took until everything could flow. Raises `CallError`."""
        began = time.monotonic()
        await self._call.connect()
        took_s = time.monotonic() - began
        self._tasks.append(asyncio.create_task(self._receive()))
        return took_s

    def start(self, delay_s: float) -> None:
        """Begin to send after a while, so that participants do not send in step."""

        async def send() -> None:
            await asyncio.sleep(delay_s)
            await self._replay.run(self, repeat=True)

        self._tasks.append(asyncio.create_task(send()))

    async def stop_sending(self) -> None:
        """Send nothing more; what is on its way still arrives."""
        sending = self._tasks.pop()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

    async def leave(self) -> None:
        """Leave the room."""
        await self._call.leave()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send_bundle(self, bundle: bytes) -> None:
        """Send a bundle and note when; a message of its own, which costs the relay more than one behind a voice."""
        if self._call.id is None:
            return
        self._deliveries.sent_at[self._call.id, bundle[_SEQUENCE]] = time.monotonic()
        self._deliveries.sent += 1
        self._deliveries.expected += len(self._call.participants)
        self._call.send_bundle(bundle)

    def send_keyframe(self, keyframe: bytes) -> None:
        """Send none: keyframes are rare, and what is measured is the steady stream."""

    def send_voice(self, packet: bytes, samples: int) -> None:
        """Send a voice packet."""
        self._call.send_voice(packet, samples)

    async def _receive(self) -> None:
        async for event in self._call.events():
            if isinstance(event, BundleReceived):
                sent_at = self._deliveries.sent_at.get((event.sender, event.bundle[_SEQUENCE]))
                if sent_at is not None:
                    self._deliveries.latencies_ms.append(1000 * (time.monotonic() - sent_at))
