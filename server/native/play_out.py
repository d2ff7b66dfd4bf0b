"""Plays a recording out: pictures at a steady rate, and all voices mixed."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from codec.animator import Animator
from codec.bundle import parse_bundle
from codec.decoder import FaceDecoder
from codec.errors import CodecError, FormatError, WireError
from codec.intra_picture import Picture
from codec.keyframes import CACHED_KEYFRAMES
from codec.recording import CLIP, Damage, Record, RecordingReader, RecordKind
from server.native.grid import compose, grid_shape
from server.native.recorded_clock import clip_times_ms, show_times_ms
from server.native.voice_codec import SAMPLE_RATE, Samples, VoiceDecoder, packet_samples

#: How long before they are due records are taken: enough to interpolate towards the next bundle.
_LEAD_MS = 250.0
#: What is read before a start and behind an end in the middle: bundles that came late, and those that tell how late.
_RUN_UP_MS = 2000
_VOICE_SLACK = SAMPLE_RATE // 100


@dataclass(frozen=True, slots=True)
class Moment:
    """One output frame: the picture, (rows · side, columns · side, 3) RGB, and the sound until the next."""

    picture: Picture
    sound: Samples  #: mono, 48 kHz


class _Face:
    """One participant's pictures."""

    def __init__(self, animator: Animator, bundles: list[Record], *, is_clip: bool) -> None:
        self.broken = 0
        self.problem: str | None = None
        self._decoder = FaceDecoder(animator, 2 * CACHED_KEYFRAMES)
        show_ms = clip_times_ms(bundles) if is_clip else show_times_ms(bundles)
        self._show_ms = deque(show_ms)
        #: By how much its bundles stand behind the moment at which they are shown, at most.
        self.late_ms = max(record.time_ms - shown for record, shown in zip(bundles, show_ms, strict=True))
        self._waiting: deque[Record] = deque()

    def put(self, record: Record) -> None:
        self._waiting.append(record)

    def picture(self, now_ms: float) -> Picture | None:
        while self._waiting and self._is_needed(self._waiting[0], now_ms):
            self._take(self._waiting.popleft())
        return self._decoder.show(now_ms).picture

    def _is_needed(self, record: Record, now_ms: float) -> bool:
        # Keyframes come with the bundles around them: any sooner, they would replace older ones that are still in use.
        return record.kind is RecordKind.KEYFRAME or self._show_ms[0] <= now_ms + _LEAD_MS

    def _take(self, record: Record) -> None:
        try:
            if record.kind is RecordKind.KEYFRAME:
                self._decoder.add_keyframe(record.payload)
            else:
                self._decoder.add_bundle(record.payload, self._show_ms.popleft())
        except CodecError as error:
            self.broken += 1
            self.problem = self.problem or str(error)


class _Sound:
    """All voices on one clock, from a first sample on; what was taken is forgotten."""

    def __init__(self, start: int) -> None:
        self._decoders: dict[int, VoiceDecoder] = {}
        self._ends: dict[int, int] = {}
        self._mixed = np.zeros(0, np.int32)
        self._start = start

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
    """A recording, or a part of one, ready to be played out once."""

    def __init__(
        self,
        path: Path,
        animator: Animator,
        fps: int,
        participant: int | None = None,
        start_s: float = 0.0,
        longest_s: float = math.inf,
    ) -> None:
        """Look through the file, or the part of `longest_s` seconds from `start_s` on.

        Raises `FormatError` if there is nothing to play of `participant` (default: of all).
        """
        self._path = path
        self._fps = fps
        self._animator = animator
        self._participant = participant
        self._start_ms = round(start_s * 1000)
        self._end_ms = (start_s + longest_s) * 1000
        bundles: dict[int, list[Record]] = {}
        last_ms = -1
        with RecordingReader(path) as reader:
            for record in self._wanted(reader):
                last_ms = max(last_ms, record.time_ms)
                if record.kind is RecordKind.BUNDLE:
                    bundles.setdefault(record.participant, []).append(_header_only(record))
        self.damage: Damage | None = reader.damage  #: of the part that is played
        last_ms = min(last_ms, math.ceil(self._end_ms)) if longest_s < math.inf else last_ms
        if last_ms < self._start_ms:
            chosen = f" of participant {participant}" if participant else ""
            chosen += f" from {start_s:g} s on" if start_s else ""
            raise FormatError(f"{path} has nothing to play{chosen}; it knows {sorted(reader.participants)}")
        known = reader.participants
        self.names = [known[sender].name for sender in sorted(bundles) if sender in known]
        clips = {sender for sender in known if known[sender].kind == CLIP}
        self._faces = {
            sender: _Face(animator, sent, is_clip=sender in clips) for sender, sent in sorted(bundles.items())
        }
        self.frames = max(1, -(-(last_ms - self._start_ms) * fps // 1000))
        rows, columns = grid_shape(len(self._faces))
        self.size = (columns * animator.side, rows * animator.side)  #: width and height in pixels

    @property
    def broken(self) -> int:
        """Records left out so far because they do not decode."""
        return sum(face.broken for face in self._faces.values())

    @property
    def problem(self) -> str | None:
        """What is wrong with the first of them."""
        return next((face.problem for face in self._faces.values() if face.problem), None)

    def moments(self) -> Iterator[Moment]:
        """Yield every output frame.

        Memory is bounded by a moment of the recording, as long as bundles were late, and by its bundles' headers.
        """
        sound = _Sound(self._start_ms * SAMPLE_RATE // 1000)
        ahead_ms = _LEAD_MS + max((face.late_ms for face in self._faces.values()), default=0.0)
        with RecordingReader(self._path) as reader:
            records = self._wanted(reader)
            waiting = next(records, None)
            for index in range(self.frames):
                now_ms = self._start_ms + index * 1000 / self._fps
                while waiting is not None and waiting.time_ms <= now_ms + ahead_ms:
                    self._put(waiting, sound)
                    waiting = next(records, None)
                pictures = [face.picture(now_ms) for face in self._faces.values()]
                end = self._start_ms * SAMPLE_RATE // 1000 + (index + 1) * SAMPLE_RATE // self._fps
                yield Moment(compose(pictures, self._animator.side), sound.take(end))

    def _put(self, record: Record, sound: _Sound) -> None:
        if record.kind is RecordKind.VOICE:
            sound.add(record)
        elif record.participant in self._faces:
            self._faces[record.participant].put(record)

    def _wanted(self, reader: RecordingReader) -> Iterator[Record]:
        """Yield what is to be played, broken bundles left out; keyframes that are needed from the start on first."""
        needed = reader.seek(self._start_ms - _RUN_UP_MS) if self._start_ms else []
        for record in chain(needed, reader.records()):
            if record.time_ms > self._end_ms + _RUN_UP_MS:
                return
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
