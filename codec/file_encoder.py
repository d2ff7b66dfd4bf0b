"""Codes a file instead of a call: the same bitstream, in the order in which a decoder needs it."""

from dataclasses import dataclass, replace
from enum import Enum

from codec.crop import FixedCrop, StableCrop, WholePicture
from codec.encoder import FaceEncoder
from codec.errors import OptionError
from codec.intra_picture import Picture
from codec.motion import FloatArray
from codec.rates import BEST_QUALITY, WORST_QUALITY, settings_for_quality, settings_for_rate
from codec.recording import RecordKind
from codec.settings import EncoderSettings

LOWEST_KBPS, HIGHEST_KBPS = 1.0, 1_000.0

_FRAME_MS = 40.0
_LONGEST_FRAME_MS = 640.0


class CodingMode(Enum):
    """How far the encoder may look ahead."""

    LIVE = "live"  #: not at all, as in a call
    LOOKAHEAD = "lookahead"  #: about a second
    RECORDING = "recording"  #: over the whole file


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What to aim at: a rate, or a quality, or (with neither) what a call does."""

    mode: CodingMode = CodingMode.LIVE
    kbps: float | None = None  #: of motion and keyframes, without sound
    quality: float | None = None  #: 0 (worst) to 100
    side: int = 256  #: of the pictures, pixels

    def __post_init__(self) -> None:
        """Raise `OptionError` for a value out of range, or a rate and a quality at once."""
        if self.kbps is not None and self.quality is not None:
            raise OptionError("a rate and a quality cannot both be asked for: leave one out")
        if self.kbps is not None and not LOWEST_KBPS <= self.kbps <= HIGHEST_KBPS:
            raise OptionError(f"rate of {self.kbps:g} kbit/s, expected {LOWEST_KBPS:g} to {HIGHEST_KBPS:g}")
        if self.quality is not None and not WORST_QUALITY <= self.quality <= BEST_QUALITY:
            raise OptionError(f"quality {self.quality:g}, expected {WORST_QUALITY:g} to {BEST_QUALITY:g}")


@dataclass(frozen=True, slots=True)
class CodedItem:
    """A bundle or keyframe with its time in the file.

    A bundle's time is when its last frame ends, a keyframe's is that of the first bundle that needs it.
    """

    kind: RecordKind
    time_ms: float
    payload: bytes


class FileEncoder:
    """Encodes one person's face from first to last picture. Not thread-safe."""

    def __init__(self, settings: FileSettings, crop: StableCrop | WholePicture | FixedCrop | None = None) -> None:
        """Prepare; `crop` says what is sent (default: a `StableCrop`). Raises `OptionError` for an unknown mode."""
        if settings.mode is not CodingMode.LIVE:
            raise OptionError(f"the mode {settings.mode.value!r} is not available: use live")
        self._encoder = FaceEncoder(replace(_live_settings(settings), picture_side=settings.side), crop)
        self._time_ms: float | None = None
        self._frame_ms = _FRAME_MS

    def add(
        self, picture: Picture, landmarks: FloatArray | None, time_ms: float, voice_active: bool = False
    ) -> list[CodedItem]:
        """Take a (height, width, 3) RGB picture with its (478, 3) landmarks in pixels, or None: no face.

        Returns what is complete, in the order of the wire; `time_ms` must grow, and is the sender's clock of bundles
        too. Raises `PictureError` if a keyframe cannot be coded.
        """
        if self._time_ms is not None:
            self._frame_ms = min(time_ms - self._time_ms, _LONGEST_FRAME_MS)
        self._time_ms = time_ms
        encoded = self._encoder.encode(picture, landmarks, time_ms, voice_active)
        return self._items(encoded.keyframe, encoded.bundle)

    def finish(self) -> list[CodedItem]:
        """Return what is still held back."""
        return self._items(None, self._encoder.finish())

    def _items(self, keyframe: bytes | None, bundle: bytes | None) -> list[CodedItem]:
        end_ms = (self._time_ms or 0.0) + self._frame_ms
        coded = ((RecordKind.KEYFRAME, keyframe), (RecordKind.BUNDLE, bundle))
        return [CodedItem(kind, end_ms, payload) for kind, payload in coded if payload is not None]


def _live_settings(settings: FileSettings) -> EncoderSettings:
    if settings.kbps is not None:
        return settings_for_rate(settings.kbps)
    if settings.quality is not None:
        return settings_for_quality(settings.quality)
    return EncoderSettings()
