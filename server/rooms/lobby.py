"""The lobby of one room: who knocks on this node and waits for a host, and what hosts are told of knocks."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from server.errors import ProtocolError
from server.protocol.room_messages import Knock, KnockGone, Waiting
from server.rooms.record import Presence
from server.rooms.room import Participant, Visitor
from server.settings import RoomSettings


@dataclass(frozen=True)
class _Waiting:
    visitor: Visitor
    deadline: asyncio.TimerHandle


class Lobby:
    """Visitors of this node who wait, by visit. Who waits too long is sent away."""

    def __init__(self, settings: RoomSettings) -> None:
        self._settings = settings
        self._waiting: dict[str, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, visit: str) -> bool:
        return visit in self._waiting

    def add(self, visitor: Visitor) -> None:
        """Tell a visitor to wait."""
        late = ProtocolError("not-admitted", f"nobody let you in within {self._settings.knock_s:g} s")
        deadline = asyncio.get_running_loop().call_later(self._settings.knock_s, visitor.end, late)
        self._waiting[visitor.visit] = _Waiting(visitor, deadline)
        visitor.tell(Waiting())

    def take(self, visit: str) -> None:
        """Let a visitor wait no longer, if they do."""
        waiting = self._waiting.pop(visit, None)
        if waiting is not None:
            waiting.deadline.cancel()


class KnockBoard:
    """What each host on this node has been told of knocks."""

    def __init__(self) -> None:
        self._told: dict[int, set[int]] = {}

    def show(self, hosts: Sequence[Participant], knocks: Sequence[Presence]) -> None:
        """Tell the hosts of knocks that are new to them, and of those that are gone."""
        waiting = {knock.id: knock.name for knock in knocks}
        told, self._told = self._told, {host.id: set(waiting) for host in hosts}
        for host in hosts:
            before = told.get(host.id, set())
            for knock in before - set(waiting):
                host.tell(KnockGone(knock))
            for knock, name in waiting.items():
                if knock not in before:
                    host.tell(Knock(knock, name))
