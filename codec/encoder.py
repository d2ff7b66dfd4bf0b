"""The sender: camera pictures with their landmarks in, bundles and keyframes out."""

from dataclasses import dataclass
from time import perf_counter
from typing import cast

import av
import numpy as np
from av.video.reformatter import Interpolation

from codec.bundle_writer import BundleWriter, Reference
from codec.crop import Crop, FixedCrop, StableCrop, WholePicture
from codec.intra_picture import Picture
from codec.keyframe_chains import KeyframeChains
from codec.keyframe_pool import KeyframePool
from codec.keyframes import NUMBERS, Keyframe, ticks
from codec.motion import FloatArray, motion_model, quantise
from codec.picture_stream import PictureStreamEncoder
from codec.settings import EncoderSettings


@dataclass(frozen=True, slots=True)
class Encoded:
    """What one camera picture gave: perhaps a keyframe, perhaps a bundle (to be sent after the keyframe)."""

    keyframe: bytes | None
    bundle: bytes | None
    has_face: bool


class FaceEncoder:
    """Encodes one person's face. Not thread-safe."""

    def __init__(
        self, settings: EncoderSettings | None = None, crop: StableCrop | WholePicture | FixedCrop | None = None
    ) -> None:
        """Load the codec's tables. `crop` says what is sent (default: a `StableCrop`).

        Raises `ModelFileError` if the tables are missing.
        """
        self.settings = settings or EncoderSettings()
        self.stage_ms = {"motion": 0.0, "entropy": 0.0, "keyframe": 0.0}  #: of the newest frame
        self._model = motion_model()
        self._crop = crop or StableCrop()
        self._voice_active = False
        self._pool = KeyframePool(self._model, self.settings)
        self._writer = BundleWriter(self.settings.bundle_ms)
        self._stream: PictureStreamEncoder | None = None
        self._chains = KeyframeChains()
        self._needs_intra = False
        self._predict_keyframes = True
        self._shape: tuple[int, ...] | None = None
        self._previous: tuple[int, ...] | None = None
        self._number = 0
        self._last_frame_ms = 0.0
        self._face_lost_ms: float | None = None

    @property
    def crop(self) -> Crop | None:
        """The square of the camera picture that is being sent; None before the first face."""
        return self._crop.crop

    @property
    def predict_keyframes(self) -> bool:
        """Whether keyframes may be predicted from others; if not, each is intra. Safe to set from another thread."""
        return self._predict_keyframes

    @predict_keyframes.setter
    def predict_keyframes(self, allowed: bool) -> None:
        if self._predict_keyframes and not allowed:
            self._needs_intra = True
        self._predict_keyframes = allowed

    def keyframes_in_use(self) -> list[bytes]:
        """Return what somebody needs who has no keyframe, in order. Safe to call from another thread.

        Nothing is returned if that has grown long: the next picture then becomes an intra keyframe.
        """
        return self._unless_long(self._chains.newest(self.settings.greeting_keyframes))

    def keyframes_up_to(self, number: int) -> list[bytes]:
        """Return the keyframe of this number after those that it needs, with the same exception."""
        return self._unless_long(self._chains.up_to(number))

    def encode(
        self, picture: Picture, landmarks: FloatArray | None, time_ms: float, voice_active: bool = False
    ) -> Encoded:
        """Take one camera picture (height, width, 3; RGB) with its (478, 3) landmarks in pixels, or None: no face.

        `time_ms` is the sender's clock and must grow. Raises `PictureError` if a keyframe cannot be coded.
        """
        self._voice_active = voice_active
        if landmarks is None:
            return Encoded(None, self._faceless(time_ms, voice_active), False)
        if self._face_lost_ms is not None and time_ms - self._face_lost_ms > self.settings.absence_ms:
            self._forget_person()
        self._face_lost_ms = None
        self._last_frame_ms = time_ms
        started = perf_counter()
        crop, motion, rebuilt = self._measure(picture, landmarks)
        self.stage_ms["motion"] = (perf_counter() - started) * 1000
        keyframe = None
        if self._needs_intra or self._pool.needs_keyframe(rebuilt, time_ms):
            started = perf_counter()
            keyframe = self._make_keyframe(crop.cut(picture), motion, rebuilt, time_ms)
            self.stage_ms["keyframe"] = (perf_counter() - started) * 1000
        ranked = self._pool.pick(rebuilt, time_ms, self._writer.named)
        started = perf_counter()
        bundle = self._writer.add(time_ms, motion, ranked, voice_active)
        if bundle is not None:
            self.stage_ms["entropy"] = (perf_counter() - started) * 1000
        return Encoded(keyframe, bundle, True)

    def finish(self) -> bytes | None:
        """Return the open bundle, if it has frames."""
        return self._writer.finish(self._voice_active)

    def _measure(self, picture: Picture, landmarks: FloatArray) -> tuple[Crop, tuple[int, ...], FloatArray]:
        """Return the crop, the motion in it, and the landmarks that a receiver rebuilds from that motion."""
        crop, jumped = self._crop.update(landmarks, picture.shape[1], picture.shape[0])
        in_crop = crop.to_crop_units(landmarks)
        if jumped:
            self._pool.note_jump()
            self._previous = None
        if self._shape is None:
            self._shape = self._model.fit_shape(in_crop)
        motion = quantise(self._model.fit(self._shape, in_crop), self._previous, self.settings.hysteresis)
        self._previous = motion
        return crop, motion, self._model.landmarks(self._shape, motion)

    def _forget_person(self) -> None:
        """Start over after an absence: whoever is back may be somebody else."""
        self._shape = None
        self._stream = None
        self._pool.keyframes = []

    def _faceless(self, time_ms: float, voice_active: bool) -> bytes | None:
        """Say that there is no face: at once, and later only now and then."""
        self._previous = None
        if self._face_lost_ms is None:
            self._face_lost_ms = time_ms
        settled = time_ms - self._face_lost_ms > self.settings.faceless_interval_ms
        if settled and time_ms - self._last_frame_ms < self.settings.faceless_interval_ms:
            return None
        self._last_frame_ms = time_ms
        return self._writer.add(time_ms, None, [], voice_active)

    def _unless_long(self, keyframes: list[bytes]) -> list[bytes]:
        if sum(map(len, keyframes)) <= self.settings.greeting_bytes:
            return keyframes
        self._needs_intra = True
        return []

    def _make_keyframe(self, cut: Picture, motion: tuple[int, ...], landmarks: FloatArray, time_ms: float) -> bytes:
        assert self._shape is not None
        side = self.settings.picture_side
        is_full = self._chains.newest_bytes() > self.settings.chain_bytes
        if self._stream is None or self._needs_intra or is_full or not self._predict_keyframes:
            self._stream = PictureStreamEncoder(side, self.settings.keyframe_crf)
            self._needs_intra = False
        codec, picture = self._stream.encode(resize(cut, side))
        data = bytes(Keyframe(self._number, ticks(time_ms), side, self._shape, motion, codec, picture))
        self._chains.add(data)
        self._pool.add(Reference(self._number, motion), landmarks, len(data), time_ms)
        self._number = (self._number + 1) % NUMBERS
        return data


def resize(picture: Picture, side: int) -> Picture:
    """Return a square (n, n, 3) RGB picture at (side, side, 3), area-averaged when it shrinks."""
    if picture.shape[0] == side:
        return np.ascontiguousarray(picture)
    shrinking = picture.shape[0] > side
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
    interpolation = Interpolation.AREA if shrinking else Interpolation.BICUBIC
    return cast(Picture, frame.reformat(width=side, height=side, interpolation=interpolation).to_ndarray())
