"""A presence in a room, by one session after another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from server.client.reach import Reach, retry_intervals
from server.client.session import CallSession
from server.client.signalling_socket import SignallingSocket
from server.errors import CallError

logger = logging.getLogger(__name__)

_FINAL_CODES = (
    *("bad-message", "bad-room", "bad-url", "protocol-version", "bad-token", "token-expired", "token-required"),
    *("room-locked", "room-ended", "not-admitted", "not-host", "removed", "replaced"),
)
#: Another server should be tried first.
_NODE_GONE_CODES = ("unreachable", "going-away")


class PresenceListener(Protocol):
    """What a presence reports."""

    async def on_loss(self, reason: CallError, *, is_over: bool) -> None:
        """Nothing reaches the server; the session is over, or has only fallen silent."""

    def on_return(self, *, is_new_connection: bool) -> None:
        """Something does again."""


class Presence:
    """Looks for a way back when nothing reaches the server any more.

    A session that has only fallen silent is kept meanwhile: whichever is heard first goes on.
    """

    def __init__(
        self,
        reach: Reach,
        join: Callable[[SignallingSocket], Awaitable[CallSession]],
        listener: PresenceListener,
    ) -> None:
        """Prepare; `join` makes an open socket a session in the room."""
        self._reach = reach
        self._join = join
        self._listener = listener
        self._has_asked = False

    async def last(self, session: CallSession) -> CallError:
        """Take part, first in this session, until the server will not have it any more; return why."""
        try:
            while True:
                reason = await session.ended()
                if reason.code in _FINAL_CODES:
                    return reason
                await self._listener.on_loss(reason, is_over=session.is_over)
                if reason.code in _NODE_GONE_CODES:
                    self._reach.advance()
                session = await self._recover(session)
        except CallError as refusal:
            return refusal

    async def _recover(self, session: CallSession) -> CallSession:
        """Return the next session, or this one if it is heard again before. Raises `CallError`."""
        self._has_asked = False
        joining = asyncio.create_task(self._join_again())
        hearing = asyncio.create_task(session.heard())
        try:
            await asyncio.wait((joining, hearing), return_when=asyncio.FIRST_COMPLETED)
            # The server gives up the old session for one that has asked to come in.
            if not hearing.done() or self._has_asked:
                session = await joining
                self._listener.on_return(is_new_connection=True)
            else:
                self._listener.on_return(is_new_connection=False)
            return session
        finally:
            joining.cancel()
            hearing.cancel()
            await asyncio.gather(joining, hearing, return_exceptions=True)

    async def _join_again(self) -> CallSession:
        intervals_s = retry_intervals()
        while True:
            socket = await self._reach.persistently(intervals_s)
            self._has_asked = True
            try:
                return await self._join(socket)
            except CallError as error:
                if error.code in _FINAL_CODES:
                    raise
                logger.info("cannot join again yet: %s", error)
                self._reach.advance()
            await asyncio.sleep(next(intervals_s))
