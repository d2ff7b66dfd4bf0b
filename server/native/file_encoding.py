"""Codes a media file into a recording: the face of its pictures and its voice."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from codec.errors import PictureError
from codec.file_encoder import CodedItem, FileEncoder
from codec.landmarks import LandmarkTracker
from codec.recording import CLIP, RecordedParticipant, RecordingReader, RecordingWriter, RecordKind
from server.native.media_file import FRAME_MS, MediaFile
from server.native.voice_codec import VoiceEncoder, VoiceEncoding

_CHUNK_MS = 4000
_TICK_MS = 10
_MOST_IDS = 255


@dataclass(slots=True)
class EncodingFigures:
    """What was coded."""

    seconds: float = 0.0
    frames: int = 0
    faceless: int = 0  #: frames in which no face was found
    keyframes: int = 0
    file_bytes: int = 0  #: that the file has grown by
    voice_bytes: int = 0  #: of Opus packets among them
    elapsed_s: float = 0.0

    @property
    def kbps(self) -> float:
        """Everything, kbit/s."""
        return self.file_bytes * 8 / self.seconds / 1000 if self.seconds else 0.0

    @property
    def picture_kbps(self) -> float:
        """Everything but the Opus packets, kbit/s."""
        return (self.file_bytes - self.voice_bytes) * 8 / self.seconds / 1000 if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class ClipPlace:
    """Where a clip goes: a new file, or behind what a file holds."""

    path: Path
    participant: RecordedParticipant
    start_ms: int
    is_appended: bool

    @classmethod
    def new(cls, path: Path, name: str) -> "ClipPlace":
        """Return the place of a clip in a file of its own."""
        return cls(path, RecordedParticipant(1, name, CLIP), 0, False)

    @classmethod
    def behind(cls, path: Path, name: str) -> "ClipPlace":
        """Return the place behind what a recording holds: the last clip in it goes on, else `name` joins it.

        Raises `FormatError` if the file is no recording.
        """
        if not path.exists():
            return cls.new(path, name)
        with RecordingReader(path) as reader:
            end_ms = max((record.time_ms for record in reader.records()), default=0)
        clips = [participant for participant in reader.participants.values() if participant.kind == CLIP]
        free = min(set(range(1, _MOST_IDS + 1)) - reader.participants.keys(), default=_MOST_IDS)
        participant = clips[-1] if clips else RecordedParticipant(free, name, CLIP)
        return cls(path, participant, end_ms + -end_ms % _TICK_MS, True)


def encode_file(
    media: MediaFile,
    encoder: FileEncoder,
    place: ClipPlace,
    voice: VoiceEncoding | None,
    on_progress: Callable[[float], None] = lambda _: None,
) -> EncodingFigures:
    """Code a file; `voice` is None for no sound, `on_progress` takes the seconds of it that are done.

    The file is opened with the first keyframe: nothing is written or overwritten before. Raises `PictureError` if there
    is none, because no picture shows a face; `FormatError` if it cannot be written; `CodecError` if it cannot be coded.
    """
    started_s = time.perf_counter()
    figures = EncodingFigures()
    with _Output(place, media.created) as output, LandmarkTracker() as tracker:
        sound = _Voice(media, voice, place.start_ms) if voice and media.has_sound else None
        for captured in media.pictures():
            if sound is not None:
                output.add_voice(sound.packets_until(captured.time_ms))
            landmarks = tracker.track(captured.picture, round(captured.time_ms))
            speaks = sound is not None and sound.active
            output.add(encoder.add(captured.picture, landmarks, place.start_ms + captured.time_ms, speaks))
            figures.frames += 1
            figures.seconds = (captured.time_ms + FRAME_MS) / 1000
            figures.faceless += landmarks is None
            on_progress(captured.time_ms / 1000)
        if sound is not None:
            output.add_voice(sound.packets_until(float("inf")))
            figures.seconds = max(figures.seconds, sound.end_ms / 1000)
        output.add(encoder.finish(), place.start_ms + figures.seconds * 1000)
        output.finish()
        if not output.keyframes:
            raise PictureError("there is no picture to code")
        figures.keyframes, figures.voice_bytes = output.keyframes, output.voice_bytes
    figures.file_bytes = place.path.stat().st_size - output.bytes_before
    figures.elapsed_s = time.perf_counter() - started_s
    return figures


class _Voice:
    """The packets of a file's sound, each with the time at which it is complete."""

    def __init__(self, media: MediaFile, encoding: VoiceEncoding, start_ms: int) -> None:
        self._encoder = VoiceEncoder(encoding)
        self._encoding = encoding
        self._start_ms = start_ms
        self._chunks = media.sound(encoding.packet_samples)
        self.end_ms = 0  #: of the file, up to which packets were yielded

    @property
    def active(self) -> bool:
        """Whether somebody is speaking."""
        return self._encoder.active

    def packets_until(self, time_ms: float) -> Iterator[tuple[int, bytes]]:
        """Yield the packets that begin before a time of the file and were not yielded yet, silence left out."""
        while self.end_ms <= time_ms and (samples := next(self._chunks, None)) is not None:
            packet = self._encoder.encode(samples)
            self.end_ms += self._encoding.packet_ms
            if packet:
                yield self._start_ms + self.end_ms, packet


class _Output:
    """Puts voice and what was coded of the pictures in the order of their times; opened by the first keyframe."""

    def __init__(self, place: ClipPlace, created: str) -> None:
        self.keyframes = 0
        self.voice_bytes = 0
        self.bytes_before = 0
        self._place = place
        self._created = created
        self._writer: RecordingWriter | None = None
        self._voice: deque[tuple[int, bytes]] = deque()
        self._items: deque[CodedItem] = deque()

    def add_voice(self, packets: Iterator[tuple[int, bytes]]) -> None:
        self._voice.extend(packets)

    def add(self, items: list[CodedItem], end_ms: float = float("inf")) -> None:
        """Write what can be written; nothing stands behind `end_ms`, not even a bundle that is not full."""
        self._items.extend(items)
        self.keyframes += sum(item.kind is RecordKind.KEYFRAME for item in items)
        if self._writer is None and self.keyframes:
            self._writer = self._opened()
        while self._writer is not None and self._items:
            item = self._items.popleft()
            time_ms = min(max(item.time_ms, self._place.start_ms), end_ms)
            self._write_voice(time_ms)
            self._write(item.kind, time_ms, item.payload)

    def finish(self) -> None:
        """Write the voice that goes on behind the last picture."""
        if self._writer is not None:
            self._write_voice(float("inf"))

    def __enter__(self) -> "_Output":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def _opened(self) -> RecordingWriter:
        place = self._place
        if place.is_appended:
            writer = RecordingWriter(place.path, (place.participant,), append=True, chunk_ms=_CHUNK_MS)
            self.bytes_before = place.path.stat().st_size
            return writer
        return RecordingWriter(place.path, (place.participant,), self._created, chunk_ms=_CHUNK_MS)

    def _write_voice(self, until_ms: float) -> None:
        while self._voice and self._voice[0][0] <= until_ms:
            time_ms, packet = self._voice.popleft()
            self.voice_bytes += len(packet)
            self._write(RecordKind.VOICE, time_ms, packet)

    def _write(self, kind: RecordKind, time_ms: float, payload: bytes) -> None:
        assert self._writer is not None
        self._writer.add(self._place.participant.id, kind, time_ms, payload)
