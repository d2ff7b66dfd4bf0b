"""People who send the demonstration's recording."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from codec.keyframes import slice_keyframe
from server.demonstration import RECORDING
from server.native.replay import Replay
from server.webrtc.channels import EVERYBODY
from tests.server.running_server import Guest


class ReplayOutlet:
    """Sends a recording in a guest's call: bundles as messages of their own, keyframes once and to everybody."""

    def __init__(self, guest: Guest) -> None:
        self._call = guest.call

    def send_bundle(self, bundle: bytes) -> None:
        self._call.send_bundle(bundle)

    def send_keyframe(self, keyframe: bytes) -> None:
        for part in slice_keyframe(keyframe):
            self._call.send_keyframe_slice(EVERYBODY, part)

    def send_voice(self, packet: bytes, samples: int) -> None:
        self._call.send_voice(packet, samples)


@asynccontextmanager
async def replaying(*guests: Guest) -> AsyncIterator[None]:
    """Let them all send, over and over."""
    sending = [asyncio.create_task(Replay(RECORDING).run(ReplayOutlet(guest), repeat=True)) for guest in guests]
    try:
        yield
    finally:
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
