"""Signalling messages about a room's door and its hosts (docs/protocol.md, "Rooms")."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from server.protocol.message_fields import Bare, Fields

KNOCKS = 65_535

_HOSTS = 255


@dataclass(frozen=True)
class RoomState:
    """Whether a room takes newcomers, whether they must wait for a host, and who the hosts are (ids)."""

    locked: bool = False
    lobby: bool = False
    hosts: tuple[int, ...] = ()

    def to_map(self) -> dict[str, Any]:
        """Return the msgpack map."""
        return {"locked": self.locked, "lobby": self.lobby, "hosts": list(self.hosts)}

    @classmethod
    def from_fields(cls, fields: Fields) -> Self:
        """Parse such a map; raises `ProtocolError`."""
        locked, lobby, hosts = fields.flag("locked"), fields.flag("lobby"), fields.sequence("hosts", _HOSTS)
        if not all(type(host) is int and 1 <= host <= 255 for host in hosts):
            raise fields.refuse("hosts", hosts, "ids of participants")
        return cls(locked, lobby, tuple(hosts))


@dataclass(frozen=True)
class Waiting(Bare):
    """Server: a host must let you in; keep the socket open."""

    type: ClassVar[str] = "waiting"


@dataclass(frozen=True)
class Knock:
    """Server, to hosts: somebody waits to be let in; `id` (1–65535) is of the knock."""

    type: ClassVar[str] = "knock"
    id: int
    name: str

    def _to_fields(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.integer("id", 1, KNOCKS), fields.person())


@dataclass(frozen=True)
class KnockGone:
    """Server, to hosts: nobody waits under that id any more."""

    type: ClassVar[str] = "knock-gone"
    id: int

    def _to_fields(self) -> dict[str, Any]:
        return {"id": self.id}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.integer("id", 1, KNOCKS))


@dataclass(frozen=True)
class AnswerKnock:
    """Client, a host: let somebody in, or send them away."""

    type: ClassVar[str] = "answer-knock"
    id: int
    admit: bool

    def _to_fields(self) -> dict[str, Any]:
        return {"id": self.id, "admit": self.admit}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.integer("id", 1, KNOCKS), fields.flag("admit"))


@dataclass(frozen=True)
class RoomChanged:
    """Server: the room's state is now this."""

    type: ClassVar[str] = "room"
    room: RoomState

    def _to_fields(self) -> dict[str, Any]:
        return self.room.to_map()

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(RoomState.from_fields(fields))


@dataclass(frozen=True)
class SetRoom:
    """Client, a host: lock the room, or make newcomers wait."""

    type: ClassVar[str] = "set-room"
    locked: bool
    lobby: bool

    def _to_fields(self) -> dict[str, Any]:
        return {"locked": self.locked, "lobby": self.lobby}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.flag("locked"), fields.flag("lobby"))


@dataclass(frozen=True)
class _AboutParticipant:
    """A message that names one participant."""

    id: int

    def _to_fields(self) -> dict[str, Any]:
        return {"id": self.id}

    @classmethod
    def _from_fields(cls, fields: Fields) -> Self:
        return cls(fields.integer("id", 1, 255))


@dataclass(frozen=True)
class RequestMute(_AboutParticipant):
    """Client, a host: ask a participant to mute."""

    type: ClassVar[str] = "request-mute"


@dataclass(frozen=True)
class MuteRequested(Bare):
    """Server: a host asks you to mute."""

    type: ClassVar[str] = "mute-requested"


@dataclass(frozen=True)
class Remove(_AboutParticipant):
    """Client, a host: send a participant away."""

    type: ClassVar[str] = "remove"


@dataclass(frozen=True)
class EndRoom(Bare):
    """Client, a host: end the call for everybody."""

    type: ClassVar[str] = "end-room"


HostMessage = AnswerKnock | SetRoom | RequestMute | Remove | EndRoom
