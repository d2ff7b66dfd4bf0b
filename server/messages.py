"""Signalling messages: one class each, msgpack maps on the wire, parsed strictly (docs/protocol.md)."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import msgpack

from server.errors import ProtocolError

PROTOCOL = 1
NAME_CHARACTERS = 64
SOURCES = ("camera", "file", "none")
LEAVE_REASONS = ("left", "lost")
ROOM_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,64}")

_MID_PATTERN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,16}")
_CODE_PATTERN = re.compile(r"[a-z-]{1,32}")
_SDP_CHARACTERS = 60_000
_PARTICIPANTS = 255
_SLOTS = 7


class _Fields:
    """The fields of one message, taken out one by one; `done` refuses any that are left."""

    def __init__(self, kind: str, fields: dict[str, Any]) -> None:
        self._kind = kind
        self._fields = fields

    def take(self, name: str) -> Any:
        if name not in self._fields:
            raise ProtocolError("bad-message", f"{self._kind} lacks the field {name!r}")
        return self._fields.pop(name)

    def text(self, name: str, longest: int, shortest: int = 1) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not shortest <= len(value) <= longest:
            raise self.refuse(name, value, f"text of {shortest}–{longest} characters")
        return value

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self.refuse(name, value, f"text like {pattern.pattern}")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.take(name)
        if not isinstance(value, str) or value not in choices:
            raise self.refuse(name, value, "one of " + ", ".join(choices))
        return value

    def integer(self, name: str, least: int, most: int) -> int:
        value = self.take(name)
        if type(value) is not int or not least <= value <= most:
            raise self.refuse(name, value, f"an integer of {least}–{most}")
        return value

    def sequence(self, name: str, most: int) -> list[Any]:
        value = self.take(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.refuse(name, value, f"a list of at most {most}")
        return value

    def mapping(self, name: str, most: int) -> dict[Any, Any]:
        value = self.take(name)
        if not isinstance(value, dict) or len(value) > most:
            raise self.refuse(name, value, f"a map of at most {most}")
        return value

    def done(self) -> None:
        if self._fields:
            raise ProtocolError("bad-message", f"{self._kind} has unknown fields: {_shown(sorted(self._fields))}")

    def refuse(self, name: str, value: object, wanted: str) -> ProtocolError:
        return ProtocolError("bad-message", f"{self._kind}: {name} is {_shown(value)}, expected {wanted}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


@dataclass(frozen=True)
class ParticipantInfo:
    """Somebody in a room: id 1–255, a name of 1–64 characters, and what feeds the face."""

    id: int
    name: str
    source: str

    def to_map(self) -> dict[str, Any]:
        """Return the msgpack map of `participants` and `participant`."""
        return {"id": self.id, "name": self.name, "source": self.source}

    @classmethod
    def from_map(cls, value: object) -> Self:
        """Parse such a map; raises `ProtocolError`."""
        if not isinstance(value, dict):
            raise ProtocolError("bad-message", f"a participant is {_shown(value)}, expected a map")
        fields = _Fields("participant", dict(value))
        parsed = cls(fields.integer("id", 1, 255), _name(fields), fields.choice("source", SOURCES))
        fields.done()
        return parsed


def _name(fields: _Fields) -> str:
    name = fields.text("name", NAME_CHARACTERS)
    if name != name.strip() or any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise fields.refuse("name", name, "text without control characters or surrounding blanks")
    return name


@dataclass(frozen=True)
class Join:
    """Client: let me in."""

    type: ClassVar[str] = "join"
    name: str
    source: str
    protocol: int = PROTOCOL

    def _to_fields(self) -> dict[str, Any]:
        return {"protocol": self.protocol, "name": self.name, "source": self.source}

    @classmethod
    def _from_fields(cls, fields: _Fields) -> Self:
        protocol = fields.integer("protocol", 0, 65535)
        if protocol != PROTOCOL:
            raise ProtocolError(
                "protocol-version",
                f"you speak protocol {protocol}, this side {PROTOCOL}: reload the page or update",
            )
        return cls(_name(fields), fields.choice("source", SOURCES), protocol)


@dataclass(frozen=True)
class Joined:
    """Server: you are in, as `id`, together with `participants`."""

    type: ClassVar[str] = "joined"
    id: int
    participants: tuple[ParticipantInfo, ...]
    ice_servers: tuple[dict[str, str], ...] = ()

    def _to_fields(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "participants": [participant.to_map() for participant in self.participants],
            "ice_servers": list(self.ice_servers),
        }

    @classmethod
    def _from_fields(cls, fields: _Fields) -> Self:
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
        return cls(own_id, participants, tuple(servers))


@dataclass(frozen=True)
class Offer:
    """Client: an SDP offer with all its candidates."""

    type: ClassVar[str] = "offer"
    sdp: str

    def _to_fields(self) -> dict[str, Any]:
        return {"sdp": self.sdp}

    @classmethod
    def _from_fields(cls, fields: _Fields) -> Self:
        return cls(fields.text("sdp", _SDP_CHARACTERS))


@dataclass(frozen=True)
class Answer:
    """Server: the SDP answer to the last offer."""

    type: ClassVar[str] = "answer"
    sdp: str

    def _to_fields(self) -> dict[str, Any]:
        return {"sdp": self.sdp}

    @classmethod
    def _from_fields(cls, fields: _Fields) -> Self:
        return cls(fields.text("sdp", _SDP_CHARACTERS))


@dataclass(frozen=True)
class Voices:
    """Server: whose voice each of your voice slots carries, by transceiver `mid`."""

    type: ClassVar[str] = "voices"
    slots: dict[str, int | None]

    def _to_fields(self) -> dict[str, Any]:
        return {"slots": self.slots}

    @classmethod
    def _from_fields(cls, fields: _Fields) -> Self:
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
    def _from_fields(cls, fields: _Fields) -> Self:
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
    def _from_fields(cls, fields: _Fields) -> Self:
        return cls(fields.integer("id", 1, 255), fields.choice("reason", LEAVE_REASONS))


@dataclass(frozen=True)
class Leave:
    """Client: goodbye."""

    type: ClassVar[str] = "leave"

    def _to_fields(self) -> dict[str, Any]:
        return {}

    @classmethod
    def _from_fields(cls, fields: _Fields) -> Self:
        return cls()


@dataclass(frozen=True)
class Error:
    """Server: what went wrong; the socket closes after it."""

    type: ClassVar[str] = "error"
    code: str
    message: str

    def _to_fields(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message}

    @classmethod
    def _from_fields(cls, fields: _Fields) -> Self:
        return cls(fields.matching("code", _CODE_PATTERN), fields.text("message", 1000, shortest=0))


ClientMessage = Join | Offer | Leave
ServerMessage = Joined | Answer | Voices | ParticipantJoined | ParticipantLeft | Error

_CLIENT: dict[str, type[ClientMessage]] = {kind.type: kind for kind in (Join, Offer, Leave)}
_SERVER: dict[str, type[ServerMessage]] = {
    kind.type: kind for kind in (Joined, Answer, Voices, ParticipantJoined, ParticipantLeft, Error)
}


def pack(message: ClientMessage | ServerMessage) -> bytes:
    """Return the msgpack bytes of a message."""
    packed: bytes = msgpack.packb({"type": message.type, **message._to_fields()})
    return packed


def unpack_map(data: bytes) -> dict[str, Any]:
    """Return the one msgpack map in `data`; raises `ProtocolError` (`bad-message`) for anything else."""
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True)
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:
        raise ProtocolError("bad-message", f"not msgpack: {_shown(data)}") from error
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ProtocolError("bad-message", f"{_shown(value)} is not a msgpack map with text for keys")
    return value


def parse_client_message(data: bytes) -> ClientMessage:
    """Parse what a client sent; raises `ProtocolError` (`bad-message`, `protocol-version`)."""
    kind, fields = _open(data)
    if kind not in _CLIENT:
        raise ProtocolError("bad-message", f"{_shown(kind)} is not a message of a client")
    message = _CLIENT[kind]._from_fields(fields)
    fields.done()
    return message


def parse_server_message(data: bytes) -> ServerMessage:
    """Parse what a server sent; raises `ProtocolError` (`bad-message`)."""
    kind, fields = _open(data)
    if kind not in _SERVER:
        raise ProtocolError("bad-message", f"{_shown(kind)} is not a message of a server")
    message = _SERVER[kind]._from_fields(fields)
    fields.done()
    return message


def _open(data: bytes) -> tuple[str, _Fields]:
    value = unpack_map(data)
    kind = value.pop("type", None)
    if not isinstance(kind, str):
        raise ProtocolError("bad-message", f"type is {_shown(kind)}, expected text")
    return kind, _Fields(kind[:32], value)
