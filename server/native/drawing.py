"""The thread in which the others' faces are decoded and drawn, so that the event loop never waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from codec.decoder import Shown
from server.native.remote import RemoteParticipant

T = TypeVar("T")


class DrawingThread:
    """Runs what touches remote participants' decoders, one thing after another."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "drawing")

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function in the thread, behind all that was put there before."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function)

    def put(self, function: Callable[[], T], then: Callable[[T], None]) -> None:
        """Run a function in the thread and `then`, with its result, in the event loop."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._executor, function)
        future.add_done_callback(lambda done: None if done.cancelled() else then(done.result()))

    async def show(self, remotes: list[RemoteParticipant], now_ms: float) -> list[Shown]:
        """Return what each shows now."""
        return await self.run(lambda: [remote.show(now_ms) for remote in remotes])

    def close(self) -> None:
        """Let what runs end, drop the rest."""
        self._executor.shutdown(cancel_futures=True)
