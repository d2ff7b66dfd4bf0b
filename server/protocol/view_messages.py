"""Signalling messages of a participant who cannot decode and sees the others through a renderer (docs/rendering.md)."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from server.protocol.message_fields import Fields, shown

SDP_CHARACTERS = 60_000
#: The states of a face, as a receiver says them (`codec.decoder.FaceState`).
FACE_STATES = ("waiting", "live", "plain", "no-face", "stale")
#: Why there is no view: nobody renders here, the one who did has gone, a host removed it, or the offer is none.
FAILURES = ("no-renderer", "renderer-lost", "removed", "bad-offer")

_FRAGMENT_CHARACTERS = 2_000
_PICTURES = 255
_MID = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,16}")


@dataclass(frozen=True)
class View:
    """Client: show me the others as video; the offer has a recvonly video section for each of them.

    Sent again with more sections when more people come. `fragment` is the room link's own, when it holds what the
    renderer needs to read encrypted payloads: whoever sends it gives up end-to-end encryption for this view.
    """

    type: ClassVar[str] = "view"
    sdp: str
    fragment: str | None = None

    def _to_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"sdp": self.sdp}
        if self.fragment is not None:
            fields["fragment"] = self.fragment
        return fields

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        sdp = fields.text("sdp", SDP_CHARACTERS)
        return cls(sdp, fields.text("fragment", _FRAGMENT_CHARACTERS) if fields.has("fragment") else None)


@dataclass(frozen=True)
class ViewAnswer:
    """Server: the renderer's SDP answer to the last `view`."""

    type: ClassVar[str] = "view-answer"
    sdp: str

    def _to_fields(self) -> dict[str, Any]:
        return {"sdp": self.sdp}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.text("sdp", SDP_CHARACTERS))


@dataclass(frozen=True)
class RenderedPicture:
    """What one video section carries: a participant's face, and how it stands."""

    mid: str
    participant: int
    state: str

    def to_map(self) -> dict[str, Any]:
        """Return the msgpack map."""
        return {"mid": self.mid, "participant": self.participant, "state": self.state}

    @classmethod
    def from_map(cls, value: object) -> Self:
        """Parse such a map; raises `ProtocolError`."""
        fields = Fields("picture", dict(value) if isinstance(value, dict) else {"value": shown(value)})
        parsed = cls(
            fields.matching("mid", _MID), fields.integer("participant", 1, 255), fields.choice("state", FACE_STATES)
        )
        fields.done()
        return parsed


@dataclass(frozen=True)
class ViewPictures:
    """Server: what the view's video sections carry now; those that are not named carry nothing."""

    type: ClassVar[str] = "view-pictures"
    pictures: tuple[RenderedPicture, ...]

    def _to_fields(self) -> dict[str, Any]:
        return {"pictures": [picture.to_map() for picture in self.pictures]}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(tuple(RenderedPicture.from_map(value) for value in fields.sequence("pictures", _PICTURES)))


@dataclass(frozen=True)
class ViewFailed:
    """Server: there is no view, or no longer; the call goes on. A new `view` may be tried."""

    type: ClassVar[str] = "view-failed"
    code: str
    message: str

    def _to_fields(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.choice("code", FAILURES), fields.text("message", 1000, shortest=0))
