"""Encodes one's own voice in the thread of its source."""

from collections.abc import Callable

from server.native.sound import SoundSource
from server.native.voice_codec import Samples, VoiceEncoder, VoiceEncoding


class VoiceSender:
    """Turns a source's sound into packets."""

    def __init__(self, source: SoundSource, encoding: VoiceEncoding, on_packet: Callable[[bytes, int], None]) -> None:
        """Prepare; `on_packet` takes packet (empty: silence) and samples, in the source's thread."""
        self._source = source
        self._chunk = encoding.packet_samples
        self._encoder = VoiceEncoder(encoding)
        self._on_packet = on_packet

    @property
    def active(self) -> bool:
        """Whether somebody is speaking."""
        return self._encoder.active

    @property
    def ended(self) -> bool:
        """Whether no sound will come any more."""
        return self._source.ended

    @property
    def problem(self) -> str | None:
        """Why the source ended before it should."""
        return self._source.problem

    def start(self) -> None:
        """Begin."""
        self._source.start(self._chunk, self._encode)

    def stop(self) -> None:
        """End; safe to call twice."""
        self._source.stop()

    def _encode(self, samples: Samples) -> None:
        self._on_packet(self._encoder.encode(samples), samples.size)
