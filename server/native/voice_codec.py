"""Opus (RFC 6716) for one voice: samples to packets and back, and how long a packet is."""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
Samples = NDArray[np.int16]
#: Lengths of a packet that calls use.
PACKET_MS = (20, 40, 60, 120)

_LONGEST_PACKET_MS = 120
#: Frame lengths in units of 2.5 ms by configuration number, RFC 6716, table 2.
_FRAME_UNITS = (4, 8, 16, 24) * 3 + (4, 8) * 2 + (1, 2, 4, 8) * 4


@dataclass(frozen=True, slots=True)
class VoiceEncoding:
    """How a voice is coded."""

    kbps: float = 6.0
    packet_ms: int = 60  #: one of `PACKET_MS`
    silence_dbfs: float = -50.0  #: quieter packets are silence; full scale is 0
    hangover_ms: int = 300  #: what is still sent after the last packet that was not
    refresh_ms: int = 420  #: in silence one packet so often, which keeps the background alive

    @property
    def packet_samples(self) -> int:
        """Samples in a packet."""
        return self.packet_ms * SAMPLE_RATE // 1000


class VoiceEncoder:
    """Codes mono 48 kHz sound; leaves silence out (discontinuous transmission)."""

    def __init__(self, encoding: VoiceEncoding) -> None:
        self.active = False  #: whether the newest packet belongs to speech
        self._encoding = encoding
        self._quiet_ms = encoding.hangover_ms
        self._samples = 0
        self._encoder = av.CodecContext.create("libopus", "w")
        self._encoder.sample_rate = SAMPLE_RATE
        self._encoder.layout = "mono"
        self._encoder.format = "s16"
        self._encoder.bit_rate = round(encoding.kbps * 1000)
        self._encoder.time_base = Fraction(1, SAMPLE_RATE)
        self._encoder.options = {"application": "voip", "frame_duration": str(encoding.packet_ms)}
        self._encoder.open()

    def encode(self, samples: Samples) -> bytes:
        """Return the packet for exactly `packet_samples` samples; empty where silence need not be sent."""
        self._note_level(samples)
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._samples
        self._samples += samples.size
        payload = b"".join(bytes(packet) for packet in self._encoder.encode(frame))
        beyond_ms = self._quiet_ms - self._encoding.hangover_ms
        if self.active or beyond_ms % self._encoding.refresh_ms < self._encoding.packet_ms:
            return payload
        return b""

    def _note_level(self, samples: Samples) -> None:
        power = float(np.mean(np.square(samples, dtype=np.float64))) / 2**30
        loud = 10 * np.log10(power + 1e-12) > self._encoding.silence_dbfs
        self._quiet_ms = 0 if loud else self._quiet_ms + self._encoding.packet_ms
        self.active = self._quiet_ms < self._encoding.hangover_ms


class VoiceDecoder:
    """Decodes one voice's packets in order."""

    def __init__(self) -> None:
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.sample_rate = SAMPLE_RATE
        self._decoder.layout = "mono"
        self._to_integers = av.AudioResampler("s16", "mono", SAMPLE_RATE)

    def decode(self, packet: bytes) -> Samples:
        """Return the packet's (n,) samples; none if it is broken."""
        try:
            decoded = self._decoder.decode(av.Packet(packet))
            frames = [integers for frame in decoded for integers in self._to_integers.resample(frame)]
        except av.FFmpegError:
            return np.zeros(0, np.int16)
        return np.concatenate([np.zeros(0, np.int16), *(frame.to_ndarray()[0] for frame in frames)])


def packet_samples(packet: bytes) -> int:
    """Return how many samples at 48 kHz an Opus packet holds (RFC 6716, section 3.1); 0 if it is malformed."""
    if not packet:
        return 0
    code = packet[0] & 3
    if code == 3 and len(packet) < 2:
        return 0
    frames = (1, 2, 2, packet[1] & 63 if code == 3 else 0)[code]
    samples = frames * _FRAME_UNITS[packet[0] >> 3] * SAMPLE_RATE // 400
    return samples if samples <= _LONGEST_PACKET_MS * SAMPLE_RATE // 1000 else 0
