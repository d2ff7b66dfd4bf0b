"""Who is heard in a room where not everybody can be."""

import time
from collections.abc import Callable

from server.encryption.sealed_header import Lane, SealedHeader, is_sealed

#: So many voices come through at once; in rooms with no more others than that, all do.
MOST_VOICES = 3
#: One of them who is silent for so long makes room for another.
HANGOVER_S = 1.0
_PAUSE_BYTES = 2


def speaks(packet: bytes) -> bool:
    """Tell whether somebody speaks in a voice packet: sealed ones say so, others are Opus with sound in it."""
    if is_sealed(packet):
        return SealedHeader.parse(Lane.VOICE, packet).speech
    return len(packet) > _PAUSE_BYTES


class LoudestVoices:
    """Lets the first three who speak through, and others when one of them has been silent for a second."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._spoke_at: dict[int, float] = {}

    def admit(self, speaker: int, packet: bytes) -> bool:
        """Tell whether to forward a speaker's packet."""
        if not speaks(packet):
            return speaker in self._spoke_at
        now = self._now()
        if speaker not in self._spoke_at and len(self._spoke_at) >= MOST_VOICES:
            quietest = min(self._spoke_at, key=self._spoke_at.__getitem__)
            if now - self._spoke_at[quietest] < HANGOVER_S:
                return False
            del self._spoke_at[quietest]
        self._spoke_at[speaker] = now
        return True
