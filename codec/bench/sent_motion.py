"""Motion through real bundles and a real playout, some of them lost, to a receiver with or without the drive."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.bench.voice import Sound
from codec.bundle import decode_frames, parse_bundle
from codec.bundle_writer import BundleWriter, Reference
from codec.motion import GAZE, MOTION_LENGTH, POSE, FloatArray, quantise
from codec.playout import Playout
from codec.settings import EncoderSettings
from codec.speech.drive import SpeechDrive
from codec.speech.features import SAMPLE_RATE
from codec.speech.networks import FRAME_MS

_NETWORK_MS = 60.0
#: What tracking a face takes: a bundle leaves so long after its last frame was taken.
_TRACKING_MS = 30.0
#: Sound is sent in packets of this length, each when its last sample was spoken.
_VOICE_PACKET_MS = 60
_NEAR_MS = 20.0


@dataclass(frozen=True)
class Transmission:
    """What a sender sent of one clip."""

    bundles: tuple[tuple[float, bytes], ...]  #: each with the time at which it was complete, ms
    references: dict[int, tuple[int, ...]]
    kbps: float  #: of the bundles
    mouth_kbps: float  #: of what in them says how expression changes


def transmit(fitted: FloatArray, interval_ms: int, settings: EncoderSettings) -> Transmission:
    """Code the (frames, 32) motion of a clip, one frame in every `interval_ms`."""
    first = quantise(fitted[0], None, 0)
    motions: list[tuple[int, ...]] = []
    for row in fitted[:: interval_ms // FRAME_MS]:
        motions.append(quantise(row, motions[-1] if motions else None, settings.hysteresis))
    bundles = _bundles(motions, first, interval_ms, settings)
    still = _bundles([motion[: POSE + GAZE] + first[POSE + GAZE :] for motion in motions], first, interval_ms, settings)
    bits, still_bits = (8 * sum(len(data) for _, data in coded) for coded in (bundles, still))
    milliseconds = len(fitted) * FRAME_MS
    return Transmission(bundles, {0: first}, bits / milliseconds, (bits - still_bits) / milliseconds)


def _bundles(
    motions: list[tuple[int, ...]], first: tuple[int, ...], interval_ms: int, settings: EncoderSettings
) -> tuple[tuple[float, bytes], ...]:
    writer = BundleWriter(settings.bundle_ms)
    return tuple(
        (number * interval_ms, data)
        for number, motion in enumerate(motions)
        for data in writer.add(number * interval_ms, motion, [Reference(0, first)], voice_active=False)
    )


@dataclass(frozen=True)
class Reception:
    """What a receiver showed."""

    motion: FloatArray  #: (frames, 32)
    missing: NDArray[np.bool_]  #: (frames,), true where no frame had arrived for that time


def receive(
    sent: Transmission,
    arrives: NDArray[np.bool_],
    frames: int,
    drive: SpeechDrive | None = None,
    sound: Sound | None = None,
) -> Reception:
    """Return what a receiver shows at each of the clip's frames.

    `arrives` tells which of the bundles are not lost; the first must not be. Without a `drive` the playout's frames are
    shown, with one but without `sound` the drive is deaf.
    """
    playout = Playout()
    arrivals = [
        (complete_ms + _TRACKING_MS + _NETWORK_MS, decode_frames(parse_bundle(data), sent.references))
        for (complete_ms, data), arrived in zip(sent.bundles, arrives, strict=True)
        if arrived
    ]
    shown = np.zeros((frames, MOTION_LENGTH))
    missing = np.zeros(frames, bool)
    heard = 0
    playout.add(arrivals[0][1], arrivals[0][0])
    waiting = arrivals[1:]
    for number in range(frames):
        assert playout.delay_ms is not None
        now_ms = number * FRAME_MS + playout.delay_ms
        while waiting and waiting[0][0] <= now_ms:
            arrival_ms, bundle = waiting.pop(0)
            playout.add(bundle, arrival_ms)
        due = playout.due(now_ms)
        assert due is not None
        missing[number] = min(abs(frame.time_ms - playout.media_ms) for frame in playout.around) > _NEAR_MS
        if drive is not None:
            if sound is not None:
                heard = _hear(drive, sound, heard, now_ms - _NETWORK_MS)
            due = drive.move(due, playout.around, playout.media_ms)
        shown[number] = due.motion
    return Reception(shown, missing)


def _hear(drive: SpeechDrive, sound: Sound, heard: int, spoken_ms: float) -> int:
    """Give the drive the packets of sound that were complete at `spoken_ms`; return how many samples it has heard."""
    packet = _VOICE_PACKET_MS * SAMPLE_RATE // 1000
    complete = min(len(sound), int(spoken_ms * SAMPLE_RATE / 1000)) // packet * packet
    if complete > heard:
        drive.voice.add(sound[heard:complete], heard * 1000 / SAMPLE_RATE)
    return max(heard, complete)
