"""Records what is received from the others in a call (`--record`)."""

import time
from datetime import UTC, datetime
from pathlib import Path

from codec.errors import FormatError
from codec.provenance import RENDERED
from codec.recording import RecordedParticipant, RecordingWriter, RecordKind
from server.native.voice_codec import SAMPLE_RATE
from server.protocol.messages import ParticipantInfo

_TIMESTAMPS = 1 << 32
_LARGEST_DRIFT_MS = 400


class CallRecorder:
    """A recording in the making."""

    def __init__(self, path: Path) -> None:
        """Create the file. Raises `FormatError` if it cannot be written."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        self._writer = RecordingWriter(path, created=created, source_type=RENDERED)
        self._start_s = time.monotonic()
        self._voices: dict[int, tuple[int, float]] = {}
        self.left_out = 0  #: records that did not fit the format

    def note_participant(self, participant: ParticipantInfo) -> None:
        """Write who somebody is."""
        self._voices.pop(participant.id, None)
        described = RecordedParticipant(participant.id, participant.name, participant.source)
        self._writer.add_participant(described, self._now_ms())

    def add(self, participant: int, kind: RecordKind, payload: bytes) -> None:
        """Write a bundle or keyframe that has just arrived."""
        self._add(participant, kind, self._now_ms(), payload)

    def add_voice(self, participant: int, packet: bytes, timestamp: int) -> None:
        """Write an Opus packet at the time that its RTP timestamp says, jitter taken out."""
        time_ms = now_ms = self._now_ms()
        if participant in self._voices:
            last_timestamp, last_ms = self._voices[participant]
            step = (timestamp - last_timestamp + _TIMESTAMPS // 2) % _TIMESTAMPS - _TIMESTAMPS // 2
            counted_ms = last_ms + step * 1000 / SAMPLE_RATE
            if abs(counted_ms - now_ms) < _LARGEST_DRIFT_MS and counted_ms >= 0:
                time_ms = counted_ms
        self._voices[participant] = (timestamp, time_ms)
        self._add(participant, RecordKind.VOICE, time_ms, packet)

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def _add(self, participant: int, kind: RecordKind, time_ms: float, payload: bytes) -> None:
        try:
            self._writer.add(participant, kind, time_ms, payload)
        except FormatError:
            self.left_out += 1

    def _now_ms(self) -> float:
        return (time.monotonic() - self._start_s) * 1000
