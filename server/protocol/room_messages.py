"""Signalling messages about a room's door and its hosts (docs/protocol.md, "Rooms")."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from server.protocol.message import Flag, Message, ParticipantId, PersonName, Record, Wire, inline, integer
from server.protocol.message_fields import Fields

KNOCKS = 65_535

_HOSTS = 255

_KnockId = Annotated[int, integer(1, KNOCKS)]


def _take_hosts(given: Fields, name: str) -> tuple[int, ...]:
    hosts = given.sequence(name, _HOSTS)
    if not all(type(host) is int and 1 <= host <= 255 for host in hosts):
        raise given.refuse(name, hosts, "ids of participants")
    return tuple(hosts)


@dataclass(frozen=True)
class RoomState(Record):
    """Whether a room takes newcomers, whether they must wait for a host, and who the hosts are (ids)."""

    locked: Flag = False
    lobby: Flag = False
    hosts: Annotated[tuple[int, ...], Wire(_take_hosts)] = ()


@dataclass(frozen=True)
class Waiting(Message):
    """Server: a host must let you in; keep the socket open."""

    type: ClassVar[str] = "waiting"


@dataclass(frozen=True)
class Knock(Message):
    """Server, to hosts: somebody waits to be let in; `id` (1–65535) is of the knock."""

    type: ClassVar[str] = "knock"
    id: _KnockId
    name: PersonName


@dataclass(frozen=True)
class KnockGone(Message):
    """Server, to hosts: nobody waits under that id any more."""

    type: ClassVar[str] = "knock-gone"
    id: _KnockId


@dataclass(frozen=True)
class AnswerKnock(Message):
    """Client, a host: let somebody in, or send them away."""

    type: ClassVar[str] = "answer-knock"
    id: _KnockId
    admit: Flag


@dataclass(frozen=True)
class RoomChanged(Message):
    """Server: the room's state is now this, field by field."""

    type: ClassVar[str] = "room"
    room: Annotated[RoomState, inline(RoomState)]


@dataclass(frozen=True)
class SetRoom(Message):
    """Client, a host: lock the room, or make newcomers wait."""

    type: ClassVar[str] = "set-room"
    locked: Flag
    lobby: Flag


@dataclass(frozen=True)
class RequestMute(Message):
    """Client, a host: ask a participant to mute."""

    type: ClassVar[str] = "request-mute"
    id: ParticipantId


@dataclass(frozen=True)
class MuteRequested(Message):
    """Server: a host asks you to mute."""

    type: ClassVar[str] = "mute-requested"


@dataclass(frozen=True)
class Remove(Message):
    """Client, a host: send a participant away."""

    type: ClassVar[str] = "remove"
    id: ParticipantId


@dataclass(frozen=True)
class EndRoom(Message):
    """Client, a host: end the call for everybody."""

    type: ClassVar[str] = "end-room"


HostMessage = AnswerKnock | SetRoom | RequestMute | Remove | EndRoom
