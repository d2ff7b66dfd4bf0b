"""Signalling messages: one class each, msgpack maps on the wire, parsed strictly (docs/protocol.md)."""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import msgpack

from server.errors import ProtocolError
from server.protocol.message_fields import Bare, Fields, Message, open_message, shown
from server.protocol.room_messages import (
    AnswerKnock,
    EndRoom,
    HostMessage,
    Knock,
    KnockGone,
    MuteRequested,
    Remove,
    RequestMute,
    RoomChanged,
    RoomState,
    SetRoom,
    Waiting,
)
from server.protocol.view_messages import SDP_CHARACTERS, View, ViewAnswer, ViewFailed, ViewPictures

PROTOCOL = 1
#: The source of who is nobody: through a renderer a participant who cannot decode sees the others.
RENDERER = "renderer"
SOURCES = ("camera", "file", "none", RENDERER)
LEAVE_REASONS = ("left", "lost", "removed")
ROOM_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")
ORIGIN_PATTERN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}")

_MID_PATTERN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,16}")
_CODE_PATTERN = re.compile(r"[a-z-]{1,32}")
_TOKEN_CHARACTERS = 2_000
_PARTICIPANTS = 255
_SESSIONS = 1 << 32
_SLOTS = 7
_NODES = 16


@dataclass(frozen=True)
class ParticipantInfo:
    """Somebody in a room: id 1–255, a name of 1–64 characters, and what feeds the face."""

    id: int
    name: str
    source: str
    session: int = 0
    """Of 32 bits; the same when they come back, so that what was received of them before still counts."""
    away: bool = False
    """Nothing comes from them just now; their seat is held."""

    @property
    def is_person(self) -> bool:
        """Whether this is somebody, not a renderer."""
        return self.source != RENDERER

    def to_map(self) -> dict[str, Any]:
        """Return the msgpack map of `participants` and `participant`."""
        away = {"away": True} if self.away else {}
        return {"id": self.id, "name": self.name, "source": self.source, "session": self.session, **away}

    @classmethod
    def from_map(cls, value: object) -> Self:
        """Parse such a map; raises `ProtocolError`."""
        if not isinstance(value, dict):
            raise ProtocolError("bad-message", f"a participant is {shown(value)}, expected a map")
        fields = Fields("participant", dict(value))
        parsed = cls(
            fields.integer("id", 1, 255),
            fields.person(),
            fields.choice("source", SOURCES),
            fields.integer("session", 0, _SESSIONS - 1),
            fields.flag("away") if fields.has("away") else False,
        )
        fields.done()
        return parsed


@dataclass(frozen=True)
class Join:
    """Client: let me in; with a join token if the link has one, with a pass if I was in before."""

    type: ClassVar[str] = "join"
    name: str
    source: str
    protocol: int = PROTOCOL
    token: str | None = None
    admission: str | None = None

    def _to_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"protocol": self.protocol, "name": self.name, "source": self.source}
        if self.token is not None:
            fields["token"] = self.token
        if self.admission is not None:
            fields["pass"] = self.admission
        return fields

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        protocol = fields.integer("protocol", 0, 65535)
        if protocol != PROTOCOL:
            raise ProtocolError(
                "protocol-version",
                f"you speak protocol {protocol}, this side {PROTOCOL}: reload the page or update",
            )
        name, source = fields.person(), fields.choice("source", SOURCES)
        token = fields.text("token", _TOKEN_CHARACTERS) if fields.has("token") else None
        admission = fields.text("pass", _TOKEN_CHARACTERS) if fields.has("pass") else None
        return cls(name, source, protocol, token, admission)


@dataclass(frozen=True)
class Joined:
    """Server: you are in, as `id`, together with `participants`; `admission` is the pass to come back with.

    `nodes` are origins of other servers by which you can come back if this one is gone.
    """

    type: ClassVar[str] = "joined"
    id: int
    participants: tuple[ParticipantInfo, ...]
    ice_servers: tuple[dict[str, str], ...] = ()
    room: RoomState = field(default_factory=RoomState)
    admission: str | None = None
    nodes: tuple[str, ...] = ()

    def _to_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "id": self.id,
            "participants": [participant.to_map() for participant in self.participants],
            "ice_servers": list(self.ice_servers),
            "room": self.room.to_map(),
        }
        if self.admission is not None:
            fields["pass"] = self.admission
        if self.nodes:
            fields["nodes"] = list(self.nodes[:_NODES])
        return fields

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        own_id = fields.integer("id", 1, 255)
        participants = tuple(
            ParticipantInfo.from_map(value) for value in fields.sequence("participants", _PARTICIPANTS)
        )
        servers = fields.sequence("ice_servers", 16)
        for server in servers:
            if (
                not isinstance(server, dict)
                or "urls" not in server
                or not all(isinstance(key, str) and isinstance(value, str) for key, value in server.items())
            ):
                raise fields.refuse("ice_servers", server, "maps of text with urls")
        room = Fields("room", fields.mapping("room", 3))
        state = RoomState.from_fields(room)
        room.done()
        admission = fields.text("pass", _TOKEN_CHARACTERS) if fields.has("pass") else None
        nodes = fields.sequence("nodes", _NODES) if fields.has("nodes") else []
        for node in nodes:
            if not isinstance(node, str) or not ORIGIN_PATTERN.fullmatch(node):
                raise fields.refuse("nodes", node, "origins like https://calls.example")
        return cls(own_id, participants, tuple(servers), state, admission, tuple(nodes))


@dataclass(frozen=True)
class Offer:
    """Client: an SDP offer with all its candidates."""

    type: ClassVar[str] = "offer"
    sdp: str

    def _to_fields(self) -> dict[str, Any]:
        return {"sdp": self.sdp}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.text("sdp", SDP_CHARACTERS))


@dataclass(frozen=True)
class Answer:
    """Server: the SDP answer to the last offer."""

    type: ClassVar[str] = "answer"
    sdp: str

    def _to_fields(self) -> dict[str, Any]:
        return {"sdp": self.sdp}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.text("sdp", SDP_CHARACTERS))


@dataclass(frozen=True)
class Voices:
    """Server: whose voice each of your voice slots carries, by transceiver `mid`."""

    type: ClassVar[str] = "voices"
    slots: dict[str, int | None]

    def _to_fields(self) -> dict[str, Any]:
        return {"slots": self.slots}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        slots = fields.mapping("slots", _SLOTS)
        for mid, speaker in slots.items():
            if not isinstance(mid, str) or not _MID_PATTERN.fullmatch(mid):
                raise fields.refuse("slots", mid, "a transceiver's mid")
            if speaker is not None and (type(speaker) is not int or not 1 <= speaker <= 255):
                raise fields.refuse("slots", speaker, "a participant's id or nil")
        return cls(slots)


@dataclass(frozen=True)
class ParticipantJoined:
    """Server: somebody came."""

    type: ClassVar[str] = "participant-joined"
    participant: ParticipantInfo

    def _to_fields(self) -> dict[str, Any]:
        return {"participant": self.participant.to_map()}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(ParticipantInfo.from_map(fields.take("participant")))


@dataclass(frozen=True)
class ParticipantLeft:
    """Server: somebody went, on purpose (`left`) or not (`lost`)."""

    type: ClassVar[str] = "participant-left"
    id: int
    reason: str

    def _to_fields(self) -> dict[str, Any]:
        return {"id": self.id, "reason": self.reason}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.integer("id", 1, 255), fields.choice("reason", LEAVE_REASONS))


@dataclass(frozen=True)
class ParticipantAway:
    """Server: nothing comes from somebody any more (`away`), or something does again."""

    type: ClassVar[str] = "participant-away"
    id: int
    away: bool

    def _to_fields(self) -> dict[str, Any]:
        return {"id": self.id, "away": self.away}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.integer("id", 1, 255), fields.flag("away"))


@dataclass(frozen=True)
class Leave(Bare):
    """Client: goodbye."""

    type: ClassVar[str] = "leave"


@dataclass(frozen=True)
class Error:
    """Server: what went wrong; the socket closes after it."""

    type: ClassVar[str] = "error"
    code: str
    message: str

    def _to_fields(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.matching("code", _CODE_PATTERN), fields.text("message", 1000, shortest=0))


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

_CLIENT: dict[str, type[ClientMessage]] = {
    kind.type: kind for kind in (Join, Offer, View, Leave, AnswerKnock, SetRoom, RequestMute, Remove, EndRoom)
}
_SERVER: dict[str, type[ServerMessage]] = {
    kind.type: kind
    for kind in (
        *(Joined, Answer, Voices, ParticipantJoined, ParticipantLeft, ParticipantAway),
        *(Waiting, Knock, KnockGone, MuteRequested, RoomChanged),
        *(ViewAnswer, ViewPictures, ViewFailed, Error),
    )
}


def pack(message: Message) -> bytes:
    """Return the msgpack bytes of a message."""
    packed: bytes = msgpack.packb({"type": message.type, **message._to_fields()})
    return packed


def parse_client_message(data: bytes) -> ClientMessage:
    """Parse what a client sent; raises `ProtocolError` (`bad-message`, `protocol-version`)."""
    kind, fields = open_message(data)
    if kind not in _CLIENT:
        raise ProtocolError("bad-message", f"{shown(kind)} is not a message of a client")
    message = _CLIENT[kind]._from_fields(fields)
    fields.done()
    return message


def parse_server_message(data: bytes) -> ServerMessage:
    """Parse what a server sent; raises `ProtocolError` (`bad-message`)."""
    kind, fields = open_message(data)
    if kind not in _SERVER:
        raise ProtocolError("bad-message", f"{shown(kind)} is not a message of a server")
    message = _SERVER[kind]._from_fields(fields)
    fields.done()
    return message
