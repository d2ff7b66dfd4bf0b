"""The lobby of one room: who knocks and waits for a host."""

import asyncio
from dataclasses import dataclass

from server.errors import ProtocolError
from server.protocol.room_messages import KNOCKS, Knock, KnockGone
from server.rooms.room import Visitor
from server.settings import RoomSettings


@dataclass(frozen=True)
class _Waiting:
    visitor: Visitor
    deadline: asyncio.TimerHandle


class Lobby:
    """Visitors who wait, by the id of their knock. Who waits too long is sent away."""

    def __init__(self, settings: RoomSettings) -> None:
        self._settings = settings
        self._waiting: dict[int, _Waiting] = {}
        self._last_id = 0

    def knock(self, visitor: Visitor) -> Knock:
        """Let a visitor wait; returns what hosts are told. Raises `ProtocolError` (`room-full`)."""
        if len(self._waiting) >= self._settings.waiting:
            raise ProtocolError("room-full", f"{len(self._waiting)} people wait to be let in already: try later")
        self._last_id = self._last_id % KNOCKS + 1
        late = ProtocolError("not-admitted", f"nobody let you in within {self._settings.knock_s:g} s")
        deadline = asyncio.get_running_loop().call_later(self._settings.knock_s, visitor.end, late)
        self._waiting[self._last_id] = _Waiting(visitor, deadline)
        return Knock(self._last_id, visitor.name)

    def take(self, knock: int) -> Visitor | None:
        """Return who knocked and wait for them no longer; None if they have gone."""
        waiting = self._waiting.pop(knock, None)
        if waiting is None:
            return None
        waiting.deadline.cancel()
        return waiting.visitor

    def withdraw(self, visitor: Visitor) -> list[KnockGone]:
        """Take a visitor who has gone; returns what hosts are told."""
        knocks = [knock for knock, waiting in self._waiting.items() if waiting.visitor is visitor]
        return [self.gone(knock) for knock in knocks if self.take(knock)]

    def gone(self, knock: int) -> KnockGone:
        """Return what hosts are told of a knock that is answered."""
        return KnockGone(knock)

    def waiting(self) -> list[int]:
        """Return the ids of all knocks, in the order they came."""
        return list(self._waiting)

    def knocks(self) -> list[Knock]:
        """Return what a host who comes is told."""
        return [Knock(knock, waiting.visitor.name) for knock, waiting in self._waiting.items()]
