"""Signalling messages of a participant who cannot decode and sees the others through a renderer (docs/rendering.md)."""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar

from server.protocol.message import Message, ParticipantId, Record, choice, matching, records, text

#: The states of a face, as a receiver says them (`codec.decoder.FaceState`).
FACE_STATES = ("waiting", "live", "plain", "no-face", "stale")
#: Why there is no view: nobody renders here, the one who did has gone, a host removed it, or the offer is none.
FAILURES = ("no-renderer", "renderer-lost", "removed", "bad-offer")
#: A media section's `mid` (RFC 5888).
MID = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,16}")

Sdp = Annotated[str, text(60_000)]
ErrorText = Annotated[str, text(1000, shortest=0)]

_PICTURES = 255


@dataclass(frozen=True)
class View(Message):
    """Client: show me the others as video; the offer has a recvonly video section for each of them.

    Sent again with more sections when more people come. `fragment` is the room link's own, when it holds what the
    renderer needs to read encrypted payloads: whoever sends it gives up end-to-end encryption for this view.
    """

    type: ClassVar[str] = "view"
    sdp: Sdp
    fragment: Annotated[str | None, text(2_000).optional()] = None


@dataclass(frozen=True)
class ViewAnswer(Message):
    """Server: the renderer's SDP answer to the last `view`."""

    type: ClassVar[str] = "view-answer"
    sdp: Sdp


@dataclass(frozen=True)
class RenderedPicture(Record):
    """What one video section carries: a participant's face, and how it stands."""

    mid: Annotated[str, matching(MID)]
    participant: ParticipantId
    state: Annotated[str, choice(FACE_STATES)]


@dataclass(frozen=True)
class ViewPictures(Message):
    """Server: what the view's video sections carry now; those that are not named carry nothing."""

    type: ClassVar[str] = "view-pictures"
    pictures: Annotated[tuple[RenderedPicture, ...], records(RenderedPicture, "picture", _PICTURES)]


@dataclass(frozen=True)
class ViewFailed(Message):
    """Server: there is no view, or no longer; the call goes on. A new `view` may be tried."""

    type: ClassVar[str] = "view-failed"
    code: Annotated[str, choice(FAILURES)]
    message: ErrorText
