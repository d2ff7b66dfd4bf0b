"""The track of one video section of a view: packets of whichever face it carries now."""

import asyncio
from typing import Any

import av
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

#: Pictures that wait for a viewer whose connection does not take them.
_WAITING_PICTURES = 8


class VideoTrack(MediaStreamTrack):
    """A video track of pictures that are already encoded; aiortc only packs them into RTP."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._packets: asyncio.Queue[av.Packet[Any]] = asyncio.Queue(_WAITING_PICTURES)

    def push(self, packet: "av.Packet[Any]") -> bool:
        """Send a picture; False if it and all that wait were dropped, so that only a whole picture helps."""
        if self._packets.full():
            while not self._packets.empty():
                self._packets.get_nowait()
            return False
        self._packets.put_nowait(packet)
        return True

    async def recv(self) -> "av.Packet[Any]":
        """Return the next picture; raises `MediaStreamError` once the track has ended."""
        if self.readyState != "live":
            raise MediaStreamError
        return await self._packets.get()
