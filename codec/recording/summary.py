"""What is in a recording, and how many bytes each part of it takes."""

from dataclasses import dataclass, field

from codec.bundle import parse_bundle
from codec.errors import WireError
from codec.intra_picture import PictureCodec
from codec.recording.reader import Damage, RecordingReader
from codec.recording.records import Record, RecordKind


@dataclass(slots=True)
class ParticipantSummary:
    """What one participant sent."""

    id: int
    name: str = ""  #: empty where the recording does not say
    kind: str = ""
    first_ms: int = 0
    last_ms: int = 0
    first_bundle: tuple[int, int] = (0, 0)  #: its time and its frames
    last_bundle_ms: int = 0
    bundles: int = 0
    bundle_bytes: int = 0
    frames: int = 0
    keyframes: int = 0
    predicted_keyframes: int = 0  #: among them, predicted from the one before
    keyframe_bytes: int = 0
    voice_packets: int = 0
    voice_bytes: int = 0
    broken: int = 0  #: bundles that are none

    @property
    def frames_per_second(self) -> float:
        """Frames a second from the first bundle to the last."""
        elapsed_ms = self.last_bundle_ms - self.first_bundle[0]
        return (self.frames - self.first_bundle[1]) * 1000 / elapsed_ms if elapsed_ms else 0.0


@dataclass(slots=True)
class RecordingSummary:
    """A recording as a whole."""

    created: str = ""  #: ISO 8601, or empty
    source_type: str = ""  #: IPTC's digital source type, or empty
    duration_ms: int = 0  #: up to the last record
    records: int = 0
    file_bytes: int = 0
    participants: dict[int, ParticipantSummary] = field(default_factory=dict)
    damage: Damage | None = None

    def part_bytes(self) -> dict[str, int]:
        """Return the bytes of each part; together with what is damaged they are the file's."""
        everybody = self.participants.values()
        parts = {
            "motion": sum(participant.bundle_bytes for participant in everybody),
            "keyframes": sum(participant.keyframe_bytes for participant in everybody),
            "sound": sum(participant.voice_bytes for participant in everybody),
        }
        lost_bytes = self.damage.lost_bytes if self.damage else 0
        return parts | {"container": self.file_bytes - lost_bytes - sum(parts.values())}

    def kbps(self, part_bytes: int) -> float:
        """Return how many kbit/s so many bytes are."""
        return part_bytes * 8 / self.duration_ms if self.duration_ms else 0.0


def summarise(reader: RecordingReader) -> RecordingSummary:
    """Read a recording to its end and say what is in it; payloads are not decoded."""
    summary = RecordingSummary(reader.created, reader.source_type, file_bytes=reader.file_bytes)
    for record in reader.records():
        summary.records += 1
        summary.duration_ms = max(summary.duration_ms, record.time_ms)
        if record.kind is not RecordKind.PARTICIPANT:
            if record.participant not in summary.participants:
                summary.participants[record.participant] = ParticipantSummary(
                    record.participant, first_ms=record.time_ms, last_ms=record.time_ms
                )
            _note(summary.participants[record.participant], record)
    for known in reader.participants.values():
        participant = summary.participants.setdefault(known.id, ParticipantSummary(known.id))
        participant.name, participant.kind = known.name, known.kind
    summary.participants = dict(sorted(summary.participants.items()))
    summary.damage = reader.damage
    return summary


def _note(participant: ParticipantSummary, record: Record) -> None:
    participant.first_ms = min(participant.first_ms, record.time_ms)
    participant.last_ms = max(participant.last_ms, record.time_ms)
    size = len(record.payload)
    match record.kind:
        case RecordKind.BUNDLE:
            participant.bundle_bytes += size
            _note_bundle(participant, record)
        case RecordKind.KEYFRAME:
            participant.keyframes += 1
            participant.keyframe_bytes += size
            participant.predicted_keyframes += bool(size) and record.payload[0] & 15 == PictureCodec.AV1_NEXT
        case RecordKind.VOICE:
            participant.voice_packets += 1
            participant.voice_bytes += size


def _note_bundle(participant: ParticipantSummary, record: Record) -> None:
    try:
        frames = parse_bundle(record.payload).frame_count
    except WireError:
        participant.broken += 1
        return
    if not participant.bundles:
        participant.first_bundle = record.time_ms, frames
    participant.bundles += 1
    participant.frames += frames
    participant.last_bundle_ms = record.time_ms
