"""Coroutines that run at once, and go on in a task from where they have to wait."""

import asyncio

import pytest

from server.webrtc.eager import run_now
from tests.server.running_server import until


async def test_what_never_waits_is_done_at_once() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    run_now(work())
    assert done == [1]


async def test_what_waits_goes_on_later_and_sees_results_and_errors() -> None:
    done: list[object] = []
    first, second = asyncio.Future[int](), asyncio.Future[int]()

    async def work() -> None:
        done.append(await first)
        try:
            await second
        except ValueError as error:
            done.append(error)
        async with asyncio.timeout(5):
            await asyncio.sleep(0.01)
        done.append("slept")

    run_now(work())
    assert not done
    first.set_result(7)
    second.set_exception(ValueError("no"))
    await until(lambda: len(done) == 3, "the rest has run")
    assert (done[0], str(done[1]), done[2]) == (7, "no", "slept")


async def test_what_fails_at_once_says_so() -> None:
    async def work() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        run_now(work())
