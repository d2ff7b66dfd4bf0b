"""What a server and a renderer say to each other on the WebSocket `/renderer` (docs/rendering.md)."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from server.errors import ProtocolError
from server.protocol.message_fields import Fields, open_message, shown
from server.protocol.messages import ROOM_PATTERN
from server.protocol.view_messages import View, ViewAnswer, ViewFailed, ViewPictures

PROTOCOL = 1
PROVIDERS = ("cpu", "cuda")

_VIEWS = (1 << 32) - 1
_FACES = 10_000
_TOKEN_CHARACTERS = 2_000


@dataclass(frozen=True)
class Register:
    """Renderer: here I am, this is what I draw with, and so many faces are the most I draw."""

    type: ClassVar[str] = "register"
    name: str
    provider: str
    most_faces: int
    protocol: int = PROTOCOL

    def _to_fields(self) -> dict[str, Any]:
        return {
            "protocol": self.protocol,
            "name": self.name,
            "provider": self.provider,
            "most_faces": self.most_faces,
        }

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        protocol = fields.integer("protocol", 0, 65535)
        if protocol != PROTOCOL:
            raise ProtocolError(
                "protocol-version", f"you speak the renderers' protocol {protocol}, this side {PROTOCOL}: update"
            )
        return cls(fields.person(), fields.choice("provider", PROVIDERS), fields.integer("most_faces", 1, _FACES))


@dataclass(frozen=True)
class Load:
    """Renderer, once a second: faces drawn, and which share of the time that takes of its thread and of its GPU."""

    type: ClassVar[str] = "load"
    faces: int
    busy: float
    """0–1: of the time between two pictures; 1 when pictures are late."""
    gpu: float | None = None
    """0–1, of the whole GPU, whoever uses it; None without one."""

    def _to_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"faces": self.faces, "busy": self.busy}
        if self.gpu is not None:
            fields["gpu"] = self.gpu
        return fields

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        gpu = _share(fields, "gpu") if fields.has("gpu") else None
        return cls(fields.integer("faces", 0, _FACES), _share(fields, "busy"), gpu)


@dataclass(frozen=True)
class Serve:
    """Server: show `viewer` the others in a room, which `token` opens; for a `view` known already: its next offer."""

    type: ClassVar[str] = "serve"
    view: int
    viewer: int
    """Id of the participant who looks, and does not see their own face."""
    room: str
    token: str
    request: View

    def _to_fields(self) -> dict[str, Any]:
        place = {"view": self.view, "viewer": self.viewer, "room": self.room, "token": self.token}
        return {**place, **self.request._to_fields()}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        view, viewer, room = _view(fields), fields.integer("viewer", 1, 255), fields.matching("room", ROOM_PATTERN)
        return cls(view, viewer, room, fields.text("token", _TOKEN_CHARACTERS), View._from_fields(fields))


@dataclass(frozen=True)
class EndView:
    """Server: nobody looks at this view any more."""

    type: ClassVar[str] = "end-view"
    view: int

    def _to_fields(self) -> dict[str, Any]:
        return {"view": self.view}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(_view(fields))


ForViewer = ViewAnswer | ViewPictures | ViewFailed
_FOR_VIEWER: dict[str, type[ForViewer]] = {kind.type: kind for kind in (ViewAnswer, ViewPictures, ViewFailed)}


@dataclass(frozen=True)
class OfView:
    """Renderer: hand this to who looks at the view."""

    type: ClassVar[str] = "of-view"
    view: int
    message: ForViewer

    def _to_fields(self) -> dict[str, Any]:
        return {"view": self.view, "kind": self.message.type, **self.message._to_fields()}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        view, kind = _view(fields), fields.choice("kind", tuple(_FOR_VIEWER))
        return cls(view, _FOR_VIEWER[kind]._from_fields(fields))


FromRenderer = Register | Load | OfView
ToRenderer = Serve | EndView

_FROM_RENDERER: dict[str, type[FromRenderer]] = {kind.type: kind for kind in (Register, Load, OfView)}
_TO_RENDERER: dict[str, type[ToRenderer]] = {kind.type: kind for kind in (Serve, EndView)}


def parse_from_renderer(data: bytes) -> FromRenderer:
    """Parse what a renderer sent; raises `ProtocolError` (`bad-message`, `protocol-version`)."""
    kind, fields = open_message(data)
    if kind not in _FROM_RENDERER:
        raise ProtocolError("bad-message", f"{shown(kind)} is not a message of a renderer")
    message = _FROM_RENDERER[kind]._from_fields(fields)
    fields.done()
    return message


def parse_to_renderer(data: bytes) -> ToRenderer:
    """Parse what a server sent to a renderer; raises `ProtocolError` (`bad-message`)."""
    kind, fields = open_message(data)
    if kind not in _TO_RENDERER:
        raise ProtocolError("bad-message", f"{shown(kind)} is not a message for a renderer")
    message = _TO_RENDERER[kind]._from_fields(fields)
    fields.done()
    return message


def _view(fields: Fields) -> int:
    return fields.integer("view", 1, _VIEWS)


def _share(fields: Fields, name: str) -> float:
    value = fields.take(name)
    if not isinstance(value, float | int) or isinstance(value, bool) or not 0 <= value <= 1:
        raise fields.refuse(name, value, "a number of 0–1")
    return float(value)
