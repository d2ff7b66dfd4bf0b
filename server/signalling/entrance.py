"""The way into a room: tokens and passes are read, attempts are counted, then the room's door decides."""

import logging
from dataclasses import dataclass

from server.cluster import Cluster
from server.errors import ProtocolError
from server.limits.limiter import Deed, Limiter
from server.operations.metrics import Metrics
from server.protocol.messages import RENDERER, Join
from server.rooms.room_store import StoreError
from server.rooms.rooms import Rooms
from server.rooms.tokens import Invitation, Tokens, new_id
from server.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """Somebody who asks to join: who they are, and what they were granted."""

    person: str
    """An id that nobody else knows."""
    is_back: bool
    """They were in this life of the room."""
    invitation: Invitation | None = None

    @property
    def is_renderer(self) -> bool:
        """Whether this is one of the server's renderers."""
        return self.invitation is not None and self.invitation.is_renderer

    @property
    def is_host(self) -> bool:
        """Whether a token makes them host."""
        return self.invitation is not None and self.invitation.is_host

    def name(self, wanted: str) -> str:
        """Return the name they go by: the token's, or else the one they want."""
        return (self.invitation.name if self.invitation is not None else None) or wanted


class Entrance:
    """Decides who somebody is and what they may; `Rooms` decides whether they get in."""

    def __init__(self, settings: Settings, limiter: Limiter, cluster: Cluster, metrics: Metrics) -> None:
        self._access = settings.access
        self._renderer_token_s = settings.room.longest_s
        self._limiter = limiter
        self._store = cluster.store
        self._metrics = metrics
        self._tokens = Tokens(cluster.key)
        self.rooms = Rooms(settings, cluster, self._tokens, metrics)

    async def identify(self, room: str, join: Join, address: str) -> Arrival:
        """Return who asks to join, and with what right.

        Raises `ProtocolError`: `too-fast`, `bad-token`, `token-expired`, `token-required` or `going-away`.
        """
        if not await self._limiter.admit(Deed.ROOM_JOIN, room):
            raise ProtocolError("too-fast", f"too many people try to enter {room} just now: try again in a minute")
        if join.source == RENDERER:
            return Arrival(new_id(), is_back=False, invitation=await self._read_renderer(room, join, address))
        person = await self._who_is_back(room, join.admission)
        if person is not None:
            return Arrival(person, is_back=True)
        invitation = await self._read(room, join.token, address) if join.token is not None else None
        if invitation is None and not self._access.anonymous:
            raise ProtocolError(
                "token-required", "this server lets in only who is invited: ask for a link with a token"
            )
        if await self.rooms.instance(room) is None and not await self._limiter.admit(Deed.NEW_ROOM, address):
            raise ProtocolError("too-fast", "too many new rooms from your address: try again in a minute")
        return Arrival(new_id(), is_back=False, invitation=invitation)

    def invite_renderer(self, room: str) -> str:
        """Return a join token with which a renderer of this server's enters a room."""
        return self._tokens.invite_renderer(room, self._renderer_token_s)

    async def use_up(self, arrival: Arrival) -> None:
        """Note that a token that is good for one join was used. Raises `ProtocolError` if it was in the meantime."""
        if arrival.invitation is None or arrival.invitation.once is None:
            return
        try:
            is_first = await self._store.use(arrival.invitation.once, arrival.invitation.expires_at)
        except StoreError as error:
            raise ProtocolError("going-away", str(error)) from error
        if not is_first:
            raise _used()

    async def _read_renderer(self, room: str, join: Join, address: str) -> Invitation:
        invitation = await self._read(room, join.token or "", address)
        if not invitation.is_renderer:
            raise ProtocolError("bad-token", "only a renderer of this server's joins as one: take another source")
        return invitation

    async def _who_is_back(self, room: str, admission: str | None) -> str | None:
        """Return whose pass for the room's present life this is; a pass of another life or server is no offence."""
        if admission is None:
            return None
        try:
            person, instance = self._tokens.read_pass(admission)
        except ProtocolError as error:
            logger.debug("a pass does not count", extra={"room": room, "reason": error.code})
            person, instance = "", None
        is_back = instance is not None and instance == await self.rooms.instance(room)
        self._metrics.count_return(is_back=is_back)
        return person if is_back else None

    async def _read(self, room: str, token: str, address: str) -> Invitation:
        if await self._limiter.is_exhausted(Deed.BAD_TOKEN, address):
            raise ProtocolError("too-fast", "too many refused invitations from your address: try again in a minute")
        try:
            invitation = self._tokens.read_invitation(token, room)
            if invitation.once is not None and await self._store.is_used(invitation.once):
                raise _used()
        except StoreError as error:
            raise ProtocolError("going-away", str(error)) from error
        except ProtocolError:
            await self._limiter.admit(Deed.BAD_TOKEN, address)
            raise
        return invitation


def _used() -> ProtocolError:
    return ProtocolError("bad-token", "this invitation was good for one join and is used: ask for another")
