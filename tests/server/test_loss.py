"""Calls over a link that loses packets, by a pattern that is the same each time."""

import asyncio
import itertools
from collections.abc import Callable

import aioice.ice
import pytest

from server.client.events import BundleReceived, ControlReceived, KeyframeSliceReceived
from tests.server.running_server import Guest, RunningServer, hears, until


def lose_every(guest: Guest, nth: int) -> Callable[[], int]:
    """Lose every nth packet that the guest sends; return a function that counts the lost ones."""
    transport = guest.call._session.media._connection.getTransceivers()[0].receiver.transport.transport  # type: ignore[union-attr]
    socket = transport._connection._nominated[1].protocol.transport
    send = socket.sendto
    numbers = itertools.count(1)
    lost: list[int] = []

    def send_or_lose(data: bytes, address: tuple[str, int]) -> None:
        is_stun = data[0] < 4
        if not is_stun and next(numbers) % nth == 0:
            lost.append(len(data))
        else:
            send(data, address)

    socket.sendto = send_or_lose  # type: ignore[method-assign]
    return lambda: len(lost)


def delay_checks(guest: Guest, delay_s: float) -> Callable[[], int]:
    """Let ICE's checks and answers leave the guest so much later; return a function that counts those that left."""
    transport = guest.call._session.media._connection.getTransceivers()[0].receiver.transport.transport  # type: ignore[union-attr]
    socket = transport._connection._nominated[1].protocol.transport
    send, loop = socket.sendto, asyncio.get_running_loop()
    sent: list[int] = []

    def send_late(data: bytes, address: tuple[str, int]) -> None:
        sent.append(len(data))
        send(data, address)

    def send_or_wait(data: bytes, address: tuple[str, int]) -> None:
        is_stun = data[0] < 4
        if is_stun:
            loop.call_later(delay_s, send_late, data, address)
        else:
            send(data, address)

    socket.sendto = send_or_wait  # type: ignore[method-assign]
    return lambda: len(sent)


async def test_a_long_round_trip_is_no_withdrawn_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 2)
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        sent = delay_checks(ann, 0.7)
        await until(lambda: sent() >= 8, "many checks have been answered")
        await hears(bob, ann, b"still here")
        assert ann.call.stats.reconnections == 0


async def test_keyframes_and_control_arrive_whole_and_in_order() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        lost_up, lost_down = lose_every(ann, 6), lose_every(bob, 5)
        slices = [bytes((1, index, 20)) + b"s" * 900 for index in range(20)]
        for number, keyframe_slice in enumerate(slices):
            ann.call.send_keyframe_slice(bob.id, keyframe_slice)
            if number % 8 == 0:
                ann.call.send_control(bob.id, {"number": number})
        received = await bob.saw(KeyframeSliceReceived, count=20)
        assert [event.slice for event in received] == slices
        states = await bob.saw(ControlReceived, count=3)
        assert [event.message["number"] for event in states] == [0, 8, 16]
        assert lost_up() > 1
        assert lost_down() > 0


async def test_a_lost_bundle_does_not_hold_up_the_next() -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        Guest(server.room(), "Bob") as bob,
    ):
        lost = lose_every(ann, 4)
        for number in range(40):
            ann.call.send_bundle(bytes((number,)))
            await asyncio.sleep(0.02)
        await bob.saw(BundleReceived, count=40 - lost())
        assert 5 < lost() < 20
