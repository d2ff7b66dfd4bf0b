"""What a host may do to a room and who is in it (docs/protocol.md, "Rooms")."""

from server.errors import ProtocolError
from server.protocol.room_messages import AnswerKnock, EndRoom, HostMessage, MuteRequested, Remove, RequestMute, SetRoom
from server.rooms.open_room import OpenRoom
from server.rooms.room import Participant
from server.rooms.rooms import Rooms


def use_power(rooms: Rooms, participant: Participant, message: HostMessage) -> None:
    """Do what a participant asks as host; what concerns somebody who has just gone does nothing.

    Raises `ProtocolError` (`not-host`).
    """
    room = rooms.room_of(participant)
    if not room.is_host(participant):
        raise ProtocolError("not-host", f"{message.type} is for hosts only")
    match message:
        case AnswerKnock(knock, True):
            _let_in(rooms, room, knock)
        case AnswerKnock(knock, False):
            _send_away(room, knock, ProtocolError("not-admitted", "the host does not let you in"))
        case SetRoom(locked, lobby):
            _set_door(rooms, room, locked=locked, lobby=lobby)
        case RequestMute(target) if target in room.participants:
            room.participants[target].tell(MuteRequested())
        case Remove(target) if target in room.participants and target != participant.id:
            _remove(rooms, room, room.participants[target])
        case EndRoom():
            rooms.end(room.name, ProtocolError("room-ended", "the host has ended the call"), stays_ended=True)


def _let_in(rooms: Rooms, room: OpenRoom, knock: int) -> None:
    visitor = room.lobby.take(knock)
    if visitor is None:
        return
    room.tell_hosts([room.lobby.gone(knock)])
    try:
        rooms.admit(room, visitor)
    except ProtocolError as error:
        visitor.end(error)


def _send_away(room: OpenRoom, knock: int, error: ProtocolError) -> None:
    visitor = room.lobby.take(knock)
    if visitor is not None:
        room.tell_hosts([room.lobby.gone(knock)])
        visitor.end(error)


def _set_door(rooms: Rooms, room: OpenRoom, *, locked: bool, lobby: bool) -> None:
    """Who waits comes in when the door opens, and goes when it locks."""
    room.record.locked, room.record.lobby = locked, lobby
    rooms.remember(room)
    room.tell_state()
    for knock in room.lobby.waiting():
        if locked:
            _send_away(room, knock, ProtocolError("room-locked", f"{room.name} was locked"))
        elif not lobby:
            _let_in(rooms, room, knock)


def _remove(rooms: Rooms, room: OpenRoom, participant: Participant) -> None:
    """Send a participant away, whose pass then is void."""
    room.record.remove(participant.person)
    rooms.remember(room)
    rooms.leave(participant, "removed")
    participant.end(ProtocolError("removed", "a host has removed you from this room"))
