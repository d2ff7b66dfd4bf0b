"""What a host may do to a room and who is in it (docs/protocol.md, "Rooms")."""

from server.errors import ProtocolError
from server.room import Participant
from server.room_messages import AnswerKnock, EndRoom, HostMessage, MuteRequested, Remove, RequestMute, SetRoom
from server.rooms import Rooms


def use_power(rooms: Rooms, participant: Participant, message: HostMessage) -> None:
    """Do what a participant asks as host; what concerns somebody who has just gone does nothing.

    Raises `ProtocolError` (`not-host`).
    """
    room = rooms.room_of(participant)
    if not room.is_host(participant):
        raise ProtocolError("not-host", f"{message.type} is for hosts only")
    match message:
        case AnswerKnock(knock, admit):
            rooms.answer_knock(room, knock, admit=admit)
        case SetRoom(locked, lobby):
            rooms.set_door(room, locked=locked, lobby=lobby)
        case RequestMute(target) if target in room.participants:
            room.participants[target].tell(MuteRequested())
        case Remove(target) if target != participant.id:
            rooms.remove(room, target)
        case EndRoom():
            rooms.end(room.name, ProtocolError("room-ended", "the host has ended the call"), stays_ended=True)
