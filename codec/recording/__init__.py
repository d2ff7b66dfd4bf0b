"""Recordings (`.fwr`): what participants sent, in the wire's own bytes (docs/wire-format.md, 'Recording')."""

from codec.recording.reader import Damage, RecordingReader
from codec.recording.records import CLIP, Record, RecordedParticipant, RecordKind
from codec.recording.writer import RecordingWriter

__all__ = ["CLIP", "Damage", "Record", "RecordKind", "RecordedParticipant", "RecordingReader", "RecordingWriter"]
