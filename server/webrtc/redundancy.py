"""What is sent again behind later voice packets, so that a lost one costs nothing (docs/wire-format.md, "Copies").

Mirrors `client_web/src/call/transport/redundancy.ts`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

#: The first byte of a copy; that of a bundle has its version, 1, in the high four bits.
_COPY = 0x20
_HEADER_BYTES = 2
#: Ages are counted in the shortest Opus frames, 2.5 ms.
_SAMPLES_PER_STEP = 120
_MOST_STEPS = 255
_TIMESTAMPS = 1 << 32
#: Opus says with a packet of one or two bytes that the voice pauses: there is nothing in it to lose.
_PAUSE_BYTES = 2
_DEEPEST = 2
_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class VoiceCopy:
    """An earlier voice packet, sent again."""

    age: int  #: of the packet behind which it came, less its own; samples at 48 kHz
    packet: bytes


@dataclass(frozen=True, slots=True)
class _Sent:
    timestamp: int
    voice: bytes
    bundles: tuple[bytes, ...]


class Redundancy:
    """Remembers the packets that went out last."""

    def __init__(self) -> None:
        self.depth = 0  #: how often more than once each packet and bundle is sent, 0–2
        self._sent: deque[_Sent] = deque(maxlen=_DEEPEST)

    def items_for(self, timestamp: int) -> list[bytes]:
        """Return what to send again behind the packet of this timestamp: voices and bundles, oldest first."""
        recent = list(self._sent)[len(self._sent) - min(self.depth, len(self._sent)) :]
        copies = []
        for sent in recent:
            steps, rest = divmod((timestamp - sent.timestamp) % _TIMESTAMPS, _SAMPLES_PER_STEP)
            if not rest and 0 < steps <= _MOST_STEPS and len(sent.voice) > _PAUSE_BYTES:
                copies.append(bytes((_COPY, steps)) + sent.voice)
        return [*copies, *(bundle for sent in recent for bundle in sent.bundles)]

    def note(self, timestamp: int, voice: bytes, bundles: Sequence[bytes]) -> None:
        """Take note of a packet that goes out, with the bundles that it is the first to carry."""
        self._sent.append(_Sent(timestamp, voice, tuple(bundles)))


def sort_items(items: Sequence[bytes]) -> tuple[list[bytes], list[VoiceCopy]]:
    """Tell copies from bundles among what came behind a voice packet."""
    bundles = [item for item in items if item[0] != _COPY]
    copies = [
        VoiceCopy(item[1] * _SAMPLES_PER_STEP, item[_HEADER_BYTES:])
        for item in items
        if item[0] == _COPY and len(item) > _HEADER_BYTES
    ]
    return bundles, copies


class PlayedVoices:
    """Knows which packets of one voice have come."""

    def __init__(self) -> None:
        self._timestamps: deque[int] = deque(maxlen=_REMEMBERED)

    def take(self, timestamp: int, copies: Sequence[VoiceCopy]) -> list[tuple[int, bytes]]:
        """Note the packet of this timestamp; return the timestamps and packets of those copies that had not come."""
        came = [((timestamp - copy.age) % _TIMESTAMPS, copy.packet) for copy in copies]
        restored = [(when, packet) for when, packet in came if when not in self._timestamps]
        self._timestamps.extend([*(when for when, _ in restored), timestamp])
        return restored
