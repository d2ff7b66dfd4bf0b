"""A room as one node sees it: the record that all nodes share, and the people whom this node serves."""

import asyncio
import logging
from collections.abc import Callable

from server.bus.bus import Bus, Subscription
from server.errors import ProtocolError
from server.operations.metrics import Metrics
from server.protocol.messages import (
    Joined,
    ParticipantAway,
    ParticipantInfo,
    ParticipantJoined,
    ParticipantLeft,
    ServerMessage,
    parse_server_message,
)
from server.protocol.room_messages import RoomChanged, RoomState
from server.rooms.crossing import MEDIA, RECORD, TELL, ChangedRecord
from server.rooms.lobby import KnockBoard, Lobby
from server.rooms.record import Presence, RoomRecord
from server.rooms.room import Participant, Room, Visitor
from server.rooms.room_store import Stored
from server.settings import Settings

logger = logging.getLogger(__name__)

Welcome = Callable[[Participant, tuple[ParticipantInfo, ...]], Joined]
"""Returns what a newcomer is told, given who else is there."""


class OpenRoom(Room):
    """A room in which people of this node are, come or wait. It acts on what changes in its record."""

    def __init__(self, name: str, settings: Settings, metrics: Metrics, bus: Bus, welcome: Welcome) -> None:
        super().__init__(name, settings, metrics, bus)
        self._welcome = welcome
        self.record = RoomRecord(name=name)
        self.revision = 0
        """Number of the latest change that this node knows of."""
        self.is_stored = False
        """Whether the store has a record of the room."""
        self.changing = asyncio.Lock()
        self.subscription: Subscription | None = None
        self.visitors: dict[str, Visitor] = {}
        """Who is on the way in or waits, by visit."""
        self.silent: set[str] = set()
        """Visits of people of this node from whom nothing comes."""
        self.lobby = Lobby(settings.room)
        self.is_behind = False
        """Whether the record says of this node's people what is not so."""
        self._knocks = KnockBoard()

    @property
    def state(self) -> RoomState:
        """What everybody in the room may know of its door."""
        hosts = tuple(seat.id for seat in self.present.values() if self.record.is_host(seat))
        return RoomState(self.record.locked, self.record.lobby, hosts)

    @property
    def is_unused(self) -> bool:
        """Whether nobody of this node is in the room, or on the way."""
        holds = any(seat.node == self.bus.node for seat in self.present.values())
        return not (holds or self.participants or self.visitors or self.changing.locked())

    def is_host(self, participant: Participant) -> bool:
        """Tell whether a participant may use a host's powers."""
        return self.record.is_host(participant.seat)

    def tell(self, recipient: int, message: ServerMessage) -> None:
        """Tell a participant something, if this node serves them."""
        if recipient in self.participants:
            self.participants[recipient].tell(message)

    def tell_state(self) -> None:
        """Tell everybody here what the room's state is, if they do not know."""
        state = self.state
        for participant in self.participants.values():
            if participant.known_state != state:
                participant.known_state = state
                participant.tell(RoomChanged(state))

    def on_bus(self, word: str, message: bytes) -> None:
        """Take what another node says about this room."""
        try:
            if word == MEDIA:
                self.hear(message)
            elif word == RECORD:
                changed = ChangedRecord.parse(message)
                self.apply(changed.record, changed.revision)
            elif word == TELL and message:
                self.tell(message[0], parse_server_message(message[1:]))
        except ProtocolError as error:
            logger.warning("another node said something strange", extra={"room": self.name, "reason": str(error)})

    def take(self, stored: Stored | None) -> None:
        """Begin with what the store has; what was empty for long begins anew."""
        self.is_stored = stored is not None
        self.record = RoomRecord(name=self.name)
        if stored is not None:
            self.revision = stored.revision
            if not stored.record.is_over(self.settings.room.kept_s):
                self.record = stored.record

    def apply(self, record: RoomRecord | None, revision: int) -> None:
        """Act on a changed record (None: the room is forgotten), unless a later one has come already."""
        if revision <= self.revision:
            return
        self.revision = revision
        self.is_stored = record is not None
        self.record = record or RoomRecord(name=self.name)
        self._show_knocks()
        self._settle_seats()
        self.tell_state()
        self._settle_door()
        self._show_knocks()

    def unplug(self, participant: Participant) -> None:
        """Serve a participant no longer whose connection was lost; the record holds their seat."""
        del self.participants[participant.id]
        self.silent.discard(participant.seat.visit)
        participant.has_left = True

    def drop(self, participant: Participant, reason: str) -> None:
        """Let a participant of this node go at once; the record follows."""
        del self.participants[participant.id]
        self.silent.discard(participant.seat.visit)
        participant.has_left = True
        del self.present[participant.id]
        self._tell_all(ParticipantLeft(participant.id, reason))
        self.assign_voices()
        logger.info(reason, extra=self.named(participant))

    def _settle_seats(self) -> None:
        """Bring who is present in line with the record, and tell everybody here who came and went."""
        seats = {seat.id: seat for seat in self.record.seats if not self._is_stray(seat)}
        for participant in self.participants.values():
            if participant.id not in seats and self._may_return(participant.seat):
                # Others took this node for lost.
                self.is_behind = True
                seats[participant.id] = participant.seat
        reasons = dict(self.record.departures)
        for seat in [*self.present.values()]:
            now = seats.get(seat.id)
            if now is None or now.person != seat.person:
                self._let_go(seat, reasons.get(seat.id, "lost"))
            elif now != seat:
                self._seat_anew(seat, now)
        for seat in seats.values():
            if seat.id not in self.present:
                self._tell_all(ParticipantJoined(seat.info))
                self.present[seat.id] = seat
        for seat in seats.values():
            self._let_in(seat)
        self.assign_voices()

    def _is_stray(self, seat: Presence) -> bool:
        """Tell whether a seat is of somebody who has gone from this node."""
        if seat.node != self.bus.node or seat.visit in self.visitors or seat.away_since is not None:
            return False
        if any(participant.seat.visit == seat.visit for participant in self.participants.values()):
            return False
        self.is_behind = True
        return True

    def _may_return(self, seat: Presence) -> bool:
        again = self.record.copy()
        again.return_to_seat(seat)
        return seat in again.seats

    def _let_go(self, seat: Presence, reason: str) -> None:
        participant = self.participants.get(seat.id)
        if participant is not None:
            participant.end(self._why_gone(seat))
            self.drop(participant, reason)
        else:
            del self.present[seat.id]
            self._tell_all(ParticipantLeft(seat.id, reason))

    def _why_gone(self, seat: Presence) -> ProtocolError:
        """Return what is said to somebody whose seat the record no longer has."""
        if seat.person in self.record.removed:
            return ProtocolError("removed", "a host has removed you from this room")
        if self.record.ending:
            return ProtocolError("room-ended", self.record.ending)
        if any(other.person == seat.person for other in self.record.seats):
            return ProtocolError("replaced", "you have joined from elsewhere")
        if seat.away_since is not None:
            return ProtocolError("media-failed", f"nothing came from you for {self.settings.room.held_s:g} s")
        return ProtocolError("going-away", "this server was cut off from the others: join again")

    def _seat_anew(self, before: Presence, seat: Presence) -> None:
        """Act on what has changed of somebody who stays: they are away, or not any more, or have come back."""
        self.present[seat.id] = seat
        participant = self.participants.get(seat.id)
        if participant is not None and seat.visit == before.visit:
            participant.seat = seat
            # Others take people for away whose node they cannot hear.
            self.is_behind = self.is_behind or (seat.away_since is not None) != (seat.visit in self.silent)
        elif participant is not None:
            self.unplug(participant)
            participant.end(self._why_gone(before))
        if seat.info != before.info:
            for other in self.participants.values():
                if other.id != seat.id:
                    other.tell(ParticipantAway(seat.id, seat.info.away))

    def _let_in(self, seat: Presence) -> None:
        """Serve somebody who has a seat now, if they came to this node."""
        visitor = self.visitors.pop(seat.visit, None) if seat.node == self.bus.node else None
        if visitor is None:
            return
        others = tuple(other.info for other in self.present.values() if other.id != seat.id)
        self.lobby.take(seat.visit)
        participant = Participant(self, seat, visitor)
        logger.info("joined", extra=self.named(participant) | {"source": seat.source})
        participant.known_state = self.state
        visitor.tell(self._welcome(participant, others))
        self.participants[seat.id] = participant
        visitor.on_admitted(participant)

    def _settle_door(self) -> None:
        knocking = {knock.visit for knock in self.record.waiting}
        for visit, visitor in [*self.visitors.items()]:
            if visit in knocking and visit not in self.lobby:
                self.lobby.add(visitor)
            elif visit in self.lobby and visit not in knocking:
                self.lobby.take(visit)
                del self.visitors[visit]
                visitor.end(self._why_sent_away(visitor))

    def _show_knocks(self) -> None:
        """Tell those here who know that they are hosts who waits: before newcomers come in, and when hosts are new."""
        hosts = [
            participant
            for participant in self.participants.values()
            if self.is_host(participant) and participant.id in participant.known_state.hosts
        ]
        self._knocks.show(hosts, self.record.waiting)

    def _why_sent_away(self, visitor: Visitor) -> ProtocolError:
        """Return what is said to somebody who waited and was not let in."""
        if self.record.ending:
            return ProtocolError("room-ended", self.record.ending)
        if self.record.locked:
            return ProtocolError("room-locked", f"{self.name} was locked")
        if self.record.is_full_for(visitor.presence(self.bus.node), self.settings):
            return ProtocolError("room-full", f"{self.name} is full with {len(self.record.seats)} people: try later")
        return ProtocolError("not-admitted", "the host does not let you in")

    def _tell_all(self, message: ServerMessage) -> None:
        for participant in self.participants.values():
            participant.tell(message)
