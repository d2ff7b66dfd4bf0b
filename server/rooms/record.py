"""What a room is: one record that all nodes share, and the rules of doors and hosts as changes of it.

A change is a method that raises `ProtocolError` to refuse. It is made on a copy, and counts once the store has taken
the copy in place of the record it was made from; each node then acts on the difference (docs/cluster.md).
"""

import hashlib
import time
from collections.abc import Container
from typing import Self

import msgspec

from server.errors import ProtocolError
from server.protocol.messages import RENDERER, ParticipantInfo
from server.protocol.room_messages import KNOCKS
from server.rooms.tokens import new_id
from server.settings import Settings

#: A room whose hosts are all lost has another host after so long.
HANDOVER_S = 30.0

_IDS = 255
_HOSTS = 64
_REMOVED = 256
_DEPARTURES = 16


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a room, or at its door."""

    id: int = 0
    """Of the participant, 1–255; at the door of the knock, 1–65535."""
    node: str
    """The node that serves them."""
    visit: str
    """Tells the times apart that the same person comes."""
    person: str
    name: str
    source: str
    away_since: float | None = None
    """Since when nothing comes from them, seconds since 1970; their seat is held for a while."""

    @property
    def info(self) -> ParticipantInfo:
        """What the others are told of them. The session's number says that it is the same person, and not who."""
        session = int.from_bytes(hashlib.sha256(self.person.encode()).digest()[:4])
        return ParticipantInfo(self.id, self.name, self.source, session, self.away_since is not None)

    @property
    def is_person(self) -> bool:
        """Whether this is somebody, not a renderer."""
        return self.source != RENDERER


class RoomRecord(msgspec.Struct, kw_only=True):
    """One life of a room, from the first person in it until it is forgotten. Times are seconds since 1970."""

    name: str
    instance: str = msgspec.field(default_factory=new_id)
    """Tells lives of rooms of the same name apart; passes are for one life."""
    began_at: float = msgspec.field(default_factory=time.time)
    empty_at: float | None = None
    """When the last one went; None while somebody is there."""
    without_host_since: float = msgspec.field(default_factory=time.time)
    """When the last host went; says nothing while one is there."""
    is_anonymous: bool = True
    """Made by somebody without a join token: then somebody present is always host."""
    locked: bool = False
    lobby: bool = False
    ending: str = ""
    """Why the call is over and nobody comes in any more; empty while it goes on."""
    hosts: list[str] = []
    """Persons (the ids of their passes) who are host when they are there."""
    removed: list[str] = []
    """Persons whose pass is void."""
    seats: list[Presence] = []
    """Who is in the room, in the order they came."""
    waiting: list[Presence] = []
    """Who is at the door, in the order they came."""
    departures: list[tuple[int, str]] = []
    """Ids of the last ones who went, and why: `left`, `lost`, `removed`."""
    last_id: int = 0
    last_knock: int = 0

    def copy(self) -> Self:
        """Return a copy to change."""
        lists = ("hosts", "removed", "seats", "waiting", "departures")
        return msgspec.structs.replace(self, **{name: [*getattr(self, name)] for name in lists})

    @property
    def is_worth_keeping(self) -> bool:
        """Whether there is anything to know of this room: somebody in it, or what was set."""
        return bool(
            self.seats or self.waiting or self.locked or self.lobby or self.ending or self.hosts or self.removed
        )

    def is_over(self, kept_s: float) -> bool:
        """Tell whether this life has been over for so long that the next one begins."""
        return self.empty_at is not None and time.time() - self.empty_at > kept_s

    def is_host(self, presence: Presence) -> bool:
        """Tell whether somebody may use a host's powers."""
        return presence.person in self.hosts

    def seat_of(self, visit: str) -> Presence | None:
        """Return who is in the room on this visit."""
        return next((seat for seat in self.seats if seat.visit == visit), None)

    def is_full_for(self, visitor: Presence, settings: Settings) -> bool:
        """Tell whether there is no seat for a visitor; renderers take none of the people's."""
        people = sum(seat.is_person for seat in self.seats)
        return (visitor.is_person and people >= settings.participants) or len(self.seats) >= _IDS

    def require_host(self, visit: str) -> None:
        """Raise `ProtocolError` (`not-host`) unless this visit is a host's."""
        seat = self.seat_of(visit)
        if seat is None or not self.is_host(seat):
            raise ProtocolError("not-host", "only hosts may do that")

    def enter(self, visitor: Presence, settings: Settings, *, is_invited: bool, is_host: bool, is_back: bool) -> None:
        """Let a visitor in, or let them wait.

        `is_invited`: by a join token; `is_host`: it makes them host; `is_back`: they were in this life of the room.
        Raises `ProtocolError` (`room-full`, `room-locked`, `room-ended`, `removed`).
        """
        if not self.last_id and not self.last_knock:
            self.is_anonymous = not is_invited
        if visitor.person in self.removed:
            raise ProtocolError("removed", "a host has removed you from this room")
        if self.ending and not is_host:
            raise ProtocolError("room-ended", self.ending)
        self.ending = ""
        if is_host:
            self._make_host(visitor.person)
        if self._take_own_seat(visitor):
            return
        if is_back or is_host or not (self.locked or self.lobby):
            self._seat(visitor, settings)
        elif self.locked:
            raise ProtocolError("room-locked", f"{self.name} is locked: ask somebody in it to unlock it")
        else:
            self._knock(visitor, settings)

    def leave(self, visit: str, reason: str) -> None:
        """Free the seat of a visit, or its place at the door. A host of an anonymous room who leaves passes that on."""
        self.stop_waiting(visit)
        seat = self.seat_of(visit)
        if seat is None:
            return
        was_host = self.is_host(seat)
        self._vacate(seat, reason)
        if was_host and reason == "left" and self.is_anonymous:
            self.hosts.remove(seat.person)
            self.find_host()

    def stop_waiting(self, visit: str) -> None:
        """Free the place of a visit at the door."""
        self.waiting = [knock for knock in self.waiting if knock.visit != visit]

    def note_away(self, visit: str, *, is_away: bool) -> None:
        """Note that nothing comes from somebody any more, or that something does again."""
        away_since = time.time() if is_away else None
        self.seats = [
            msgspec.structs.replace(seat, away_since=away_since)
            if seat.visit == visit and (seat.away_since is not None) != is_away
            else seat
            for seat in self.seats
        ]

    def note_all_away(self) -> None:
        """Note that the server has just begun: nothing has come from anybody yet."""
        for seat in self.seats:
            self.note_away(seat.visit, is_away=True)

    def lose(self, alive: Container[str], held_s: float) -> None:
        """Note as away those whose node is not alive, and free the seats of those who are away for long."""
        self.waiting = [knock for knock in self.waiting if knock.node in alive]
        for seat in self.seats:
            if seat.node not in alive:
                self.note_away(seat.visit, is_away=True)
        for seat in self.seats:
            if seat.away_since is not None and (time.time() - seat.away_since >= held_s or not seat.is_person):
                self._vacate(seat, "lost")

    def return_to_seat(self, seat: Presence) -> None:
        """Seat somebody again whose seat was freed by mistake; not if somebody else has it, or they may not be in."""
        taken = any(other.id == seat.id or other.person == seat.person for other in self.seats)
        if not taken and not self.ending and seat.person not in self.removed:
            self.seats.append(seat)
            self.find_host()

    def answer_knock(self, knock: int, settings: Settings, *, admit: bool) -> None:
        """Let somebody in who waits, if there is room, or send them away."""
        for presence in [presence for presence in self.waiting if presence.id == knock]:
            self.waiting.remove(presence)
            if admit and not self.is_full_for(presence, settings):
                self._seat(presence, settings)

    def set_door(self, settings: Settings, *, locked: bool, lobby: bool) -> None:
        """Lock the room or make newcomers wait. Who waits comes in when the door opens, and goes when it locks."""
        self.locked, self.lobby = locked, lobby
        if locked or not lobby:
            for presence in [*self.waiting]:
                self.answer_knock(presence.id, settings, admit=not locked)

    def remove(self, target: int) -> None:
        """Send a participant away, whose pass then is void; of very many the oldest count again."""
        for seat in [seat for seat in self.seats if seat.id == target]:
            self.removed = [*self.removed, seat.person][-_REMOVED:]
            self._vacate(seat, "removed")
            if seat.person in self.hosts:
                self.hosts.remove(seat.person)

    def end(self, why: str) -> None:
        """End the call for everybody."""
        self.ending = why
        self.waiting = []
        for seat in [*self.seats]:
            self._vacate(seat, "lost")

    def find_host(self) -> None:
        """Make the one who is there longest host if an anonymous room has none.

        A host who is lost has some time to come back before that. Who is fed from a file cannot use powers.
        """
        if not self.is_anonymous or any(self.is_host(seat) for seat in self.seats):
            return
        if self.hosts and time.time() - self.without_host_since < HANDOVER_S:
            return
        longest = next((seat for seat in self.seats if seat.source not in ("file", RENDERER)), None)
        if longest is not None:
            self._make_host(longest.person)

    def note_emptiness(self) -> None:
        """Note since when nobody is there; to be called after each change."""
        if self.waiting or any(seat.away_since is None for seat in self.seats):
            self.empty_at = None
        elif self.empty_at is None:
            self.empty_at = time.time()

    def _seat(self, visitor: Presence, settings: Settings) -> None:
        """Give a visitor a seat. Ids go round, so that one is used again as late as possible."""
        if self.is_full_for(visitor, settings):
            raise ProtocolError("room-full", f"{self.name} is full with {len(self.seats)} people: try later")
        if not self.seats:
            self.without_host_since = time.time()
        taken = {seat.id for seat in self.seats}
        self.last_id = next(
            candidate for step in range(_IDS) if (candidate := (self.last_id + step) % _IDS + 1) not in taken
        )
        self.seats.append(msgspec.structs.replace(visitor, id=self.last_id))
        self.find_host()

    def _take_own_seat(self, visitor: Presence) -> bool:
        """Give somebody who comes back the seat that they have still; tell whether there was one."""
        for position, seat in enumerate(self.seats):
            if seat.person == visitor.person:
                self.seats[position] = msgspec.structs.replace(visitor, id=seat.id)
                return True
        return False

    def _vacate(self, seat: Presence, reason: str) -> None:
        self.seats = [other for other in self.seats if other is not seat]
        self.departures = [*self.departures, (seat.id, reason)][-_DEPARTURES:]
        if self.is_host(seat):
            self.without_host_since = seat.away_since or time.time()

    def _knock(self, visitor: Presence, settings: Settings) -> None:
        if len(self.waiting) >= settings.room.waiting:
            raise ProtocolError("room-full", f"{len(self.waiting)} people wait to be let in already: try later")
        self.last_knock = self.last_knock % KNOCKS + 1
        self.waiting.append(msgspec.structs.replace(visitor, id=self.last_knock))

    def _make_host(self, person: str) -> None:
        """Make somebody host whenever they are there; of very many the oldest no longer are."""
        if person not in self.hosts:
            self.hosts = [*self.hosts, person][-_HOSTS:]
