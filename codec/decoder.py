"""The receiver: bundles and keyframes of one sender in, the picture due now out."""

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from codec.animator import Animator, CachedKeyframe, FaceToDraw
from codec.bundle import SEQUENCE_MODULUS, BundleHeader, Mode, decode_frames, parse_bundle
from codec.errors import PictureError, UnknownKeyframeError, WireError
from codec.intra_picture import Picture
from codec.keyframes import CACHED_KEYFRAMES, Keyframe
from codec.motion import motion_model
from codec.picture_stream import PictureStreamDecoder
from codec.playout import Playout, TimedFrame
from codec.speech.drive import SpeechDrive
from codec.speech.features import SAMPLE_RATE
from codec.speech.voice_clock import VoiceClock


class FaceState(Enum):
    """What a receiver may honestly say of a face."""

    WAITING = "waiting"  #: no picture yet
    LIVE = "live"
    PLAIN = "plain"  #: the camera's own picture at a low rate, where no face can be animated
    NO_FACE = "no-face"  #: the sender says that it sees none; the last picture is held
    SOUND = "sound"  #: motion is missing; the voice moves the face
    STALE = "stale"  #: nothing has arrived for a second; the last picture is held


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture to show. `fresh` is False when it is the one shown before."""

    picture: Picture | None
    state: FaceState
    fresh: bool
    frame: TimedFrame | None


@dataclass(frozen=True, slots=True)
class Due:
    """What is due at `now_ms` and not shown yet: a face to draw, or a picture that needs no drawing, or neither."""

    now_ms: float
    frame: TimedFrame | None
    face: FaceToDraw | None = None
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class _Cached:
    keyframe: Keyframe
    picture: Picture
    prepared: CachedKeyframe | None  #: None without a face


class FaceDecoder:
    """Decodes one sender's face. Not thread-safe."""

    def __init__(self, animator: Animator, keyframes: int = CACHED_KEYFRAMES, drive: SpeechDrive | None = None) -> None:
        """Prepare; `keyframes` is how many are kept, at least as many as senders count on.

        With a `drive` motion is refined, and replaced where it is missing, by what the drive hears.
        """
        self.voice_active = False  #: as the newest bundle says
        self.stage_ms = {"entropy": 0.0, "animate": 0.0, "keyframe": 0.0}  #: of the newest of each
        self.pictures_by_sound = 0  #: shown where motion was missing and the voice moved the face
        self._animator = animator
        self._drive = drive
        self._voice_clock = VoiceClock()
        self._most_keyframes = max(keyframes, CACHED_KEYFRAMES)
        self._model = motion_model()
        self._playout = Playout()
        self._keyframes: OrderedDict[int, _Cached] = OrderedDict()
        self._pictures = PictureStreamDecoder()
        self._missing: set[int] = set()
        self._newest_sequence: int | None = None
        self._shown: Picture | None = None
        self._shown_frame: TimedFrame | None = None

    @property
    def playout(self) -> Playout:
        """The clock that says what is due."""
        return self._playout

    def add_keyframe(self, data: bytes) -> None:
        """Cache a keyframe. Raises `WireError` or `PictureError` if it is broken.

        One that continues a keyframe which is not here is dropped; its number is then among `take_missing`.
        """
        started = perf_counter()
        keyframe = Keyframe.parse(data)
        if keyframe.side != self._animator.side:
            raise PictureError(f"keyframe of {keyframe.side}², these weights draw {self._animator.side}²")
        known = self._keyframes.get(keyframe.number)
        if known is not None and known.keyframe == keyframe and not self._pictures.is_broken:
            return
        try:
            picture = self._pictures.decode(keyframe)
        except UnknownKeyframeError:
            self._missing.add(keyframe.number)
            return
        prepared = None
        if keyframe.shape is not None and keyframe.motion is not None:
            landmarks = self._model.landmarks(keyframe.shape, keyframe.motion)
            prepared = self._animator.cache_keyframe(picture, landmarks)
        picture = self._animator.restore(picture) if prepared is None else prepared.shown
        self._keyframes[keyframe.number] = _Cached(keyframe, picture, prepared)
        self._keyframes.move_to_end(keyframe.number)
        while len(self._keyframes) > self._most_keyframes:
            self._keyframes.popitem(last=False)
        self._missing.discard(keyframe.number)
        self.stage_ms["keyframe"] = (perf_counter() - started) * 1000

    def add_bundle(self, data: bytes, arrival_ms: float) -> None:
        """Take a bundle that arrived at `arrival_ms` (any steady clock, the same as for `show`).

        Raises `WireError` if it is broken. A bundle that needs a keyframe which is not here is dropped; the number is
        then among `take_missing`.
        """
        started = perf_counter()
        packed = parse_bundle(data)
        self._note_voice(packed.header)
        keyframes = {number: cached.keyframe for number, cached in self._keyframes.items()}
        motions = {number: keyframe.motion for number, keyframe in keyframes.items() if keyframe.motion is not None}
        try:
            bundle = decode_frames(packed, motions)
        except UnknownKeyframeError as error:
            self._check_face(error.number)
            self._missing.add(error.number)
            return
        for frame in bundle.frames:
            number = packed.header.keyframe_b if frame.pick else packed.header.keyframe_a
            if frame.mode is Mode.ANIMATED:
                self._check_face(number)
            if frame.mode is not Mode.NONE and number not in keyframes:
                self._missing.add(number)
        self._playout.add(bundle, arrival_ms)
        if bundle.frames:
            self._voice_clock.note_bundle(self._playout.newest_ms, arrival_ms)
        self.stage_ms["entropy"] = (perf_counter() - started) * 1000

    def add_sound(self, samples: NDArray[np.floating], end_ms: float, arrival_ms: float) -> None:
        """Let the drive hear mono sound (16 kHz, ±1) of a packet that arrived at `arrival_ms`; without one, nothing.

        `end_ms` is where the sound ends on the voice's own clock, which must not wrap.
        """
        length_ms = 1000 * len(samples) / SAMPLE_RATE
        self._voice_clock.note_voice(end_ms, length_ms, arrival_ms)
        time_ms = self._voice_clock.to_frames(end_ms - length_ms)
        if self._drive is not None and time_ms is not None:
            self._drive.voice.add(samples, time_ms)

    def _check_face(self, number: int) -> None:
        """Raise `WireError` if the keyframe is here and shows no face: nothing can be animated from it."""
        if number in self._keyframes and self._keyframes[number].prepared is None:
            raise WireError(f"animated frame that picks keyframe {number}, which has no face")

    def _note_voice(self, header: BundleHeader) -> None:
        """Take the voice flag of the newest bundle; one that was overtaken says nothing new."""
        newer = (header.sequence - self._newest_sequence) % SEQUENCE_MODULUS if self._newest_sequence is not None else 1
        if 0 < newer < SEQUENCE_MODULUS // 2:
            self._newest_sequence = header.sequence
            self.voice_active = header.voice_active

    def take_missing(self) -> set[int]:
        """Return the numbers of keyframes to request, each once for every bundle that lacked it."""
        missing, self._missing = self._missing, set()
        return missing

    def show(self, now_ms: float) -> Shown:
        """Return the picture due at `now_ms`; the last good one is held where there is no better."""
        due = self.due(now_ms)
        if due.face is None:
            return self.shown(due, due.picture)
        started = perf_counter()
        picture = self._animator.animate(due.face.picked, due.face.other, due.face.landmarks)
        self.stage_ms["animate"] = (perf_counter() - started) * 1000
        return self.shown(due, picture)

    def due(self, now_ms: float) -> Due:
        """Return what is due at `now_ms`, to be drawn together with other senders' faces and given to `shown`."""
        frame = self._playout.due(now_ms)
        if frame is not None and self._drive is not None:
            frame = self._drive.move(frame, self._playout.around, self._playout.media_ms)
        if frame is None or frame.mode is Mode.NONE or frame == self._shown_frame:
            return Due(now_ms, frame)
        picked = self._keyframes.get(frame.picked)
        if picked is None:
            return Due(now_ms, frame)
        if frame.mode is not Mode.ANIMATED:
            return Due(now_ms, frame, picture=picked.picture)
        if picked.prepared is None or picked.keyframe.shape is None or frame.motion is None:
            # The number has come to stand for a keyframe without a face since.
            return Due(now_ms, frame)
        other = self._keyframes.get(frame.other) if frame.other != frame.picked else None
        landmarks = self._model.landmarks(picked.keyframe.shape, frame.motion)
        return Due(now_ms, frame, FaceToDraw(picked.prepared, other.prepared if other else None, landmarks))

    def shown(self, due: Due, picture: Picture | None) -> Shown:
        """Return what is shown with the picture that was due; without one, the last good picture is held."""
        if picture is not None:
            self._shown, self._shown_frame = picture, due.frame
            self.pictures_by_sound += due.frame is not None and due.frame.driven
        return Shown(self._shown, self._state(due.now_ms, due.frame), picture is not None, self._shown_frame)

    def _state(self, now_ms: float, frame: TimedFrame | None) -> FaceState:
        if self._shown is None:
            return FaceState.NO_FACE if frame is not None and frame.mode is Mode.NONE else FaceState.WAITING
        if frame is not None and frame.driven:
            return FaceState.SOUND
        if self._playout.is_stale(now_ms):
            return FaceState.STALE
        if frame is not None and frame.mode is not Mode.ANIMATED:
            return FaceState.PLAIN if frame.mode is Mode.PLAIN else FaceState.NO_FACE
        return FaceState.LIVE
