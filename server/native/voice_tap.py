"""What the codec hears of a voice: Opus packets as they arrive, decoded to 16 kHz, with their time unwrapped."""

import av
import numpy as np
from numpy.typing import NDArray

from codec.speech.features import SAMPLE_RATE
from server.native.voice_codec import SAMPLE_RATE as VOICE_RATE
from server.native.voice_codec import VoiceDecoder

_TIMESTAMP_MODULUS = 1 << 32


class VoiceTap:
    """One voice, its packets in order of arrival."""

    def __init__(self) -> None:
        self._decoder = VoiceDecoder()
        self._down = av.AudioResampler("flt", "mono", SAMPLE_RATE)
        self._newest: int | None = None

    def decode(self, packet: bytes, timestamp: int) -> tuple[NDArray[np.float32], float] | None:
        """Return a packet's (n,) sound and where it ends on the voice's clock in ms; None if it is late or broken.

        `timestamp` is RTP's: samples at 48 kHz, modulo 2³².
        """
        start = timestamp if self._newest is None else self._unwrap(timestamp, self._newest)
        if self._newest is not None and start <= self._newest:
            return None
        samples = self._decoder.decode(packet)
        if not samples.size:
            return None
        self._newest = start
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate = VOICE_RATE
        parts = [part.to_ndarray()[0] for part in self._down.resample(frame)]
        if not parts:
            return None
        return np.concatenate(parts), 1000 * (start + samples.size) / VOICE_RATE

    @staticmethod
    def _unwrap(timestamp: int, newest: int) -> int:
        half = _TIMESTAMP_MODULUS // 2
        return newest + (timestamp - newest + half) % _TIMESTAMP_MODULUS - half
