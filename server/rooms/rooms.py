"""All rooms of a server: their doors, their hosts, and how long they last (docs/protocol.md, "Rooms")."""

import logging
import time

from server.errors import ProtocolError
from server.operations.metrics import Metrics
from server.protocol.messages import RENDERER, Joined
from server.protocol.room_messages import RoomChanged, Waiting
from server.rooms.open_room import OpenRoom
from server.rooms.room import Participant, Visitor
from server.rooms.room_store import RoomRecord, RoomStore
from server.rooms.tokens import Tokens
from server.settings import Settings

logger = logging.getLogger(__name__)

#: A room whose hosts are all lost has another host after so long.
_HANDOVER_S = 30.0
_REMEMBERED_ROOMS = 10


class Rooms:
    """All rooms of a server; a room is open while somebody is in it or waits, and remembered for a while after."""

    def __init__(self, settings: Settings, store: RoomStore, tokens: Tokens, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._store = store
        self._tokens = tokens
        self._records = store.load()
        self._rooms: dict[str, OpenRoom] = {}

    def instance(self, name: str) -> str | None:
        """Return the id of a room's present life, or None if the room is unknown."""
        record = self._records.get(name)
        return record.instance if record else None

    def enter(self, name: str, visitor: Visitor, *, is_invited: bool, is_host: bool, is_back: bool) -> None:
        """Let a visitor into a room, which is made if need be, or let them wait at its door.

        `is_invited`: by a join token; `is_host`: it makes them host; `is_back`: they were in this life of the room.
        Raises `ProtocolError` (`room-full`, `room-locked`, `room-ended`, `removed`).
        """
        room = self._open(name, is_anonymous=not is_invited)
        record = room.record
        try:
            if visitor.person in record.removed:
                raise ProtocolError("removed", "a host has removed you from this room")
            if record.ended and not is_host:
                raise ProtocolError("room-ended", f"the call in {name} was ended by its host")
            if is_back:
                self._give_up_old_seat(room, visitor.person)
            record.ended = False
            if is_host:
                record.make_host(visitor.person)
            if is_back or is_host or not (record.locked or record.lobby):
                self.admit(room, visitor)
            elif record.locked:
                raise ProtocolError("room-locked", f"{name} is locked: ask somebody in it to unlock it")
            else:
                self._let_wait(room, visitor)
        finally:
            self._close_if_empty(room)

    def admit(self, room: OpenRoom, visitor: Visitor) -> None:
        """Let a visitor in. Raises `ProtocolError` (`room-full`)."""
        participant = room.join(visitor)
        self._find_host(room)
        is_host = room.is_host(participant)
        others = tuple(other.info for other in room.participants.values() if other is not participant)
        admission = self._tokens.admit(visitor.person, room.record.instance, self._settings.room.longest_s)
        visitor.tell(Joined(participant.id, others, self._settings.ice_servers, room.state, admission))
        if is_host:
            self._store.save(room.record)
            for message in room.lobby.knocks():
                visitor.tell(message)
            for other in room.participants.values():
                if other is not participant:
                    other.tell(RoomChanged(room.state))
        visitor.on_admitted(participant)

    def leave(self, participant: Participant, reason: str) -> None:
        """Remove a participant and tell the others why (`left`, `lost`, `removed`); an empty room goes too."""
        room = self._rooms.get(participant.room.name)
        if room is None or room.participants.get(participant.id) is not participant:
            return
        record = room.record
        was_host = room.is_host(participant)
        room.leave(participant, reason)
        if was_host:
            room.without_host_since = time.monotonic()
            if reason == "left" and record.is_anonymous:
                record.hosts.remove(participant.person)
                self._find_host(room)
            self._store.save(record)
            room.tell_state()
        self._close_if_empty(room)

    def stop_waiting(self, name: str, visitor: Visitor) -> None:
        """Take a visitor who has gone from a room's door, if they wait there."""
        room = self._rooms.get(name)
        if room is not None:
            room.tell_hosts([*room.lobby.withdraw(visitor)])
            self._close_if_empty(room)

    def remember(self, room: OpenRoom) -> None:
        """Keep what was changed of a room's record."""
        self._store.save(room.record)

    def end(self, name: str, error: ProtocolError, *, stays_ended: bool) -> bool:
        """End a room for everybody with an error; `stays_ended` keeps its door shut until it is forgotten.

        Returns whether there was such a room.
        """
        record, room = self._records.get(name), self._rooms.get(name)
        if record is None:
            return False
        record.ended = stays_ended
        if room is not None:
            for knock in room.lobby.waiting():
                visitor = room.lobby.take(knock)
                if visitor is not None:
                    visitor.end(error)
            for participant in list(room.participants.values()):
                participant.end(error)
                self.leave(participant, "lost")
            self._close_if_empty(room)
        if not stays_ended:
            self._forget(name)
        logger.info("room ended", extra={"room": name, "why": error.code})
        return True

    def sweep(self) -> None:
        """Let rooms expire, forget empty ones and replace lost hosts, where it is time."""
        now = time.time()
        for record in list(self._records.values()):
            if now - record.began_at > self._settings.room.longest_s:
                hours = self._settings.room.longest_s / 3600
                self.end(record.name, ProtocolError("room-ended", f"a room lasts {hours:g} hours"), stays_ended=False)
            elif record.empty_at is not None and now - record.empty_at > self._settings.room.kept_s:
                self._forget(record.name)
        for room in list(self._rooms.values()):
            if self._find_host(room):
                room.tell_state()

    @property
    def room_count(self) -> int:
        """Rooms with somebody in them, or at their door."""
        return len(self._rooms)

    @property
    def participant_count(self) -> int:
        """People in all rooms."""
        return sum(len(room.people()) for room in self._rooms.values())

    @property
    def waiting_count(self) -> int:
        """People who wait at the doors of all rooms."""
        return sum(len(room.lobby.waiting()) for room in self._rooms.values())

    def room_of(self, participant: Participant) -> OpenRoom:
        """Return the room a participant is in."""
        return self._rooms[participant.room.name]

    def open_rooms(self) -> list[OpenRoom]:
        """Return the rooms with somebody in them, or at their door."""
        return list(self._rooms.values())

    def _open(self, name: str, *, is_anonymous: bool) -> OpenRoom:
        room = self._rooms.get(name)
        if room is not None:
            return room
        if len(self._rooms) >= self._settings.rooms:
            raise ProtocolError("room-full", f"this server is full with {len(self._rooms)} rooms: try later")
        record = self._records.get(name)
        if record is None:
            if len(self._records) >= _REMEMBERED_ROOMS * self._settings.rooms:
                raise ProtocolError("room-full", f"this server remembers {len(self._records)} rooms: try later")
            record = self._records[name] = RoomRecord(name=name, is_anonymous=is_anonymous)
        record.empty_at = None
        room = self._rooms[name] = OpenRoom(record, self._settings, self._metrics)
        return room

    def _let_wait(self, room: OpenRoom, visitor: Visitor) -> None:
        knock = room.lobby.knock(visitor)
        visitor.tell(Waiting())
        room.tell_hosts([knock])
        logger.info("waits at the door", extra={"room": room.name, "person": visitor.name})

    def _give_up_old_seat(self, room: OpenRoom, person: str) -> None:
        """End the session in which somebody who comes back still seems to be."""
        for participant in list(room.participants.values()):
            if participant.person == person:
                participant.end(ProtocolError("replaced", "you have joined from elsewhere"))
                room.leave(participant, "lost")

    def _find_host(self, room: OpenRoom) -> bool:
        """Make the one who is there longest host if an anonymous room has none, and tell whether.

        A host who is lost has some time to come back before that. Who is fed from a file cannot use powers.
        """
        record = room.record
        if not record.is_anonymous or room.hosts():
            return False
        if record.hosts and time.monotonic() - room.without_host_since < _HANDOVER_S:
            return False
        people = (person for person in room.participants.values() if person.info.source not in ("file", RENDERER))
        longest = next(people, None)
        if longest is None:
            return False
        record.make_host(longest.person)
        self._store.save(record)
        return True

    def _close_if_empty(self, room: OpenRoom) -> None:
        if room.participants or room.lobby.waiting() or self._rooms.get(room.name) is not room:
            return
        del self._rooms[room.name]
        record = room.record
        record.empty_at = time.time()
        if record.locked or record.lobby or record.ended or record.hosts or record.removed:
            self._store.save(record)
        else:
            self._forget(room.name)

    def _forget(self, name: str) -> None:
        if name not in self._rooms and self._records.pop(name, None) is not None:
            self._store.forget(name)
