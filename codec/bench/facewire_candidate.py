"""facewire itself under the benchmark: one function codes a clip at a wanted rate, with parts left out on demand."""

from dataclasses import dataclass, replace

import numpy as np

from codec.animator import Animator
from codec.bench.clip import FRAME_MS, Clip, Pictures
from codec.bench.coded import Coded
from codec.bundle import Mode
from codec.crop import WholePicture
from codec.decoder import FaceDecoder
from codec.errors import PictureError
from codec.file_encoder import CodedItem, CodingMode, FileEncoder, FileSettings, encoder_settings
from codec.keyframes import slice_keyframe
from codec.motion import FloatArray
from codec.recording import RecordKind
from codec.settings import EncoderSettings


@dataclass(frozen=True)
class CandidateOptions:
    """What is coded how; the defaults are what a call does."""

    mode: CodingMode = CodingMode.LIVE
    one_keyframe: bool = False  #: the unidirectional animation codec of the literature
    closed_loop: bool = True  #: whether the encoder looks at what receivers see
    keyframe_px: float | None = None  #: landmark distance that asks for a keyframe, instead of the rate's own

    @property
    def label(self) -> str:
        """What to call it in tables."""
        parts = [f"facewire {self.mode.value}"]
        parts += ["one keyframe"] if self.one_keyframe else []
        parts += [] if self.closed_loop or self.one_keyframe else ["open loop"]
        parts += [f"{self.keyframe_px:g} px"] if self.keyframe_px is not None else []
        return ", ".join(parts)


#: Rates of a sweep, kbit/s of payload: from where a first keyframe is worth its bits to where the warp saturates.
LOWEST_KBPS, HIGHEST_KBPS = 5.0, 40.0

_NEVER_PX, _NEVER_MS = 1e9, 10**9
#: The receiver's clock runs on so long after the last frame, to show what is still buffered.
_DRAINING_FRAMES = 25


def rates(points: int) -> list[float]:
    """Return the rates of a sweep of so many points in kbit/s, lowest first."""
    return [round(float(rate), 2) for rate in np.geomspace(LOWEST_KBPS, HIGHEST_KBPS, points)]


def settings_for(kbps: float, options: CandidateOptions) -> EncoderSettings:
    """Return the encoder's settings for a rate, changed as `options` say.

    A calm clip takes less than the rate, and the benchmark plots what was really spent.
    """
    settings = encoder_settings(FileSettings(options.mode, kbps))
    if options.one_keyframe:
        return replace(settings, new_keyframe_px=_NEVER_PX, shows_plain=False, absence_ms=_NEVER_MS)
    if options.keyframe_px is not None:
        return replace(settings, new_keyframe_px=options.keyframe_px)
    return settings


def code(
    clip: Clip,
    landmarks: list[FloatArray | None],
    kbps: float,
    animator: Animator,
    options: CandidateOptions | None = None,
) -> Coded:
    """Code and decode a clip with its (478, 3) landmarks in pixels, one set or None for each frame.

    Pictures are compared with the frames that they show: the receiver's delay is none of the codec's quality. Before
    the first picture there is grey. Raises `PictureError` if the clip has no face at all.
    """
    options = options or CandidateOptions()
    if all(face is None for face in landmarks):
        raise PictureError(f"{clip.name} has no face in any of its {len(landmarks)} frames: nothing to animate")
    looks = animator if options.closed_loop and not options.one_keyframe else None
    encoder = FileEncoder(FileSettings(options.mode, kbps), WholePicture(), settings_for(kbps, options), looks)
    items: list[CodedItem] = []
    for number, (picture, face) in enumerate(zip(clip.pictures, landmarks, strict=True)):
        items += encoder.add(picture, face, number * FRAME_MS)
    items += encoder.finish()
    decoder, shown, next_item = FaceDecoder(animator), _Shown(clip), 0
    for number in range(len(clip.pictures) + _DRAINING_FRAMES):
        while next_item < len(items) and items[next_item].time_ms <= number * FRAME_MS:
            _take(items[next_item], decoder)
            next_item += 1
        shown.take(decoder, number * FRAME_MS)
    payload_bytes = sum(_wire_bytes(item) for item in items)
    return Coded(options.label, f"{kbps:g} kbit/s", shown.pictures(), payload_bytes, shown.plain)


def _take(item: CodedItem, decoder: FaceDecoder) -> None:
    if item.kind is RecordKind.KEYFRAME:
        decoder.add_keyframe(item.payload)
    else:
        decoder.add_bundle(item.payload, item.time_ms)


def _wire_bytes(item: CodedItem) -> int:
    return sum(map(len, slice_keyframe(item.payload))) if item.kind is RecordKind.KEYFRAME else len(item.payload)


class _Shown:
    """The pictures a receiver shows, each in the place of the frame that it stands for."""

    def __init__(self, clip: Clip) -> None:
        self._pictures: list[Pictures | None] = [None] * len(clip.pictures)
        self.plain = np.zeros(len(clip.pictures), np.bool_)
        self._grey = np.full_like(clip.pictures[0], 128)

    def take(self, decoder: FaceDecoder, now_ms: float) -> None:
        shown = decoder.show(now_ms)
        if shown.picture is not None and shown.frame is not None and shown.fresh:
            number = round(shown.frame.time_ms / FRAME_MS)
            if number < len(self._pictures) and self._pictures[number] is None:
                self._pictures[number] = shown.picture
                self.plain[number] = shown.frame.mode is Mode.PLAIN

    def pictures(self) -> Pictures:
        """Return one picture for each frame: where none was drawn, the one before is still on the screen."""
        filled = []
        last = self._grey
        for picture in self._pictures:
            last = last if picture is None else picture
            filled.append(last)
        return np.stack(filled)
