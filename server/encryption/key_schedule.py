"""When a participant's own media key is renewed and taken into use (docs/encryption.md, "Renewal")."""

import asyncio
from collections.abc import Callable

from server.encryption.media_key import SealingKey
from server.encryption.sealed_header import Lane

LONGEST_HANDOVER_S = 3.0
LIFETIME_S = 3600.0


class KeySchedule:
    """Draws one generation after the other. Belongs to the event loop.

    A new key seals at once what follows its hand-over on reliable channels; voice and motion change over when everybody
    has taken it, or after 3 s. Until then further renewals wait, and are one.
    """

    def __init__(self, hand_over: Callable[[SealingKey], set[int]]) -> None:
        """Begin with a key that nobody has; `hand_over` sends a new one to everybody and returns to whom."""
        self._hand_over = hand_over
        self._loop = asyncio.get_running_loop()
        self._newest = self._settled = SealingKey(0)
        self._waiting: set[int] = set()
        self._wanted = False
        self._handover_end: asyncio.TimerHandle | None = None
        self._expiry = self._loop.call_later(LIFETIME_S, self._expire)

    def key_for(self, lane: Lane) -> SealingKey:
        """Return the key that seals on a lane now."""
        return self._newest if lane in (Lane.KEYFRAME, Lane.CONTROL) else self._settled

    def renew(self) -> None:
        """Draw a new key, now or when the last one has been taken."""
        if self._handover_end is not None:
            self._wanted = True
            return
        self._newest = SealingKey(self._newest.generation + 1)
        self._waiting = self._hand_over(self._newest)
        self._handover_end = self._loop.call_later(LONGEST_HANDOVER_S, self._settle)
        self._settle_if_taken()

    def note_taken(self, participant: int, generation: int) -> None:
        """Note that somebody has taken a generation."""
        if generation == self._newest.generation:
            self._waiting.discard(participant)
            self._settle_if_taken()

    def forget(self, participant: int) -> None:
        """Wait for somebody no longer."""
        self._waiting.discard(participant)
        self._settle_if_taken()

    def close(self) -> None:
        """Stop renewing."""
        self._expiry.cancel()
        if self._handover_end is not None:
            self._handover_end.cancel()

    def _settle_if_taken(self) -> None:
        if not self._waiting and self._handover_end is not None:
            self._settle()

    def _settle(self) -> None:
        assert self._handover_end is not None
        self._handover_end.cancel()
        self._handover_end = None
        self._waiting.clear()
        self._settled = self._newest
        if self._wanted:
            self._wanted = False
            self.renew()

    def _expire(self) -> None:
        self._expiry = self._loop.call_later(LIFETIME_S, self._expire)
        self.renew()
