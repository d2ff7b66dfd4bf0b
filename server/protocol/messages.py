"""Signalling messages: one class each, msgpack maps on the wire, parsed strictly (docs/protocol.md)."""

import re
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import msgpack

from server.protocol.message import (
    Flag,
    Message,
    ParticipantId,
    PersonName,
    Record,
    Wire,
    by_type,
    choice,
    integer,
    matching,
    parse,
    record,
    records,
    text,
    version,
)
from server.protocol.message_fields import Fields
from server.protocol.room_messages import (
    HostMessage,
    Knock,
    KnockGone,
    MuteRequested,
    RoomChanged,
    RoomState,
    Waiting,
)
from server.protocol.view_messages import MID, ErrorText, Sdp, View, ViewAnswer, ViewFailed, ViewPictures

PROTOCOL = 1
#: The source of who is nobody: through a renderer a participant who cannot decode sees the others.
RENDERER = "renderer"
SOURCES = ("camera", "file", "none", RENDERER)
LEAVE_REASONS = ("left", "lost", "removed")
ROOM_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")
ORIGIN_PATTERN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}")

Token = Annotated[str, text(2_000)]

_CODE_PATTERN = re.compile(r"[a-z-]{1,32}")
_PARTICIPANTS = 255
_SESSIONS = 1 << 32
_ICE_SERVERS = 16
_SLOTS = 7
_NODES = 16

_Source = Annotated[str, choice(SOURCES)]
_Pass = Annotated[str | None, text(2_000).optional("pass")]


@dataclass(frozen=True)
class ParticipantInfo(Record):
    """Somebody in a room: id 1–255, a name of 1–64 characters, and what feeds the face."""

    id: ParticipantId
    name: PersonName
    source: _Source
    session: Annotated[int, integer(0, _SESSIONS - 1)] = 0
    """Of 32 bits; the same when they come back, so that what was received of them before still counts."""
    away: Annotated[bool, Wire(Fields.flag).optional()] = False
    """Nothing comes from them just now; their seat is held."""

    @property
    def is_person(self) -> bool:
        """Whether this is somebody, not a renderer."""
        return self.source != RENDERER


@dataclass(frozen=True)
class Join(Message):
    """Client: let me in; with a join token if the link has one, with a pass if I was in before."""

    type: ClassVar[str] = "join"
    name: PersonName
    source: _Source
    protocol: Annotated[int, version(PROTOCOL, "you speak protocol {}, this side {}: reload the page or update")] = (
        PROTOCOL
    )
    token: Annotated[str | None, text(2_000).optional()] = None
    admission: _Pass = None


def _take_ice_servers(given: Fields, name: str) -> tuple[dict[str, str], ...]:
    servers = given.sequence(name, _ICE_SERVERS)
    for server in servers:
        if (
            not isinstance(server, dict)
            or "urls" not in server
            or not all(isinstance(key, str) and isinstance(value, str) for key, value in server.items())
        ):
            raise given.refuse(name, server, "maps of text with urls")
    return tuple(servers)


def _take_nodes(given: Fields, name: str) -> tuple[str, ...]:
    nodes = given.sequence(name, _NODES)
    for node in nodes:
        if not isinstance(node, str) or not ORIGIN_PATTERN.fullmatch(node):
            raise given.refuse(name, node, "origins like https://calls.example")
    return tuple(nodes)


@dataclass(frozen=True)
class Joined(Message):
    """Server: you are in, as `id`, together with `participants`; `admission` is the pass to come back with.

    `nodes` are origins of other servers by which you can come back if this one is gone, at most 16.
    """

    type: ClassVar[str] = "joined"
    id: ParticipantId
    participants: Annotated[tuple[ParticipantInfo, ...], records(ParticipantInfo, "participant", _PARTICIPANTS)]
    ice_servers: Annotated[tuple[dict[str, str], ...], Wire(_take_ice_servers)] = ()
    room: Annotated[RoomState, record(RoomState, "room")] = field(default_factory=RoomState)
    admission: _Pass = None
    nodes: Annotated[tuple[str, ...], Wire(_take_nodes).optional()] = ()


@dataclass(frozen=True)
class Offer(Message):
    """Client: an SDP offer with all its candidates."""

    type: ClassVar[str] = "offer"
    sdp: Sdp


@dataclass(frozen=True)
class Answer(Message):
    """Server: the SDP answer to the last offer."""

    type: ClassVar[str] = "answer"
    sdp: Sdp


def _take_slots(given: Fields, name: str) -> dict[str, int | None]:
    slots = given.mapping(name, _SLOTS)
    for mid, speaker in slots.items():
        if not isinstance(mid, str) or not MID.fullmatch(mid):
            raise given.refuse(name, mid, "a transceiver's mid")
        if speaker is not None and (type(speaker) is not int or not 1 <= speaker <= 255):
            raise given.refuse(name, speaker, "a participant's id or nil")
    return slots


@dataclass(frozen=True)
class Voices(Message):
    """Server: whose voice each of your voice slots carries, by transceiver `mid`."""

    type: ClassVar[str] = "voices"
    slots: Annotated[dict[str, int | None], Wire(_take_slots)]


@dataclass(frozen=True)
class ParticipantJoined(Message):
    """Server: somebody came."""

    type: ClassVar[str] = "participant-joined"
    participant: Annotated[ParticipantInfo, record(ParticipantInfo, "participant")]


@dataclass(frozen=True)
class ParticipantLeft(Message):
    """Server: somebody went, on purpose (`left`) or not (`lost`)."""

    type: ClassVar[str] = "participant-left"
    id: ParticipantId
    reason: Annotated[str, choice(LEAVE_REASONS)]


@dataclass(frozen=True)
class ParticipantAway(Message):
    """Server: nothing comes from somebody any more (`away`), or something does again."""

    type: ClassVar[str] = "participant-away"
    id: ParticipantId
    away: Flag


@dataclass(frozen=True)
class Leave(Message):
    """Client: goodbye."""

    type: ClassVar[str] = "leave"


@dataclass(frozen=True)
class Error(Message):
    """Server: what went wrong; the socket closes after it."""

    type: ClassVar[str] = "error"
    code: Annotated[str, matching(_CODE_PATTERN)]
    message: ErrorText


ClientMessage = Join | Offer | View | Leave | HostMessage
ServerMessage = (
    Joined
    | Answer
    | Voices
    | ParticipantJoined
    | ParticipantLeft
    | ParticipantAway
    | Waiting
    | Knock
    | KnockGone
    | MuteRequested
    | RoomChanged
    | ViewAnswer
    | ViewPictures
    | ViewFailed
    | Error
)

_CLIENT: dict[str, type[ClientMessage]] = by_type(ClientMessage)
_SERVER: dict[str, type[ServerMessage]] = by_type(ServerMessage)


def pack(message: Message) -> bytes:
    """Return the msgpack bytes of a message."""
    packed: bytes = msgpack.packb({"type": message.type, **message.to_map()})
    return packed


def parse_client_message(data: bytes) -> ClientMessage:
    """Parse what a client sent; raises `ProtocolError` (`bad-message`, `protocol-version`)."""
    return parse(data, _CLIENT, "a client")


def parse_server_message(data: bytes) -> ServerMessage:
    """Parse what a server sent; raises `ProtocolError` (`bad-message`)."""
    return parse(data, _SERVER, "a server")
