"""A room in which somebody is or waits: the people in it, its door and its hosts."""

import time

from server.operations.metrics import Metrics
from server.protocol.messages import ServerMessage
from server.protocol.room_messages import RoomChanged, RoomState
from server.rooms.lobby import Lobby
from server.rooms.room import Participant, Room
from server.rooms.room_store import RoomRecord
from server.settings import Settings


class OpenRoom(Room):
    """A room with what is remembered of it."""

    def __init__(self, record: RoomRecord, settings: Settings, metrics: Metrics) -> None:
        super().__init__(record.name, settings, metrics)
        self.record = record
        self.lobby = Lobby(settings.room)
        self.without_host_since = time.monotonic()
        """When the last host went; says nothing while one is there."""

    @property
    def state(self) -> RoomState:
        """What everybody in the room may know of its door."""
        hosts = tuple(participant.id for participant in self.hosts())
        return RoomState(self.record.locked, self.record.lobby, hosts)

    def is_host(self, participant: Participant) -> bool:
        """Tell whether a participant may use a host's powers."""
        return participant.person in self.record.hosts

    def hosts(self) -> list[Participant]:
        """Return the hosts who are there, in the order they came."""
        return [participant for participant in self.participants.values() if self.is_host(participant)]

    def tell_hosts(self, messages: list[ServerMessage]) -> None:
        """Tell every host who is there."""
        for host in self.hosts():
            for message in messages:
                host.tell(message)

    def tell_state(self) -> None:
        """Tell everybody what the room's state is now."""
        changed = RoomChanged(self.state)
        for participant in self.participants.values():
            participant.tell(changed)
