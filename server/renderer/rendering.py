"""What a renderer does for a server: views come, rooms are joined, faces are drawn again and again."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from codec.animator import Animator
from server.errors import CallError, ProtocolError
from server.native.drawing import DrawingThread
from server.protocol.view_messages import ViewAnswer, ViewFailed
from server.renderer.face_drawing import FaceJob, draw
from server.renderer.gpu import GpuMeter
from server.renderer.messages import LONGEST_PICTURE_MS, EndView, Load, OfView, Serve, ToRenderer
from server.renderer.rendered_room import RenderedRoom
from server.renderer.viewer import Viewer
from server.settings import LinkSettings, RendererSettings

logger = logging.getLogger(__name__)

#: How much what was counts beside the newest.
_MEMORY = 0.9

#: A room, and what a viewer gave away of its link: who does not have the key sees nothing by somebody else's.
_RoomKey = tuple[str, str | None]


class Rendering:
    """All rooms that are rendered for one server. Lives in the event loop; drawing has a thread of its own."""

    def __init__(
        self,
        server: str,
        animator: Animator,
        settings: RendererSettings,
        link: LinkSettings,
        say: Callable[[OfView], None],
    ) -> None:
        """Render for the server at `server` (http(s)://HOST[:PORT]); `say` takes what is for its viewers."""
        self._server = server
        self._animator = animator
        self._settings = settings
        self._link = link
        self._say = say
        self._thread = DrawingThread()
        self._rooms: dict[_RoomKey, RenderedRoom] = {}
        self._staying: dict[_RoomKey, asyncio.Task[None]] = {}
        self._faces = 0
        self._busy = 0.0
        self._picture_ms: float | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._gpu = _gpu_meter() if animator.provider == "cuda" else None

    async def take(self, message: ToRenderer) -> None:
        """Do what the server asks."""
        match message:
            case Serve():
                await self._serve(message)
            case EndView(view):
                await self._end(view)

    async def run(self) -> None:
        """Draw for ever, as often as the settings say, or as often as it goes."""
        interval_s = 1 / self._settings.fps
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while True:
            rooms = [(room, room.jobs()) for room in self._rooms.values()]
            jobs = [job for _, of_room in rooms for job in of_room]
            took_s = await self._thread.run(partial(self._draw, jobs)) if jobs else 0.0
            self._note_pictures(sum(bool(job.packets) for job in jobs), took_s)
            for room, of_room in rooms:
                room.deliver(of_room)
                for view, news in room.news():
                    self._say(OfView(view, news))
            self._faces = len(jobs)
            self._busy = _MEMORY * self._busy + (1 - _MEMORY) * min(1.0, took_s / interval_s)
            next_s = max(next_s + interval_s, loop.time())
            await asyncio.sleep(next_s - loop.time())

    def load(self) -> Load:
        """Return how loaded this renderer is now."""
        return Load(self._faces, self._busy, self._gpu.share() if self._gpu else None, self._picture_ms)

    async def close(self) -> None:
        """Leave all rooms."""
        await asyncio.gather(*(room.leave() for room in self._rooms.values()))
        await asyncio.gather(*self._staying.values(), return_exceptions=True)
        await asyncio.to_thread(self._thread.close)

    def _note_pictures(self, count: int, took_s: float) -> None:
        if count:
            newest_ms = min(1000 * took_s / count, LONGEST_PICTURE_MS)
            before_ms = newest_ms if self._picture_ms is None else self._picture_ms
            self._picture_ms = _MEMORY * before_ms + (1 - _MEMORY) * newest_ms

    def _draw(self, jobs: list[FaceJob]) -> float:
        """Draw; returns how many seconds that took."""
        started = time.perf_counter()
        draw(self._animator, jobs, time.monotonic() * 1000)
        return time.perf_counter() - started

    async def _serve(self, serve: Serve) -> None:
        key = (serve.room, serve.request.fragment)
        if any(serve.view in room.viewers for other, room in self._rooms.items() if other != key):
            # A viewer has one key at a time.
            await self._end(serve.view)
        try:
            room = self._rooms.get(key) or self._enter(serve)
            viewer = room.viewers.get(serve.view)
            if viewer is None:
                viewer = room.viewers[serve.view] = Viewer(
                    serve.viewer, self._link, room.request_keyframe, lambda: self._lose(serve.view)
                )
            self._say(OfView(serve.view, ViewAnswer(await viewer.answer(serve.request.sdp))))
        except (ProtocolError, CallError) as error:
            self._say(OfView(serve.view, ViewFailed("bad-offer", str(error)[:1000])))
            await self._end(serve.view)

    def _enter(self, serve: Serve) -> RenderedRoom:
        fragment = "&".join(part for part in (f"token={quote(serve.token)}", serve.request.fragment) if part)
        room = RenderedRoom(
            f"{self._server}/room/{serve.room}#{fragment}", self._animator, self._thread, self._settings
        )
        key = (serve.room, serve.request.fragment)
        self._rooms[key] = room
        self._staying[key] = asyncio.create_task(self._stay(key, room))
        return room

    async def _stay(self, key: _RoomKey, room: RenderedRoom) -> None:
        """Take part in a room until its last viewer goes, or the room will not have this renderer."""
        try:
            await room.take_part()
        except CallError as error:
            logger.info("a room was lost", extra={"room": key[0], "code": error.code, "reason": str(error)})
            code = "removed" if error.code == "removed" else "renderer-lost"
            for view in room.viewers:
                self._say(OfView(view, ViewFailed(code, str(error)[:1000])))
        finally:
            if self._rooms.get(key) is room:
                del self._rooms[key], self._staying[key]
            await room.leave()

    def _lose(self, view: int) -> None:
        """Give up a view whose connection was lost."""
        self._say(OfView(view, ViewFailed("renderer-lost", "the connection to the renderer was lost: try again")))
        ending = asyncio.create_task(self._end(view))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _end(self, view: int) -> None:
        """Close a view; a room that nobody looks at is left."""
        for key, room in list(self._rooms.items()):
            viewer = room.viewers.pop(view, None)
            if viewer is None:
                continue
            await viewer.close()
            if not room.viewers and self._rooms.get(key) is room:
                del self._rooms[key]
                staying = self._staying.pop(key)
                await room.leave()
                with contextlib.suppress(CallError):
                    await staying


def _gpu_meter() -> GpuMeter | None:
    try:
        return GpuMeter()
    except OSError as error:
        logger.warning("the GPU's share is not measured: %s", error)
        return None
