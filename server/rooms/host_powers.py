"""What a host may do to a room and who is in it (docs/protocol.md, "Rooms")."""

from server.protocol.room_messages import AnswerKnock, EndRoom, HostMessage, MuteRequested, Remove, RequestMute, SetRoom
from server.rooms.record import RoomRecord
from server.rooms.room import Participant
from server.rooms.rooms import Rooms
from server.settings import Settings

_ENDED = "the host has ended the call"


async def use_power(rooms: Rooms, participant: Participant, message: HostMessage, settings: Settings) -> None:
    """Do what a participant asks as host; what concerns somebody who has just gone does nothing.

    Raises `ProtocolError` (`not-host`; `going-away` if the other nodes cannot be reached).
    """

    def change(record: RoomRecord) -> None:
        record.require_host(participant.seat.visit)
        match message:
            case AnswerKnock(knock, admit):
                record.answer_knock(knock, settings, admit=admit)
            case SetRoom(locked, lobby):
                record.set_door(settings, locked=locked, lobby=lobby)
            case Remove(target) if target != participant.id:
                record.remove(target)
            case EndRoom():
                record.end(_ENDED)

    await rooms.change(participant, change)
    if isinstance(message, RequestMute):
        rooms.tell(participant, message.id, MuteRequested())
