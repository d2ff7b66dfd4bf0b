"""A server with a renderer beside it, people who replay the demonstration, and viewers who only receive video."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

import numpy as np
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from av import VideoFrame

from codec.animator import Animator
from codec.intra_picture import Picture
from server.client.call import Call
from server.demonstration import RECORDING
from server.native.peer import NativePeer, Receivers
from server.native.replay import Replay
from server.protocol.view_messages import View, ViewAnswer, ViewPictures
from server.renderer.registration import Registration
from server.settings import LinkSettings, RendererSettings, Secret, Settings
from server.webrtc.aiortc_internals import new_peer_connection, offer_loopback
from tests.server.running_server import RunningServer, until
from tests.server.strangers import Stranger

KEY = Secret("the-renderers-key-of-these-tests-only")
RENDERING = RendererSettings(key=KEY, fps=10)
_PICTURE_S = 60.0
#: A viewer of these tests has no connection to the relay.
SETTINGS = Settings(port=0, link=LinkSettings(connect_timeout_s=60.0), renderer=RENDERING)


@asynccontextmanager
async def rendering(server: RunningServer, name: str = "one") -> AsyncIterator[None]:
    """Have a renderer registered with a server."""
    known = len(server.signalling.renderers.all())
    animator = Animator(provider="cpu")
    registration = Registration(server.address, name, animator, RENDERING, LinkSettings(loopback=True), None)
    working = asyncio.create_task(registration.run(KEY))
    await until(lambda: len(server.signalling.renderers.all()) > known or working.done(), "a renderer registers")
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@asynccontextmanager
async def actors(server: RunningServer, count: int, fragment: str = "") -> AsyncIterator[list[int]]:
    """Have people in the room who replay the demonstration; yields their ids. `fragment` ends their link."""
    async with AsyncExitStack() as stack:
        link = server.room() + fragment
        yield [await stack.enter_async_context(_actor(link, f"Actor {n}")) for n in range(count)]


@asynccontextmanager
async def _actor(url: str, name: str) -> AsyncIterator[int]:
    call = Call(url, name, "file")
    peer = NativePeer(call, Receivers(), lambda _: None)
    replay = Replay(RECORDING)
    peer.sending.store = replay
    peer.sending.has_camera = True
    await peer.connect()
    assert call.id is not None
    running = asyncio.create_task(peer.run())
    sending = asyncio.create_task(replay.run(peer.sending, repeat=True))
    try:
        yield call.id
    finally:
        sending.cancel()
        peer.stopped.set()
        await asyncio.gather(sending, running, return_exceptions=True)
        await peer.close()


class Watcher:
    """A participant who sees the others through the renderer."""

    def __init__(self, stranger: Stranger) -> None:
        self.signalling = stranger
        self.connection: RTCPeerConnection = new_peer_connection()
        self._receivers: dict[str, RTCRtpReceiver] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()

    async def offer(self, sections: int, fragment: str | None = None) -> View:
        """Return a request with so many sections more than before."""
        for _ in range(sections):
            self.connection.addTransceiver("video", "recvonly")
        offer_loopback(self.connection, always=True)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return View(self.connection.localDescription.sdp, fragment)

    async def watch(self, sections: int, fragment: str | None = None) -> None:
        """Ask for a view and connect; `fragment` is what the renderer is given of the link's."""
        await self.signalling.send(await self.offer(sections, fragment))
        answer = await self.signalling.next(ViewAnswer)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))

    async def sees(self, participants: set[int], state: str) -> dict[int, str]:
        """Wait until the view shows exactly these participants in a state; return their sections."""
        while True:
            news = await self.signalling.next(ViewPictures)
            if {p.participant for p in news.pictures} == participants and all(p.state == state for p in news.pictures):
                return {picture.participant: picture.mid for picture in news.pictures}

    async def pictures(self, mid: str, count: int) -> list[Picture]:
        """Return the next pictures of a section; signalling messages that come meanwhile are not kept."""
        listening = asyncio.create_task(self._stay_in_touch())
        try:
            return await self._receive(mid, count)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _stay_in_touch(self) -> None:
        """Answer the server's pings, which aiohttp does while it reads."""
        while not self.signalling.socket.closed:
            await self.signalling.socket.receive()

    async def _receive(self, mid: str, count: int) -> list[Picture]:
        receiver = next(t.receiver for t in self.connection.getTransceivers() if t.mid == mid)
        pictures = []
        for _ in range(count):
            frame = await asyncio.wait_for(receiver.track.recv(), _PICTURE_S)
            assert isinstance(frame, VideoFrame)
            pictures.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
        return pictures
