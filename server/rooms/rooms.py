"""The rooms of a node: how each is opened, changed together with other nodes, and closed (docs/cluster.md)."""

import asyncio
import logging
import time
from collections.abc import Callable

from server.cluster import Cluster
from server.errors import ProtocolError
from server.operations.metrics import Metrics
from server.protocol.messages import Joined, ParticipantInfo, ServerMessage, pack
from server.rooms.crossing import RECORD, TELL, ChangedRecord
from server.rooms.open_room import OpenRoom
from server.rooms.record import RoomRecord
from server.rooms.room import Participant, Visitor
from server.rooms.room_store import ConflictError, StoreError
from server.rooms.tokens import Tokens
from server.settings import Settings
from server.turn.credentials import turn_servers

logger = logging.getLogger(__name__)

Change = Callable[[RoomRecord], None]
"""Changes a copy of a record, or refuses with `ProtocolError`."""

_ATTEMPTS = 50
_RESYNC_S = 30.0
_MENDED_AT_A_TIME = 16


class Rooms:
    """All rooms with somebody of this node in them, or at their door; the store remembers the others."""

    def __init__(self, settings: Settings, cluster: Cluster, tokens: Tokens, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._cluster = cluster
        self._tokens = tokens
        self._rooms: dict[str, OpenRoom] = {}
        self._mending: set[asyncio.Task[None]] = set()
        self._menders = asyncio.Semaphore(_MENDED_AT_A_TIME)
        self._resynced_at = time.monotonic()
        cluster.bus.on_recovery = self._mend_all
        cluster.members.on_lost = self._lose_node

    async def instance(self, name: str) -> str | None:
        """Return the id of a room's present life, or None if the room is unknown. Raises `ProtocolError`."""
        room = self._rooms.get(name)
        if room is not None and room.subscription is not None:
            return room.record.instance
        try:
            stored = await self._cluster.store.read(name)
        except StoreError as error:
            raise _unreachable(error) from error
        return stored.record.instance if stored and not stored.record.is_over(self._settings.room.kept_s) else None

    async def enter(self, name: str, visitor: Visitor, *, is_invited: bool, is_host: bool, is_back: bool) -> None:
        """Let a visitor into a room, which is made if need be, or let them wait at its door.

        `is_invited`: by a join token; `is_host`: it makes them host; `is_back`: they were in this life of the room.
        Raises `ProtocolError` (`room-full`, `room-locked`, `room-ended`, `removed`, `going-away`).
        """

        def enter(record: RoomRecord) -> None:
            record.lose(self._cluster.members.alive, self._settings.room.held_s)
            record.enter(
                visitor.presence(self._cluster.bus.node),
                self._settings,
                is_invited=is_invited,
                is_host=is_host,
                is_back=is_back,
            )

        if name not in self._rooms and len(self._rooms) >= self._settings.rooms:
            raise ProtocolError("room-full", f"this server is full with {len(self._rooms)} rooms: try later")
        room = self._room(name)
        room.visitors[visitor.visit] = visitor
        try:
            await self._change(room, enter)
        except BaseException:
            if visitor.visit in room.visitors:
                del room.visitors[visitor.visit]
            raise
        finally:
            await self._close_if_unused(room)

    async def leave(self, participant: Participant, reason: str) -> None:
        """Remove a participant and tell the others why (`left`, `lost`); an empty room goes too."""
        room = self.room_of(participant)
        if room.participants.get(participant.id) is participant:
            room.drop(participant, reason)
            await self._change_or_mend(room, lambda record: record.leave(participant.seat.visit, reason))
        await self._close_if_unused(room)

    async def hold(self, participant: Participant) -> None:
        """Hold the seat of somebody whose connection was lost; who is not back in time is `lost`."""
        room = self.room_of(participant)
        if room.participants.get(participant.id) is participant:
            room.unplug(participant)

            def hold(record: RoomRecord) -> None:
                record.note_away(participant.seat.visit, is_away=True)
                record.lose(self._cluster.members.alive, self._settings.room.held_s)

            await self._change_or_mend(room, hold)
        await self._close_if_unused(room)

    async def note_silence(self, participant: Participant, *, is_silent: bool) -> None:
        """Tell the others that nothing comes from a participant any more, or that something does again."""
        room = self.room_of(participant)
        if room.participants.get(participant.id) is participant:
            visit = participant.seat.visit
            (room.silent.add if is_silent else room.silent.discard)(visit)
            await self._change_or_mend(room, lambda record: record.note_away(visit, is_away=is_silent))

    async def stop_waiting(self, name: str, visitor: Visitor) -> None:
        """Take a visitor who has gone from a room's door, if they wait there."""
        room = self._rooms.get(name)
        if room is not None and visitor.visit in room.visitors:
            del room.visitors[visitor.visit]
            room.lobby.take(visitor.visit)
            await self._change_or_mend(room, lambda record: record.leave(visitor.visit, "left"))
            await self._close_if_unused(room)

    async def change(self, participant: Participant, change: Change) -> None:
        """Change a participant's room for everybody in it. Raises what `change` raises."""
        await self._change(self.room_of(participant), change)

    def tell(self, participant: Participant, recipient: int, message: ServerMessage) -> None:
        """Tell somebody else in a participant's room something, whichever node serves them."""
        room = self.room_of(participant)
        if recipient in room.participants:
            room.tell(recipient, message)
        elif recipient in room.present:
            self._cluster.bus.publish(room.subject, TELL, bytes((recipient,)) + pack(message))

    async def end(self, name: str, why: str, *, stays_ended: bool) -> bool:
        """End a room for everybody; `stays_ended` keeps its door shut until it is forgotten.

        Returns whether there was such a room.
        """
        if await self.instance(name) is None:
            return False
        room = self._room(name)
        try:
            await self._change(room, lambda record: record.end(why))
            if not stays_ended:
                await self._change(room, _forget_everything)
        finally:
            await self._close_if_unused(room)
        logger.info("room ended", extra={"room": name, "why": why})
        return True

    async def sweep(self) -> None:
        """Let rooms expire, forget empty ones and replace lost hosts, where it is time."""
        longest_s = self._settings.room.longest_s
        for room in [*self._rooms.values()]:
            if time.time() - room.record.began_at > longest_s:
                await self.end(room.name, f"a room lasts {longest_s / 3600:g} hours", stays_ended=False)
            elif room.is_behind:
                self._mend_soon(room)
            else:
                await self._change_or_mend(room, self._tidy)
                await self._close_if_unused(room)
        await self._cluster.store.sweep(self._settings.room.kept_s)
        if time.monotonic() - self._resynced_at > _RESYNC_S:
            self._resynced_at = time.monotonic()
            self._mend_all()

    def _tidy(self, record: RoomRecord) -> None:
        record.lose(self._cluster.members.alive, self._settings.room.held_s)
        record.find_host()

    @property
    def room_count(self) -> int:
        """Rooms with somebody of this node in them, or at their door."""
        return len(self._rooms)

    @property
    def participant_count(self) -> int:
        """People whom this node serves."""
        return sum(len(room.people()) for room in self._rooms.values())

    @property
    def waiting_count(self) -> int:
        """People of this node who wait at doors."""
        return sum(len(room.lobby) for room in self._rooms.values())

    def room_of(self, participant: Participant) -> OpenRoom:
        """Return the room a participant is in."""
        assert isinstance(participant.room, OpenRoom)
        return participant.room

    def open_rooms(self) -> list[OpenRoom]:
        """Return the rooms with somebody of this node in them, or at their door."""
        return list(self._rooms.values())

    def _room(self, name: str) -> OpenRoom:
        room = self._rooms.get(name)
        if room is None:
            room = OpenRoom(name, self._settings, self._metrics, self._cluster.bus, self._welcome)
            self._rooms[name] = room
        return room

    def _welcome(self, participant: Participant, others: tuple[ParticipantInfo, ...]) -> Joined:
        record = self.room_of(participant).record
        admission = self._tokens.admit(participant.seat.person, record.instance, self._settings.room.longest_s)
        relays = turn_servers(self._settings.turn, participant.seat.visit, time.time())
        servers, nodes = (*self._settings.ice_servers, *relays), self._cluster.members.urls
        return Joined(participant.id, others, servers, participant.known_state, admission, nodes)

    async def _change(self, room: OpenRoom, change: Change) -> None:
        """Change a room's record, again if another node was faster, and act on it here and there."""
        try:
            async with room.changing:
                await self._open(room)
                for _ in range(_ATTEMPTS):
                    record = room.record.copy()
                    change(record)
                    record.note_emptiness()
                    try:
                        await self._put(room, record)
                        return
                    except ConflictError:
                        await self._read_again(room)
                raise StoreError(f"{room.name} is changed too often")
        except StoreError as error:
            raise _unreachable(error) from error

    async def _put(self, room: OpenRoom, record: RoomRecord) -> None:
        """Put a record in place of a room's, or keep the room no longer. Raises `ConflictError`, `StoreError`."""
        kept = record if record.is_worth_keeping else None
        if record == room.record if room.is_stored else kept is None:
            return
        base = room.revision if room.is_stored else None
        store = self._cluster.store
        revision = await (store.write(kept, base) if kept else store.forget(room.name, base))
        self._cluster.bus.publish(room.subject, RECORD, bytes(ChangedRecord(revision, kept)))
        room.apply(kept, revision)

    async def _open(self, room: OpenRoom) -> None:
        """Hear what other nodes say about a room, and read its record."""
        if room.subscription is None:

            def hear(word: str, message: bytes) -> None:
                room.on_bus(word, message)
                if room.is_behind:
                    self._mend_soon(room)

            subscription = await self._cluster.bus.subscribe(room.subject, hear)
            try:
                room.take(await self._cluster.store.read(room.name))
            except StoreError:
                await subscription.close()
                raise
            room.subscription = subscription

    async def _close_if_unused(self, room: OpenRoom) -> None:
        if room.is_unused and self._rooms.get(room.name) is room:
            del self._rooms[room.name]
            if room.subscription is not None:
                await room.subscription.close()

    async def _change_or_mend(self, room: OpenRoom, change: Change) -> None:
        """Change a room's record, or else let the change follow when the store can be reached."""
        try:
            await self._change(room, change)
        except ProtocolError as error:
            logger.debug("the record follows later", extra={"room": room.name, "reason": str(error)})
            room.is_behind = True
            room.tell_state()

    def _mend_all(self) -> None:
        for room in self._rooms.values():
            self._mend_soon(room)

    def _lose_node(self, node: str) -> None:
        for room in self._rooms.values():
            if any(seat.node == node for seat in (*room.record.seats, *room.record.waiting)):
                self._mend_soon(room)

    def _mend_soon(self, room: OpenRoom) -> None:
        room.is_behind = False
        task = asyncio.create_task(self._mend(room))
        self._mending.add(task)
        task.add_done_callback(self._mending.discard)

    async def _mend(self, room: OpenRoom) -> None:
        """Make the record say who is there: of this node its people, of others those whose node is alive."""

        def mend(record: RoomRecord) -> None:
            record.lose(self._cluster.members.alive, self._settings.room.held_s)
            here = {participant.seat.visit for participant in room.participants.values()}
            for presence in (*record.seats, *record.waiting):
                if presence.node == self._cluster.bus.node and presence.visit not in here | set(room.visitors):
                    record.stop_waiting(presence.visit)
                    record.note_away(presence.visit, is_away=True)
            for participant in room.participants.values():
                visit = participant.seat.visit
                if record.seat_of(visit) is None:
                    record.return_to_seat(participant.seat)
                record.note_away(visit, is_away=visit in room.silent)

        async with self._menders:
            try:
                async with room.changing:
                    await self._read_again(room)
            except StoreError as error:
                logger.debug("a room cannot be mended yet", extra={"room": room.name, "reason": str(error)})
                room.is_behind = True
                return
            await self._change_or_mend(room, mend)
            await self._close_if_unused(room)

    async def _read_again(self, room: OpenRoom) -> None:
        stored = await self._cluster.store.read(room.name)
        if stored is None:
            room.is_stored = False
        else:
            room.apply(stored.record, stored.revision)


def _forget_everything(record: RoomRecord) -> None:
    record.locked, record.lobby, record.ending, record.hosts, record.removed = False, False, "", [], []


def _unreachable(error: StoreError) -> ProtocolError:
    return ProtocolError("going-away", f"{error}; try again in a while")
