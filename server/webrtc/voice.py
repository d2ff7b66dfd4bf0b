"""Voice slots: which participant's Opus packets each outgoing track of a connection carries."""

import asyncio
import fractions
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import av
from aiortc import RTCRtpSender
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcrtptransceiver import RTCRtpTransceiver

SAMPLE_RATE = 48_000
TIME_BASE = fractions.Fraction(1, SAMPLE_RATE)

_TIMESTAMPS = 1 << 32
_DRIFT_SAMPLES = SAMPLE_RATE
_WAITING_PACKETS = 4


def only_opus(transceiver: RTCRtpTransceiver) -> None:
    """Make a transceiver negotiate Opus and nothing else."""
    codecs = RTCRtpSender.getCapabilities("audio").codecs
    transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType.lower() == "audio/opus"])


class VoiceTrack(MediaStreamTrack):
    """An audio track of Opus packets that are already encoded; aiortc sends them as they are."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._packets: asyncio.Queue[av.Packet[Any]] = asyncio.Queue(_WAITING_PACKETS)
        self._send: Callable[[bytes, int], None] | None = None

    def attach(self, send: Callable[[bytes, int], None]) -> None:
        """Send packets by this from now on; what waited is too old."""
        self._send = send

    def push(self, payload: bytes, pts: int) -> None:
        """Send one Opus packet that starts at sample `pts`; before the track is attached the last four wait."""
        if self._send is not None:
            self._send(payload, pts)
            return
        packet = av.Packet(payload)
        packet.pts = pts
        packet.time_base = TIME_BASE
        if self._packets.full():
            self._packets.get_nowait()
        self._packets.put_nowait(packet)

    async def recv(self) -> "av.Packet[Any]":
        """Return the next packet; raises `MediaStreamError` once the track has ended."""
        if self.readyState != "live":
            raise MediaStreamError
        return await self._packets.get()


class VoiceClock:
    """Maps the RTP timestamps of one speaker after another onto one clock that never jumps.

    Within one speaker's stream differences of timestamps are kept, so that loss and discontinuous
    transmission look to the receiver as they were. When the speaker changes, or timestamps stray from the
    clock on the wall by more than a second, the time that has passed on the wall counts instead.
    """

    def __init__(self) -> None:
        self._speaker: int | None = None
        self._timestamp = 0
        self._pts = 0
        self._arrival_s = 0.0

    def map(self, speaker: int, timestamp: int, arrival_s: float) -> int:
        """Return the sample number, 0 or more, for a packet with RTP `timestamp` that came at `arrival_s`."""
        elapsed = round((arrival_s - self._arrival_s) * SAMPLE_RATE)
        if self._speaker is None:
            pts = 0
        elif speaker != self._speaker:
            pts = self._pts + max(elapsed, SAMPLE_RATE // 50)
        else:
            step = (timestamp - self._timestamp + _TIMESTAMPS // 2) % _TIMESTAMPS - _TIMESTAMPS // 2
            if abs(step - elapsed) > _DRIFT_SAMPLES:
                step = elapsed
            pts = max(0, self._pts + step)
            if pts <= self._pts:
                return pts
        self._speaker = speaker
        self._timestamp = timestamp
        self._pts = pts
        self._arrival_s = arrival_s
        return pts


@dataclass
class _Slot:
    speaker: int | None = None
    track: VoiceTrack = field(default_factory=VoiceTrack)
    clock: VoiceClock = field(default_factory=VoiceClock)


class VoiceSlots:
    """The voice slots of one participant's connection, by transceiver mid, in the order they were opened."""

    def __init__(self) -> None:
        self._slots: dict[str, _Slot] = {}

    def open(self, mid: str) -> VoiceTrack:
        """Open a free slot and return its track."""
        slot = self._slots[mid] = _Slot()
        return slot.track

    def assign(self, speakers: list[int]) -> bool:
        """Free the slots of those who are not in `speakers`, give free ones to those who lack one, first come
        first served. Returns whether anything changed.
        """
        before = self.speakers()
        for slot in self._slots.values():
            if slot.speaker not in speakers:
                slot.speaker = None
        heard = {slot.speaker for slot in self._slots.values()}
        waiting = [speaker for speaker in speakers if speaker not in heard]
        for slot in self._slots.values():
            if slot.speaker is None and waiting:
                slot.speaker = waiting.pop(0)
        return self.speakers() != before

    def speakers(self) -> dict[str, int | None]:
        """Return whose voice each slot carries."""
        return {mid: slot.speaker for mid, slot in self._slots.items()}

    def play(self, speaker: int, payload: bytes, timestamp: int, arrival_s: float) -> bool:
        """Send a speaker's packet on its slot; False if it has none."""
        for slot in self._slots.values():
            if slot.speaker == speaker:
                slot.track.push(payload, slot.clock.map(speaker, timestamp, arrival_s))
                return True
        return False
