"""Many senders' bundles in one message for one recipient."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from aiortc import RTCDataChannel

from server.client.events import BundleReceived
from server.errors import ProtocolError
from server.webrtc.gathered import LONGEST_MESSAGE, gather, split_gathered
from server.webrtc.motion_queue import MotionQueue
from tests.server.running_server import Guest, RunningServer, until


class Wire:
    """A channel whose messages stay in flight until they are acknowledged."""

    def __init__(self) -> None:
        self.readyState = "open"
        self.bufferedAmount = 0
        self.sent: list[bytes] = []
        self.acknowledged = 0

    def on(self, event: str, callback: Callable[[], None]) -> None:
        """Take a callback that is never called."""

    def send(self, message: bytes) -> None:
        """Keep a message."""
        self.sent.append(message)

    def in_flight(self) -> int:
        """Return how many bytes have not been acknowledged."""
        return sum(map(len, self.sent[self.acknowledged :]))


def opened(wire: Wire) -> MotionQueue:
    queue = MotionQueue(128, 60.0)
    queue.gathers = True
    channel: RTCDataChannel = wire  # type: ignore[assignment]
    queue.attach(channel, wire.in_flight)
    return queue


def test_gathered_bundles_come_apart_again() -> None:
    assert split_gathered(gather([b"\x07one", b"\x09" + b"x" * 300])) == [(7, b"one"), (9, b"x" * 300)]


@pytest.mark.parametrize(
    "message", [b"", b"\0", b"\0\7", b"\0\7\0", b"\0\7\0\0", b"\0\7\0\2x", b"\0\0\0\1x", b"\1\7\0\1x"]
)
def test_malformed_gatherings_are_refused(message: bytes) -> None:
    with pytest.raises(ProtocolError):
        split_gathered(message)


async def test_all_senders_of_a_tick_share_a_message() -> None:
    wire = Wire()
    queue = opened(wire)
    for sender in range(1, 8):
        queue.send(bytes((sender,)) + b"bundle")
    await until(lambda: len(wire.sent) == 1, "one message is sent")
    assert split_gathered(wire.sent[0]) == [(sender, b"bundle") for sender in range(1, 8)]
    queue.close()


async def test_a_thin_link_gets_the_newest_of_everybody_and_a_flood_of_one_holds_up_nobody() -> None:
    wire = Wire()
    queue = opened(wire)
    wire.sent.append(bytes(1201))
    for number in range(50):
        queue.send(bytes((1, number)) + b"x" * 300)
        queue.send(bytes((2, number)) + b"y" * 40)
    await asyncio.sleep(0.3)
    assert len(wire.sent) == 1, "nothing more while so much is under way"
    wire.acknowledged = 1
    queue.feed()
    (message,) = wire.sent[1:]
    assert len(message) <= LONGEST_MESSAGE
    senders = [sender for sender, _ in split_gathered(message)]
    assert {1, 2} <= set(senders)
    assert min(bundle[0] for sender, bundle in split_gathered(message) if sender == 2) >= 47
    assert queue.dropped >= 90
    queue.close()


async def test_bundles_of_a_large_room_arrive_gathered() -> None:
    async with RunningServer() as server, AsyncExitStack() as stack:
        guests = [await stack.enter_async_context(Guest(server.room(), f"G{number}")) for number in range(5)]
        await until(lambda: all(len(guest.call.participants) == 4 for guest in guests), "all are there")
        for number, guest in enumerate(guests[1:]):
            guest.call.send_bundle(bytes((number,)))
        received = await guests[0].saw(BundleReceived, count=4)
        assert {event.sender: event.bundle for event in received} == {
            guest.id: bytes((number,)) for number, guest in enumerate(guests[1:])
        }
        assert guests[0].call.stats.messages_down["motion"] < 4
