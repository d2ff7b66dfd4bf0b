"""What a server and a renderer say to each other on the WebSocket `/renderer` (docs/rendering.md)."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from server.protocol.message import (
    Message,
    ParticipantId,
    PersonName,
    by_type,
    choice,
    inline,
    integer,
    matching,
    number,
    parse,
    version,
)
from server.protocol.message_fields import Fields
from server.protocol.messages import ROOM_PATTERN, Token
from server.protocol.view_messages import View, ViewAnswer, ViewFailed, ViewPictures

PROTOCOL = 1
PROVIDERS = ("cpu", "cuda")
LONGEST_PICTURE_MS = 60_000

_FACES = 10_000
_VIEWS = (1 << 32) - 1

_ViewId = Annotated[int, integer(1, _VIEWS)]


@dataclass(frozen=True)
class Register(Message):
    """Renderer: here I am, this is what I draw with, and so many faces are the most I draw."""

    type: ClassVar[str] = "register"
    name: PersonName
    provider: Annotated[str, choice(PROVIDERS)]
    most_faces: Annotated[int, integer(1, _FACES)]
    protocol: Annotated[int, version(PROTOCOL, "you speak the renderers' protocol {}, this side {}: update")] = PROTOCOL


@dataclass(frozen=True)
class Load(Message):
    """Renderer, once a second: faces drawn, and which share of the time that takes of its thread and of its GPU."""

    type: ClassVar[str] = "load"
    faces: Annotated[int, integer(0, _FACES)]
    busy: Annotated[float, number(0, 1)]
    """0–1: of the time between two pictures; 1 when pictures are late."""
    gpu: Annotated[float | None, number(0, 1).optional()] = None
    """0–1, of the whole GPU, whoever uses it; None without one."""
    picture_ms: Annotated[float | None, number(0, LONGEST_PICTURE_MS).optional()] = None
    """What a picture takes lately, decoded, drawn and encoded; None before the first."""


@dataclass(frozen=True)
class Serve(Message):
    """Server: show `viewer` the others in a room, which `token` opens; for a `view` known already: its next offer."""

    type: ClassVar[str] = "serve"
    view: _ViewId
    viewer: ParticipantId
    """Id of the participant who looks, and does not see their own face."""
    room: Annotated[str, matching(ROOM_PATTERN)]
    token: Token
    request: Annotated[View, inline(View)]


@dataclass(frozen=True)
class EndView(Message):
    """Server: nobody looks at this view any more."""

    type: ClassVar[str] = "end-view"
    view: _ViewId


ForViewer = ViewAnswer | ViewPictures | ViewFailed
_FOR_VIEWER: dict[str, type[ForViewer]] = by_type(ForViewer)


@dataclass(frozen=True)
class OfView(Message):
    """Renderer: hand this to who looks at the view; its type travels as `kind`, beside its fields."""

    type: ClassVar[str] = "of-view"
    view: _ViewId
    message: ForViewer

    def to_map(self) -> dict[str, Any]:
        """Return the msgpack map."""
        return {"view": self.view, "kind": self.message.type, **self.message.to_map()}

    @classmethod
    def from_fields(cls, given: Fields) -> Self:
        """Take the fields; raises `ProtocolError`."""
        view, kind = given.integer("view", 1, _VIEWS), given.choice("kind", tuple(_FOR_VIEWER))
        return cls(view, _FOR_VIEWER[kind].from_fields(given))


FromRenderer = Register | Load | OfView
ToRenderer = Serve | EndView

_FROM_RENDERER: dict[str, type[FromRenderer]] = by_type(FromRenderer)
_TO_RENDERER: dict[str, type[ToRenderer]] = by_type(ToRenderer)


def parse_from_renderer(data: bytes) -> FromRenderer:
    """Parse what a renderer sent; raises `ProtocolError` (`bad-message`, `protocol-version`)."""
    return parse(data, _FROM_RENDERER, "a renderer")


def parse_to_renderer(data: bytes) -> ToRenderer:
    """Parse what a server sent to a renderer; raises `ProtocolError` (`bad-message`)."""
    return parse(data, _TO_RENDERER, "a renderer's server")
