"""Recordings that tests make or cut."""

from pathlib import Path

from codec.recording import RecordingReader, RecordingWriter, RecordKind
from server.demonstration import RECORDING


def cut(source: Path, path: Path, seconds: float) -> Path:
    """Write the first seconds of a recording to another file."""
    with RecordingReader(source) as reader, RecordingWriter(path, tuple(reader.participants.values())) as writer:
        for record in reader.records():
            if record.time_ms <= seconds * 1000:
                writer.add(record.participant, record.kind, record.time_ms, record.payload)
    return path


def short_demonstration(folder: Path, seconds: float) -> Path:
    """Return the first seconds of the demonstration participant as a file of its own."""
    return cut(RECORDING, folder / "short.fwr", seconds)


def recorded(kind: RecordKind) -> list[bytes]:
    """Return what the demonstration participant's records of one kind hold."""
    with RecordingReader(RECORDING) as reader:
        return [record.payload for record in reader.records() if record.kind is kind]
