"""Coroutines that run at once, not in a task: for those that are coroutines by name and hardly ever wait."""

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any


def run_now(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end; from where it has to wait, the rest goes on in a task.

    Raises what the coroutine raises before that. (Python 3.12 has `asyncio.eager_task_factory` for this.)
    """
    try:
        awaited = coroutine.send(None)
    except StopIteration:
        return
    _waiting.add(task := asyncio.create_task(_rest(coroutine, awaited)))
    task.add_done_callback(_waiting.discard)


_waiting: set[asyncio.Task[None]] = set()


async def _rest(coroutine: Coroutine[Any, Any, None], awaited: Any) -> None:
    await _resume(coroutine, awaited)


@types.coroutine
def _resume(coroutine: Coroutine[Any, Any, None], awaited: Any) -> Generator[Any, Any, None]:
    """Wait for what the coroutine waits for, on its behalf."""
    while True:
        failure: BaseException | None = None
        try:
            result = yield awaited
        except BaseException as error:
            failure = error
        try:
            awaited = coroutine.send(result) if failure is None else coroutine.throw(failure)
        except StopIteration:
            return
