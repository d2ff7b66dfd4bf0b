"""The sender: camera pictures with their landmarks in, bundles and keyframes out."""

from dataclasses import dataclass
from time import perf_counter
from typing import cast

import av
import numpy as np
from av.video.reformatter import Interpolation

from codec.bundle_writer import BundleWriter, Reference
from codec.closed_loop import ClosedLoop
from codec.crop import Crop, FixedCrop, StableCrop, WholePicture
from codec.intra_picture import Picture, PictureCodec
from codec.keyframe_maker import KeyframeMaker
from codec.keyframe_pool import KeyframePool
from codec.motion import FloatArray, motion_model, quantise
from codec.rate_budget import Budget, KeyframeBudget
from codec.settings import EncoderSettings


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one camera picture gave: perhaps a keyframe, perhaps bundles (to be sent after the keyframe)."""

    keyframe: bytes | None
    bundles: tuple[bytes, ...]
    has_face: bool


@dataclass(frozen=True, slots=True)
class _Face:
    """The face of a picture, in the square that is sent."""

    motion: tuple[int, ...]
    landmarks: FloatArray  #: (478, 3), as a receiver rebuilds them, crop units


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A frame whose keyframe is not picked yet."""

    time_ms: float
    face: _Face
    voice_active: bool


class FaceEncoder:
    """Encodes one person's face. Not thread-safe."""

    def __init__(
        self,
        settings: EncoderSettings | None = None,
        crop: StableCrop | WholePicture | FixedCrop | None = None,
        budget: Budget | None = None,
        loop: ClosedLoop | None = None,
    ) -> None:
        """Load the codec's tables.

        `crop` says what is sent (default: a `StableCrop`), `budget` what it may cost (default: what it may in a call),
        `loop` looks at what receivers see of it. Raises `ModelFileError` if the tables are missing.
        """
        self.settings = settings or EncoderSettings()
        self.stage_ms = {"motion": 0.0, "entropy": 0.0, "keyframe": 0.0}  #: of the newest frame
        self._model = motion_model()
        self._crop = crop or StableCrop()
        self._voice_active = False
        self._budget = budget or KeyframeBudget(self.settings.keyframe_kbps, self.settings.keyframe_burst_bytes)
        self._loop = loop
        self._pool = KeyframePool(self._model, self.settings, self._budget)
        self._writer = BundleWriter(self.settings.bundle_ms)
        self._maker = KeyframeMaker(self.settings)
        self._waiting: list[_Waiting] = []
        self._shape: tuple[int, ...] | None = None
        self._previous: tuple[int, ...] | None = None
        self._last_frame_ms = 0.0
        self._face_lost_ms: float | None = None
        self._newest: Reference | None = None
        self._made_ms = 0.0

    @property
    def crop(self) -> Crop | None:
        """The square of the camera picture that is being sent; None before the first face."""
        return self._crop.crop

    @property
    def predict_keyframes(self) -> bool:
        """Whether keyframes may be predicted from others; if not, each is intra. Safe to set from another thread."""
        return self._maker.predicts

    @predict_keyframes.setter
    def predict_keyframes(self, allowed: bool) -> None:
        if self._maker.predicts and not allowed:
            self._maker.wants_intra = True
        self._maker.predicts = allowed

    def keyframes_in_use(self) -> list[bytes]:
        """Return what somebody needs who has no keyframe, in order. Safe to call from another thread.

        Nothing is returned if that has grown long: the next picture then becomes an intra keyframe.
        """
        return self._maker.in_use()

    def keyframes_since(self, number: int) -> list[bytes]:
        """Return the chain of the keyframe of this number and all after it, with the same exception."""
        return self._maker.since(number)

    def encode(
        self, picture: Picture, landmarks: FloatArray | None, time_ms: float, voice_active: bool = False
    ) -> Encoded:
        """Take one camera picture (height, width, 3; RGB) with its (478, 3) landmarks in pixels, or None: no face.

        `time_ms` is the sender's clock and must grow. Raises `PictureError` if a keyframe cannot be coded.
        """
        self._voice_active = voice_active
        if landmarks is None and not self.settings.shows_plain:
            return Encoded(None, (*self._pick_waiting(), *self._faceless(time_ms, voice_active)), False)
        self._note_presence(landmarks is not None, time_ms)
        face = None
        if landmarks is not None:
            started = perf_counter()
            face = self._measure(picture, landmarks)
            self.stage_ms["motion"] = (perf_counter() - started) * 1000
        keyframe = self._keyframe_if_due(picture, face, time_ms)
        is_animated = face is not None and bool(self._pool.keyframes) and not (self._loop and self._loop.is_plain)
        if face is None or not is_animated:
            earlier = self._pick_waiting()
            assert self._newest is not None
            shown = Reference(self._newest.number, None)
            return Encoded(keyframe, (*earlier, *self._write(time_ms, None, [shown], voice_active)), face is not None)
        self._waiting.append(_Waiting(time_ms, face, voice_active))
        if keyframe is None and time_ms - self._waiting[0].time_ms < self.settings.lookahead_ms:
            return Encoded(None, (), True)
        return Encoded(keyframe, self._pick_waiting(), True)

    def finish(self) -> tuple[bytes, ...]:
        """Return what is left, at the end of everything."""
        return (*self._pick_waiting(), *self._writer.finish(self._voice_active))

    def _pick_waiting(self) -> tuple[bytes, ...]:
        """Pick the keyframes of the frames that waited for one that might follow them; return the bundles they fill."""
        bundles: list[bytes] = []
        for frame in self._waiting:
            ranked = self._pool.pick(frame.face.landmarks, frame.time_ms)
            bundles += self._write(frame.time_ms, frame.face.motion, ranked, frame.voice_active)
        self._waiting = []
        return tuple(bundles)

    def _write(
        self, time_ms: float, motion: tuple[int, ...] | None, ranked: list[Reference], voice_active: bool
    ) -> list[bytes]:
        started = perf_counter()
        bundles = self._writer.add(time_ms, motion, ranked, voice_active)
        if bundles:
            self.stage_ms["entropy"] = (perf_counter() - started) * 1000
            self._budget.spend_bundle(sum(map(len, bundles)), time_ms)
        return bundles

    def _measure(self, picture: Picture, landmarks: FloatArray) -> _Face:
        """Return the motion in the crop, and the landmarks that a receiver rebuilds from it."""
        crop, jumped = self._crop.update(landmarks, picture.shape[1], picture.shape[0])
        in_crop = crop.to_crop_units(landmarks)
        if jumped:
            self._pool.note_jump()
            self._previous = None
        if self._shape is None:
            self._shape = self._model.fit_shape(in_crop)
        motion = quantise(self._model.fit(self._shape, in_crop), self._previous, self.settings.hysteresis)
        self._previous = motion
        return _Face(motion, self._model.landmarks(self._shape, motion))

    def _note_presence(self, is_there: bool, time_ms: float) -> None:
        """Take note of whether there is a face; after an absence, whoever is back may be somebody else."""
        if is_there:
            if self._face_lost_ms is not None and time_ms - self._face_lost_ms > self.settings.absence_ms:
                self._shape = None
                self._pool.clear()
            self._face_lost_ms = None
            self._last_frame_ms = time_ms
            return
        self._previous = None
        if self._face_lost_ms is None:
            self._face_lost_ms = time_ms

    def _faceless(self, time_ms: float, voice_active: bool) -> tuple[bytes, ...]:
        """Say that there is no face: at once, and later only now and then."""
        self._note_presence(False, time_ms)
        assert self._face_lost_ms is not None
        settled = time_ms - self._face_lost_ms > self.settings.faceless_interval_ms
        if settled and time_ms - self._last_frame_ms < self.settings.faceless_interval_ms:
            return ()
        self._last_frame_ms = time_ms
        return tuple(self._write(time_ms, None, [], voice_active))

    def _keyframe_if_due(self, picture: Picture, face: _Face | None, time_ms: float) -> bytes | None:
        """Look at what receivers see; return a keyframe of this picture if one is wanted and may be made."""
        loop = self._loop
        view: Picture | None = None
        if loop is not None and loop.is_due(time_ms):
            view = self._view(picture)
            ranked = self._pool.nearest(face.landmarks, time_ms) if face else []
            loop.judge(view, ranked, face.landmarks if face else None, time_ms)
        if not self._wants_keyframe(face, time_ms):
            return None
        started = perf_counter()
        if self._maker.chain_is_long and self._budget.allows_intra(time_ms):
            self._maker.begin_chain()
        view = self._view(picture) if view is None else view
        keyframe = self._make_keyframe(view, face, time_ms)
        if loop is not None:
            loop.add_keyframe(keyframe, view)
        self.stage_ms["keyframe"] = (perf_counter() - started) * 1000
        return keyframe

    def _wants_keyframe(self, face: _Face | None, time_ms: float) -> bool:
        if self._newest is None or self._maker.wants_intra:
            return True
        need, has_changed = (self._loop.need, self._loop.has_changed) if self._loop else (1.0, False)
        is_plain = face is None or (self._loop is not None and self._loop.is_plain)
        if face is not None and not is_plain:
            return self._pool.needs_keyframe(face.landmarks, time_ms, need, looks_poor=has_changed)
        is_due = time_ms - self._made_ms >= self.settings.plain_interval_ms and (self._loop is None or has_changed)
        return is_due and self._budget.allows_keyframe(time_ms, need)

    def _make_keyframe(self, view: Picture, face: _Face | None, time_ms: float) -> bytes:
        number, motion = self._maker.number, face.motion if face else None
        data = self._maker.make(view, self._shape if face else None, motion, time_ms)
        begins = data[0] & 15 == PictureCodec.AV1
        self._newest, self._made_ms = Reference(number, motion), time_ms
        if face is None:
            self._pool.note_plain(len(data), time_ms, begins_chain=begins)
        else:
            self._pool.add(self._newest, face.landmarks, len(data), time_ms, begins_chain=begins)
        return data

    def _view(self, picture: Picture) -> Picture:
        """Return the square that is sent, at the size of keyframes."""
        crop = self._crop.without_face(picture.shape[1], picture.shape[0])
        return resize(crop.cut(picture), self.settings.picture_side)


def resize(picture: Picture, side: int) -> Picture:
    """Return a square (n, n, 3) RGB picture at (side, side, 3), area-averaged when it shrinks."""
    if picture.shape[0] == side:
        return np.ascontiguousarray(picture)
    shrinking = picture.shape[0] > side
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
    interpolation = Interpolation.AREA if shrinking else Interpolation.BICUBIC
    return cast(Picture, frame.reformat(width=side, height=side, interpolation=interpolation).to_ndarray())
