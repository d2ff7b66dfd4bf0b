"""One of the others in a call: their bundles and keyframes in, pictures and figures out."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from codec.animator import Animator, CachedKeyframe
from codec.bundle import parse_bundle
from codec.decoder import Due, FaceDecoder, FaceState, Shown
from codec.errors import CodecError
from codec.intra_picture import Picture
from codec.keyframes import KeyframeAssembler
from codec.motion import FloatArray
from codec.speech.drive import SpeechDrive
from server.native.bundle_sequence import BundleSequence
from server.native.voice_tap import VoiceTap
from server.protocol.messages import ParticipantInfo

_REQUEST_INTERVAL_MS = 1000.0
#: A keyframe that was just sent may be on its way still.
_GRACE_MS = 500.0
_KEYFRAME_SIDE = 256


class NoAnimation(Animator):
    """Stands in for an animator where nothing is drawn: no graphs, no onnxruntime, every frame its keyframe."""

    def __init__(self) -> None:
        self.provider = self.name = "none"
        self.side = _KEYFRAME_SIDE

    def cache_keyframe(self, picture: Picture, landmarks: FloatArray) -> CachedKeyframe:
        """Keep nothing of the keyframe."""
        nothing = np.zeros((1, 3, 0, 0), np.float32)
        return CachedKeyframe(nothing, nothing, nothing)

    def animate(self, picked: CachedKeyframe, other: CachedKeyframe | None, landmarks: FloatArray) -> Picture:
        """Return an empty picture."""
        return np.zeros((0, 0, 3), np.uint8)


@dataclass(slots=True)
class RemoteFigures:
    """What was received of one participant."""

    bundles: int = 0
    keyframes: int = 0
    voice_packets: int = 0
    pictures: int = 0  #: drawn, each counted once
    broken: int = 0  #: bundles, slices and keyframes that did not parse
    missing_keyframes: int = 0  #: requests sent for keyframes that bundles named and were not here
    keyframe_requests: int = 0  #: requests received from this participant


class RemoteParticipant:
    """One sender. All but the figures belong to one thread, the one that draws. Times are ms of a steady clock."""

    def __init__(
        self, info: ParticipantInfo, animator: Animator, now_ms: float, drive: SpeechDrive | None = None
    ) -> None:
        """Prepare; with a `drive` the voice moves the face, too."""
        self.info = info
        self.figures = RemoteFigures()
        self.state = FaceState.WAITING  #: when last shown
        self.voice_active = False
        self.is_muted = False
        self.needs_intra = False  #: it cannot decode predicted keyframes
        self.has_greeted = False  #: its first `state` has come: messages reach it
        self.is_away = False  #: nothing comes from it
        self.newest_keyframe: int | None = None  #: number of the last one that came whole
        self._assembler = KeyframeAssembler()
        self._drive = drive
        self.allow_drive(False)
        self._tap = VoiceTap()
        self._decoder = FaceDecoder(animator, drive=drive)
        self._sequence = BundleSequence()
        self._missed_ms: dict[int, float] = {}
        self._requested_ms: dict[int, float] = {}
        self._came_ms = now_ms

    def add_bundle(self, data: bytes, now_ms: float) -> list[int]:
        """Take a bundle; return the keyframes to request now: missing for a while, each at most once a second."""
        self.figures.bundles += 1
        try:
            if self._sequence.accept(parse_bundle(data).header.sequence):
                self._decoder.add_bundle(data, now_ms)
        except CodecError:
            self.figures.broken += 1
        self.voice_active = self._decoder.voice_active
        due = [number for number in sorted(self._decoder.take_missing()) if self._may_request(number, now_ms)]
        self._requested_ms.update(dict.fromkeys(due, now_ms))
        self.figures.missing_keyframes += len(due)
        return due

    def add_slice(self, data: bytes) -> bytes | None:
        """Take a slice; return the keyframe's bytes if that completed a good one."""
        try:
            keyframe = self._assembler.add(data)
            if keyframe is not None:
                self._decoder.add_keyframe(keyframe)
        except CodecError:
            self.figures.broken += 1
            return None
        if keyframe is not None:
            self.figures.keyframes += 1
            self._missed_ms.pop(keyframe[1], None)
            self._requested_ms.pop(keyframe[1], None)
        return keyframe

    def add_voice(self, packet: bytes, timestamp: int, now_ms: float) -> None:
        """Let the drive hear an Opus packet, if there is a drive."""
        if self._drive is None:
            return
        heard = self._tap.decode(packet, timestamp)
        if heard is not None:
            samples, end_ms = heard
            self._decoder.add_sound(samples, end_ms, now_ms)

    def allow_drive(self, allowed: bool) -> None:
        """Take note whether this person lets their voice move their face while no motion of it is received.

        They do not until they have said so.
        """
        if self._drive is not None:
            self._drive.allowed = allowed

    def _may_request(self, number: int, now_ms: float) -> bool:
        requested_ms = self._requested_ms.get(number, -_REQUEST_INTERVAL_MS)
        missed_ms = self._missed_ms.setdefault(number, now_ms)
        return now_ms - missed_ms >= _GRACE_MS and now_ms - requested_ms >= _REQUEST_INTERVAL_MS

    def show(self, now_ms: float) -> Shown:
        """Return the picture due now; counts it if it is another than before."""
        return self._count(self._decoder.show(now_ms))

    def due(self, now_ms: float) -> Due:
        """Return what is due now, for who draws many faces together and says `shown` then."""
        return self._decoder.due(now_ms)

    def shown(self, due: Due, picture: Picture | None) -> Shown:
        """Return what is shown with the picture that was due; counts it."""
        return self._count(self._decoder.shown(due, picture))

    def _count(self, shown: Shown) -> Shown:
        self.state = shown.state
        if shown.fresh and shown.picture is not None and shown.picture.size:
            self.figures.pictures += 1
        return shown

    def report(self, now_ms: float) -> dict[str, Any]:
        """Return the figures for `--stats`."""
        present_s = max(0.001, (now_ms - self._came_ms) / 1000)
        return {
            "id": self.info.id,
            "name": self.info.name,
            "source": self.info.source,
            "state": self.state.value,
            "present_s": round(present_s, 2),
            **asdict(self.figures),
            "bundles_lost": self._sequence.lost,
            "bundles_duplicate": self._sequence.duplicates,
            "pictures_per_second": round(self.figures.pictures / present_s, 2),
            "playout_delay_ms": round(self._decoder.playout.buffering_ms, 1),
            "pictures_by_sound": self._decoder.pictures_by_sound,
            "stage_ms": {stage: round(ms, 2) for stage, ms in self._decoder.stage_ms.items()},
        }
