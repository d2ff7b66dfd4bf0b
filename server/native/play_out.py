"""Plays a recording out: pictures at a steady rate, and all voices mixed."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codec.animator import Animator
from codec.bundle import parse_bundle
from codec.decoder import FaceDecoder
from codec.errors import CodecError, FormatError, WireError
from codec.intra_picture import Picture
from codec.recording import Damage, Record, RecordingReader, RecordKind
from server.native.grid import compose, grid_shape
from server.native.recorded_clock import show_times_ms
from server.native.voice_codec import SAMPLE_RATE, Samples, VoiceDecoder, packet_samples

#: How long before they are due records are taken: enough to interpolate towards the next bundle.
_LEAD_MS = 250.0
_VOICE_SLACK = SAMPLE_RATE // 100


@dataclass(frozen=True, slots=True)
class Moment:
    """One output frame: the picture, (rows · side, columns · side, 3) RGB, and the sound until the next."""

    picture: Picture
    sound: Samples  #: mono, 48 kHz


class _Face:
    """One participant's pictures."""

    def __init__(self, animator: Animator, bundles: list[Record]) -> None:
        self.broken = 0
        self._decoder = FaceDecoder(animator)
        self._show_ms = deque(show_times_ms(bundles))

    def is_needed(self, record: Record, now_ms: float) -> bool:
        # Keyframes come with the bundles around them: any sooner, they would replace older ones that are still in use.
        return record.kind is RecordKind.KEYFRAME or self._show_ms[0] <= now_ms + _LEAD_MS

    def take(self, record: Record) -> None:
        try:
            if record.kind is RecordKind.KEYFRAME:
                self._decoder.add_keyframe(record.payload)
            else:
                self._decoder.add_bundle(record.payload, self._show_ms.popleft())
        except CodecError:
            self.broken += 1

    def picture(self, now_ms: float) -> Picture | None:
        return self._decoder.show(now_ms).picture


class _Sound:
    """All voices on one clock; what was taken is forgotten."""

    def __init__(self) -> None:
        self._decoders: dict[int, VoiceDecoder] = {}
        self._ends: dict[int, int] = {}
        self._mixed = np.zeros(0, np.int32)
        self._start = 0

    def add(self, record: Record) -> None:
        # A packet is recorded when it is complete: its sound began earlier by its own length.
        start = record.time_ms * SAMPLE_RATE // 1000 - packet_samples(record.payload)
        end = self._ends.get(record.participant, start)
        start = end if abs(start - end) < _VOICE_SLACK else start
        samples = self._decoders.setdefault(record.participant, VoiceDecoder()).decode(record.payload)
        self._ends[record.participant] = start + samples.size
        first = max(0, start - self._start)
        samples = samples[max(0, self._start - start) :]
        missing = first + samples.size - self._mixed.size
        if missing > 0:
            self._mixed = np.pad(self._mixed, (0, missing))
        self._mixed[first : first + samples.size] += samples

    def take(self, end: int) -> Samples:
        count = end - self._start
        taken = np.pad(self._mixed[:count], (0, max(0, count - self._mixed.size)))
        self._mixed = self._mixed[count:]
        self._start = end
        return np.clip(taken, -32768, 32767).astype(np.int16)


class PlayOut:
    """A recording, ready to be played out once."""

    def __init__(self, path: Path, animator: Animator, fps: int, participant: int | None = None) -> None:
        """Look through the file. Raises `FormatError` if it has nothing to play of `participant` (default: of all)."""
        self._path = path
        self._fps = fps
        self._animator = animator
        self._participant = participant
        self._broken = 0
        bundles: dict[int, list[Record]] = {}
        last_ms = -1
        with RecordingReader(path) as reader:
            for record in self._wanted(reader):
                last_ms = max(last_ms, record.time_ms)
                if record.kind is RecordKind.BUNDLE:
                    bundles.setdefault(record.participant, []).append(_header_only(record))
            self.damage: Damage | None = reader.damage  #: where the file was cut, if it was
            self.names = [reader.participants[i].name for i in sorted(bundles) if i in reader.participants]
        if last_ms < 0:
            chosen = f" of participant {participant}" if participant else ""
            raise FormatError(f"{path} has nothing to play{chosen}; it knows {sorted(reader.participants)}")
        self._faces = {sender: _Face(animator, sent) for sender, sent in sorted(bundles.items())}
        self.frames = max(1, -(-last_ms * fps // 1000))
        rows, columns = grid_shape(len(self._faces))
        self.size = (columns * animator.side, rows * animator.side)  #: width and height in pixels

    @property
    def broken(self) -> int:
        """Records left out so far because they do not decode."""
        return self._broken + sum(face.broken for face in self._faces.values())

    def moments(self) -> Iterator[Moment]:
        """Yield every output frame. Memory is bounded by a moment of the recording, and by its bundles' headers."""
        sound = _Sound()
        with RecordingReader(self._path) as reader:
            records = self._wanted(reader)
            waiting = next(records, None)
            for index in range(self.frames):
                now_ms = index * 1000 / self._fps
                while waiting is not None and self._is_needed(waiting, now_ms):
                    self._take(waiting, sound)
                    waiting = next(records, None)
                pictures = [face.picture(now_ms) for face in self._faces.values()]
                end = (index + 1) * SAMPLE_RATE // self._fps
                yield Moment(compose(pictures, self._animator.side), sound.take(end))

    def _is_needed(self, record: Record, now_ms: float) -> bool:
        face = self._faces.get(record.participant)
        if record.kind is RecordKind.VOICE or face is None:
            return record.time_ms <= now_ms + _LEAD_MS
        return face.is_needed(record, now_ms)

    def _take(self, record: Record, sound: _Sound) -> None:
        if record.kind is RecordKind.VOICE:
            sound.add(record)
        elif record.participant in self._faces:
            self._faces[record.participant].take(record)

    def _wanted(self, reader: RecordingReader) -> Iterator[Record]:
        """Yield what is to be played, broken bundles left out."""
        for record in reader.records():
            if record.kind is RecordKind.PARTICIPANT:
                continue
            if self._participant in (None, record.participant) and _is_sound(record):
                yield record


def _is_sound(record: Record) -> bool:
    if record.kind is RecordKind.VOICE:
        return packet_samples(record.payload) > 0
    if record.kind is RecordKind.BUNDLE:
        try:
            parse_bundle(record.payload)
        except WireError:
            return False
    return True


def _header_only(record: Record) -> Record:
    """Return a bundle's record with no more than its header, as a bundle without frames."""
    return Record(record.participant, record.kind, record.time_ms, b"\x10" + record.payload[1:8] + b"\x00\x00")
