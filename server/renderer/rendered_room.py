"""One room that a renderer is in: its call, who looks through it, and the video streams of the faces they see."""

import asyncio
import logging
from collections.abc import Iterator

from codec.animator import Animator
from server.client.call import Call
from server.native.drawing import DrawingThread
from server.native.peer import NativePeer, Receivers
from server.protocol.messages import RENDERER
from server.protocol.view_messages import RenderedPicture, ViewPictures
from server.renderer.face_drawing import FaceJob
from server.renderer.video_stream import VideoCodec, VideoStream
from server.renderer.viewer import Viewer
from server.settings import RendererSettings

logger = logging.getLogger(__name__)


class RenderedRoom:
    """Takes part in a room as its renderer, from the first viewer to the last."""

    def __init__(self, url: str, animator: Animator, thread: DrawingThread, settings: RendererSettings) -> None:
        """Prepare to join by a room's link, with the token in its fragment. Raises `CallError` (`bad-url`)."""
        self.viewers: dict[int, Viewer] = {}
        """By number of the view."""
        self._side = animator.side
        self._settings = settings
        self._peer = NativePeer(Call(url, "Renderer", RENDERER), Receivers(animator, drawn_in=thread), logger.debug)
        self._streams: dict[int, dict[VideoCodec, VideoStream]] = {}
        self._told: dict[int, ViewPictures] = {}

    async def take_part(self) -> None:
        """Join, and stay until `leave`. Raises `CallError` if the room will not have this renderer any more."""
        try:
            await self._peer.connect()
            await self._peer.run()
        finally:
            await self._peer.close()

    async def leave(self) -> None:
        """Close all viewers' connections and leave the room."""
        self._peer.stopped.set()
        viewers, self.viewers = self.viewers, {}
        await asyncio.gather(*(viewer.close() for viewer in viewers.values()))

    def request_keyframe(self, participant: int) -> None:
        """Make the next picture of a participant's face a whole one."""
        for stream in self._streams.get(participant, {}).values():
            stream.request_keyframe()

    def jobs(self) -> list[FaceJob]:
        """Return the faces that somebody looks at; viewers' sections follow who has come and gone."""
        people = [remote.info.id for remote in self._peer.remotes.values() if remote.info.is_person]
        streams: dict[int, dict[VideoCodec, VideoStream]] = {}
        for viewer in self.viewers.values():
            new = viewer.assign([person for person in people if person != viewer.participant])
            for participant in viewer.shown():
                known = self._streams.get(participant, {}).get(viewer.codec)
                stream = streams.setdefault(participant, {})[viewer.codec] = known or self._open_stream(viewer.codec)
                if participant in new:
                    stream.request_keyframe()
        self._streams = streams
        return [FaceJob(self._peer.remotes[participant], streams[participant]) for participant in streams]

    def deliver(self, jobs: list[FaceJob]) -> None:
        """Send the new pictures to everybody who looks at their faces."""
        packets = {job.remote.info.id: job.packets for job in jobs}
        for viewer in self.viewers.values():
            for section in viewer.sections.values():
                packet = packets.get(section.participant or 0, {}).get(viewer.codec)
                if packet is not None and section.participant is not None and not section.track.push(packet):
                    self.request_keyframe(section.participant)

    def news(self) -> Iterator[tuple[int, ViewPictures]]:
        """Yield, by number of the view, what its sections carry, where that is new."""
        for number, viewer in self.viewers.items():
            pictures = ViewPictures(
                tuple(
                    RenderedPicture(mid, section.participant, self._peer.remotes[section.participant].state.value)
                    for mid, section in viewer.sections.items()
                    if section.participant in self._peer.remotes
                )
            )
            if pictures != self._told.get(number):
                self._told[number] = pictures
                yield number, pictures

    def _open_stream(self, codec: VideoCodec) -> VideoStream:
        return VideoStream(codec, self._side, self._settings.fps, self._settings.kbps)
