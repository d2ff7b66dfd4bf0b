"""Notices within 3 s that the path of a WebRTC connection is dead, and at once that it is back."""

import asyncio
from collections.abc import Callable

from aiortc import RTCPeerConnection

from server.webrtc.aiortc_internals import on_datagram, send_check

TICK_S = 0.25
_SILENCE_S = 2.5
_QUIET_S = 1.0
_CHECK_INTERVAL_S = 0.5


class PathWatch:
    """Counts how long nothing has come from the other end.

    Silence is counted in ticks of this process's own clock, so that a process which stood still does not take its own
    sleep for a dead path.
    """

    def __init__(self, connection: RTCPeerConnection, on_change: Callable[[bool], None], *, asks: bool) -> None:
        """Watch a connection that is up; `on_change` learns when its path falls silent (True) and speaks again (False).

        The end that `asks` sends a STUN check when nothing has come, or nothing gone, for a second, so that a quiet
        call does not look like a dead path to either end; its cost, 200 bytes with the answer, falls only then.
        """
        self._connection = connection
        self._on_change = on_change
        self._asks = asks
        self._silent_s = 0.0
        self._idle_s = 0.0
        self._unchecked_s = 0.0
        self._is_silent = False
        on_datagram(connection, self._received, self._sent)
        self._ticking = asyncio.create_task(self._keep_ticking())

    def close(self) -> None:
        """Watch no longer."""
        self._ticking.cancel()

    def _received(self) -> None:
        self._silent_s = 0.0
        self._note(False)

    def _sent(self) -> None:
        self._idle_s = 0.0

    async def _keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        """Count one tick of 0.25 s, and do what is due then."""
        self._silent_s += TICK_S
        self._idle_s += TICK_S
        self._unchecked_s += TICK_S
        self._note(self._silent_s >= _SILENCE_S)
        is_quiet = max(self._silent_s, self._idle_s) >= _QUIET_S
        if self._asks and is_quiet and self._unchecked_s >= _CHECK_INTERVAL_S:
            self._unchecked_s = self._idle_s = 0.0
            send_check(self._connection)

    def _note(self, is_silent: bool) -> None:
        if is_silent != self._is_silent:
            self._is_silent = is_silent
            self._on_change(is_silent)
