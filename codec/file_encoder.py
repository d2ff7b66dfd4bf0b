"""Codes a file instead of a call: the same bitstream, in the order in which a decoder needs it."""

from dataclasses import dataclass, replace
from enum import Enum

from codec.animator import Animator
from codec.bundle import TICK_MS, parse_bundle
from codec.closed_loop import ClosedLoop
from codec.crop import Crop, FixedCrop, StableCrop, WholePicture
from codec.encoder import FaceEncoder
from codec.errors import OptionError
from codec.intra_picture import Picture
from codec.motion import FloatArray
from codec.rate_budget import RateBudget, Unlimited
from codec.rates import BEST_QUALITY, CALL_QUALITY, WORST_QUALITY, settings_for_quality, settings_for_rate
from codec.recording import RecordKind
from codec.settings import EncoderSettings

LOWEST_KBPS, HIGHEST_KBPS = 1.0, 1_000.0

#: How long frames wait for a keyframe that might follow them.
_LOOKAHEAD_MS, _RECORDING_LOOKAHEAD_MS = 1000, 2000
#: A file is read from its chunks' beginnings, so that long bundles cost nothing there.
_RECORDING_BUNDLE_MS = 600


class CodingMode(Enum):
    """How far the encoder may look ahead."""

    LIVE = "live"  #: not at all, as in a call
    LOOKAHEAD = "lookahead"  #: up to a second, to the next keyframe
    RECORDING = "recording"  #: up to two seconds, in bundles of 600 ms


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

    A bundle's time is when it is full, a keyframe's is that of the item before it.
    """

    kind: RecordKind
    time_ms: float
    payload: bytes


class FileEncoder:
    """Encodes one person's face from first to last picture. Not thread-safe."""

    def __init__(
        self,
        settings: FileSettings,
        crop: StableCrop | WholePicture | FixedCrop | None = None,
        tuned: EncoderSettings | None = None,
        animator: Animator | None = None,
    ) -> None:
        """Prepare; `crop` says what is sent (default: a `StableCrop`), `tuned` overrides what `settings` come to.

        With an `animator`, which should draw as players will, the encoder looks at what they will show (`ClosedLoop`).
        """
        self._settings = tuned or encoder_settings(settings)
        budget = Unlimited() if settings.kbps is None else RateBudget(settings.kbps)
        loop = None if animator is None else ClosedLoop(animator, self._settings)
        self._encoder = FaceEncoder(self._settings, crop, budget, loop)
        self._written_ms = 0.0

    @property
    def crop(self) -> Crop | None:
        """The square of the pictures that is coded; None before the first face."""
        return self._encoder.crop

    def add(
        self, picture: Picture, landmarks: FloatArray | None, time_ms: float, voice_active: bool = False
    ) -> list[CodedItem]:
        """Take a (height, width, 3) RGB picture with its (478, 3) landmarks in pixels, or None: no face.

        Returns what is complete, in the order of the wire; `time_ms` must grow, and is the sender's clock of bundles
        too. Raises `PictureError` if a keyframe cannot be coded.
        """
        encoded = self._encoder.encode(picture, landmarks, time_ms, voice_active)
        return self._items(encoded.keyframe, encoded.bundles)

    def finish(self) -> list[CodedItem]:
        """Return what is still held back."""
        return self._items(None, self._encoder.finish())

    def _items(self, keyframe: bytes | None, bundles: tuple[bytes, ...]) -> list[CodedItem]:
        """Give what was coded its times, which never go back; a keyframe comes just before the bundles after it."""
        items = []
        if keyframe is not None:
            items.append(CodedItem(RecordKind.KEYFRAME, self._written_ms, keyframe))
        for bundle in bundles:
            end_ms = parse_bundle(bundle).header.time_ticks * TICK_MS + self._settings.bundle_ms
            self._written_ms = max(self._written_ms, float(end_ms))
            items.append(CodedItem(RecordKind.BUNDLE, self._written_ms, bundle))
        return items


def encoder_settings(settings: FileSettings) -> EncoderSettings:
    """Return the encoder's settings for a file, where keyframes need no time to travel."""
    if settings.kbps is not None:
        chosen = settings_for_rate(settings.kbps)
    else:
        chosen = settings_for_quality(CALL_QUALITY if settings.quality is None else settings.quality)
    chosen = replace(chosen, picture_side=settings.side, keyframe_lead_ms=0, shows_plain=True)
    if settings.mode is CodingMode.LOOKAHEAD:
        return replace(chosen, lookahead_ms=_LOOKAHEAD_MS)
    if settings.mode is CodingMode.RECORDING:
        return replace(chosen, lookahead_ms=_RECORDING_LOOKAHEAD_MS, bundle_ms=_RECORDING_BUNDLE_MS)
    return chosen
