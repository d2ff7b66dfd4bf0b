"""One viewer's WebRTC connection: video sections, and which participant's face each of them carries."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.sdp import MediaDescription, SessionDescription

from server.errors import ProtocolError
from server.renderer.video_stream import VideoCodec
from server.renderer.video_track import VideoTrack
from server.settings import LinkSettings
from server.webrtc.aiortc_internals import new_peer_connection, offer_loopback, on_keyframe_request

logger = logging.getLogger(__name__)

MOST_SECTIONS = 16

_CLOSE_TIMEOUT_S = 2.0


@dataclass(eq=False)
class Section:
    """A video section of the offer: who it shows, and whether that is new to the viewer's decoder."""

    track: VideoTrack = field(default_factory=VideoTrack)
    participant: int | None = None


class Viewer:
    """One viewer. The callbacks run in the event loop."""

    def __init__(
        self,
        participant: int,
        link: LinkSettings,
        on_keyframe_request: Callable[[int], None],
        on_lost: Callable[[], None],
    ) -> None:
        """Prepare for `participant`, who looks; `on_keyframe_request` is told whose face needs a whole picture."""
        self.participant = participant
        self.codec = VideoCodec.VP8
        self.sections: dict[str, Section] = {}
        self._link = link
        self._on_keyframe_request = on_keyframe_request
        self._on_lost = on_lost
        self._connection: RTCPeerConnection = new_peer_connection()
        self._connection.on("connectionstatechange", self._on_state)
        self._closed = False

    async def answer(self, offer: str) -> str:
        """Answer an offer, the first one or one with more sections. Raises `ProtocolError` (`bad-offer`)."""
        media = _parse(offer)
        mids = [section.rtp.muxId for section in media]
        if mids[: len(self.sections)] != list(self.sections):
            raise _bad(f"had sections {', '.join(self.sections)}, now {', '.join(mids)}")
        first = not self.sections
        if first:
            self.codec = _common_codec(media)
        try:
            for mid in mids[len(self.sections) :]:
                self._open(mid)
            if first:
                offer_loopback(self._connection, always=self._link.loopback)
            await self._connection.setRemoteDescription(RTCSessionDescription(_without_mdns(offer), "offer"))
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except Exception as error:
            # aiortc's parser meets bad input with whatever Python raises.
            raise _bad(f"{type(error).__name__} {error}"[:200]) from error
        return str(self._connection.localDescription.sdp)

    def assign(self, participants: list[int]) -> list[int]:
        """Free the sections of who has gone, give free ones to who lacks one; returns whose faces are new here."""
        for section in self.sections.values():
            if section.participant not in participants:
                section.participant = None
        shown = {section.participant for section in self.sections.values()}
        waiting = [participant for participant in participants if participant not in shown]
        new = []
        for section in self.sections.values():
            if section.participant is None and waiting:
                section.participant = waiting.pop(0)
                new.append(section.participant)
        return new

    def shown(self) -> list[int]:
        """Return the participants whose faces the sections carry."""
        return [section.participant for section in self.sections.values() if section.participant is not None]

    async def close(self) -> None:
        """Close the connection; safe to call twice, never raises."""
        self._closed = True
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._connection.close()
        except TimeoutError:
            logger.warning("a viewer's connection did not close within %s s", _CLOSE_TIMEOUT_S)

    def _open(self, mid: str) -> None:
        section = self.sections[mid] = Section()
        transceiver = self._connection.addTransceiver(section.track, "sendonly")
        capabilities = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in capabilities if codec.mimeType == self.codec])
        on_keyframe_request(transceiver.sender, lambda: self._request_keyframe(section))

    def _request_keyframe(self, section: Section) -> None:
        if section.participant is not None:
            self._on_keyframe_request(section.participant)

    def _on_state(self) -> None:
        if self._connection.connectionState in ("failed", "closed") and not self._closed:
            self._on_lost()


def _parse(offer: str) -> list[MediaDescription]:
    """Return the sections of an offer that only receives video. Raises `ProtocolError` (`bad-offer`)."""
    try:
        media = SessionDescription.parse(offer).media
    except Exception as error:
        raise _bad(f"{type(error).__name__} {error}"[:200]) from error
    if not 1 <= len(media) <= MOST_SECTIONS:
        raise _bad(f"{len(media)} sections, expected 1–{MOST_SECTIONS}")
    if any(section.kind != "video" or section.direction != "recvonly" for section in media):
        raise _bad("every section must be video, recvonly")
    mids = [section.rtp.muxId for section in media]
    if "" in mids or len(set(mids)) != len(mids):
        raise _bad("every section needs a mid of its own")
    return media


def _common_codec(media: list[MediaDescription]) -> VideoCodec:
    """Return the codec that all sections offer, VP8 before H.264. Raises `ProtocolError` (`bad-offer`)."""
    for codec in VideoCodec:
        if all(any(offered.mimeType.lower() == codec.lower() for offered in section.rtp.codecs) for section in media):
            return codec
    raise _bad(f"some section offers neither of {', '.join(VideoCodec)}")


def _without_mdns(offer: str) -> str:
    """Return an offer without mDNS candidates: the viewer's own checks reach the renderer, which has no such names."""
    lines = offer.splitlines()
    return "\r\n".join(line for line in lines if not (line.startswith("a=candidate:") and ".local " in line)) + "\r\n"


def _bad(message: str) -> ProtocolError:
    return ProtocolError("bad-offer", f"the offer of a view: {message}")
