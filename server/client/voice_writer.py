"""One's own voice on its way out, with bundles behind its sound (docs/protocol.md, "Transports")."""

import asyncio
from collections import deque
from typing import Protocol

from server.encryption.sealed_header import speech_in
from server.errors import ProtocolError
from server.webrtc.redundancy import Redundancy
from server.webrtc.trailer import add_trailer
from server.webrtc.voice import SAMPLE_RATE, VoiceTrack

_LONGEST_WAIT_S = 0.15
# Larger bundles would not fit beside a voice packet.
_MOST_BUNDLE_BYTES = 900
# Opus says with a packet of one or two bytes that the voice pauses; it must arrive as it is.
_PAUSE_BYTES = 2


class SealVoice(Protocol):
    """Makes of a plain voice packet what goes to the relay."""

    def __call__(self, packet: bytes, *, speech: bool) -> bytes:
        """Return the packet sealed, or as it is; `speech` says whether somebody speaks in it."""


def _leave_in_the_clear(packet: bytes, *, speech: bool) -> bytes:
    return packet


class VoiceWriter:
    """Counts the samples of a voice and loads its packets with waiting bundles.

    A bundle waits for the next packet, or the next piece of silence, at most 150 ms; then it goes in a packet without
    sound. Belongs to the event loop.
    """

    def __init__(self, track: VoiceTrack) -> None:
        self._loop = asyncio.get_running_loop()
        self._track = track
        self._waiting: deque[bytes] = deque()
        self._samples = 0
        self._counted_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self.seal: SealVoice = _leave_in_the_clear
        self.redundancy = Redundancy()  #: what is sent more than once

    def send_voice(self, packet: bytes, samples: int) -> None:
        """Send an Opus packet of `samples` at 48 kHz; an empty one lets that time pass in silence."""
        if packet or self._waiting:
            self._track.push(self._load(packet, self._samples), self._samples)
        self._samples += samples
        self._counted_s = self._loop.time()

    def send_bundle(self, bundle: bytes) -> bool:
        """Send a bundle behind the next packet; False if it is too large for that."""
        if len(bundle) > _MOST_BUNDLE_BYTES:
            return False
        self._waiting.append(bundle)
        self._send_what_is_due()
        return True

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _send_what_is_due(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        silent_s = self._loop.time() - self._counted_s
        if silent_s >= _LONGEST_WAIT_S:
            while self._waiting:
                now = self._samples + round(silent_s * SAMPLE_RATE)
                self._track.push(self._load(b"", now), now)
        elif self._waiting:
            self._timer = self._loop.call_later(_LONGEST_WAIT_S - silent_s + 0.001, self._send_what_is_due)

    def _load(self, packet: bytes, timestamp: int) -> bytes:
        """Return the packet with as many waiting bundles as fit, and what is sent again, sealed."""
        if 0 < len(packet) <= _PAUSE_BYTES:
            return self.seal(packet, speech=False)
        count = len(self._waiting)
        while count and _loaded(packet, self._bundles(count)) is None:
            count -= 1
        bundles = self._bundles(count)
        again = self.redundancy.items_for(timestamp)
        payload = _loaded(packet, [*again, *bundles]) or _loaded(packet, bundles) or packet
        for _ in bundles:
            self._waiting.popleft()
        self.redundancy.note(timestamp, packet, bundles)
        return self.seal(payload, speech=speech_in(bundles[-1]) if bundles else len(packet) > _PAUSE_BYTES)

    def _bundles(self, count: int) -> list[bytes]:
        return list(self._waiting)[:count]


def _loaded(packet: bytes, items: list[bytes]) -> bytes | None:
    """Return the packet with these items behind it; None if there are none, or they do not fit."""
    try:
        return add_trailer(packet, items) if items else None
    except ProtocolError:
        return None
