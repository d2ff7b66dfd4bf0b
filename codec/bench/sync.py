"""`facewire bench sync`: how well lips follow the voice, with motion, with part of it, and without any."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import av
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from codec.bench.mouth_measures import correlation, lag_ms, loudness, mouth_distances, opening_of
from codec.bench.report import Report
from codec.bench.sent_motion import Transmission, receive, transmit
from codec.bench.voice import Sound, read_sound, through_opus
from codec.bundle import Mode
from codec.errors import PictureError
from codec.landmarks import LandmarkTracker
from codec.motion import FloatArray, motion_model
from codec.playout import TimedFrame
from codec.settings import EncoderSettings
from codec.speech.features import SAMPLE_RATE
from codec.speech.model import SpeechModel
from codec.speech.networks import FRAME_MS

_SAMPLES_PER_FRAME = SAMPLE_RATE * FRAME_MS // 1000
_SHORTEST_FRAMES = 50
_VOICE_KBPS = 6
_INTERVALS_MS = (40, 80, 120, 160, 240)
_BURST_MS, _BURST_EVERY_MS = 400, 1_400
_LOST_SHARE = 0.3
#: Sound that is there beyond the moment of a picture.
_LOOKAHEAD_MS = 80
_SEEDS = (0, 1)

#: Says which bundles of a transmission arrive.
Loss = Callable[[Transmission], NDArray[np.bool_]]


@dataclass(frozen=True)
class TalkingClip:
    """A clip of one person, tracked."""

    name: str
    sound: Sound  #: after the voice codec
    landmarks: FloatArray  #: (frames, 478, 3), crop units
    shape: tuple[int, ...]
    fitted: FloatArray  #: (frames, 32), not rounded


@dataclass(frozen=True)
class Compared:
    """Means over clips."""

    mouth_kbps: float
    held_px: float  #: distance of what the playout alone shows
    driven_px: float


def run(paths: list[Path]) -> Report:
    """Measure every clip with sound among files and folders. Raises `PictureError` if there is none."""
    model = SpeechModel()
    clips = []
    notes = []
    for path in tqdm(_videos(paths), desc="tracking", unit="clip", disable=None):
        clip = load(path)
        if clip is None:
            notes.append(f"{path.stem}: no sound, not 25 frames a second, or no face throughout; left out")
        else:
            clips.append(clip)
    if not clips:
        raise PictureError("no clip with sound and a face throughout")
    report = Report(
        f"Lips and voice on {len(clips)} clips; distances in pixels at 256²: mouth alone (with the head's pose)",
        [
            "condition", "kbit/s (mouth)", "playout", "drive, deaf", "drive", "change %",
            "missing frames: playout", "drive", "change %",
        ],
        notes=notes,
    )  # fmt: skip
    curve = [
        _compare(report, f"a frame every {interval_ms} ms", clips, model, interval_ms, (_nothing_lost,))
        for interval_ms in _INTERVALS_MS
    ]
    for sparse, interval_ms in zip(curve[1:3], _INTERVALS_MS[1:3], strict=True):
        report.figures[f"mouth_bits_saved_percent_every_{interval_ms}_ms"] = _saved_percent(curve, sparse)
    _compare(report, "30 % of bundles lost", clips, model, FRAME_MS, [_random_loss(seed) for seed in _SEEDS])
    _compare(report, "bursts of 400 ms lost", clips, model, FRAME_MS, [_burst_loss(seed) for seed in _SEEDS])
    _sound_only(report, clips, model)
    _timing(report, clips[0], model)
    return report


def load(path: Path) -> TalkingClip | None:
    """Track a clip; None without sound, at other than 25 frames a second, or where a face is missing.

    Raises `PictureError` if it cannot be read.
    """
    sound = read_sound(path)
    if sound is None:
        return None
    with LandmarkTracker() as tracker, av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.average_rate != 1000 // FRAME_MS:
            return None
        pictures = (np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(stream))
        tracked = [tracker.track(picture, number * FRAME_MS) for number, picture in enumerate(pictures)]
        width, height = stream.width, stream.height
    faces = [points for points in tracked if points is not None]
    if len(faces) < len(tracked) or len(faces) < _SHORTEST_FRAMES:
        return None
    landmarks = (np.array(faces) - (width / 2, height / 2, 0)) / (min(width, height) / 2)
    shape = motion_model().fit_shape(landmarks[0])
    fitted = np.stack([motion_model().fit(shape, points) for points in landmarks])
    coded = through_opus(sound, _VOICE_KBPS)
    return TalkingClip(path.stem, coded, landmarks, shape, fitted)


def _compare(
    report: Report,
    condition: str,
    clips: list[TalkingClip],
    model: SpeechModel,
    interval_ms: int,
    losses: Sequence[Loss],
) -> Compared:
    """Add a row: what the playout alone shows, the drive without sound, and the drive; means over clips."""
    rows = []
    for clip in clips:
        sent = transmit(clip.fitted, interval_ms, EncoderSettings())
        for loss in losses:
            rows.append([sent.kbps, sent.mouth_kbps, *_distances(clip, sent, loss(sent), model)])
    kbps, mouth_kbps, held, deaf, driven, held_posed, driven_posed, held_missing, driven_missing = np.nanmean(rows, 0)
    report.add(
        condition,
        f"{kbps:.2f} ({mouth_kbps:.2f})",
        f"{held:.3f} ({held_posed:.2f})",
        f"{deaf:.3f}",
        f"{driven:.3f} ({driven_posed:.2f})",
        f"{100 * (driven / held - 1):+.0f}",
        f"{held_missing:.2f}",
        f"{driven_missing:.2f}",
        f"{100 * (driven_missing / held_missing - 1):+.0f}",
    )
    return Compared(float(mouth_kbps), float(held), float(driven))


def _saved_percent(curve: list[Compared], sparse: Compared) -> float:
    """Return how many fewer mouth bits the drive takes than the playout alone for the same distance."""
    needed = np.interp(sparse.driven_px, [one.held_px for one in curve], [one.mouth_kbps for one in curve])
    return round(float(100 * (1 - sparse.mouth_kbps / needed)), 1)


def _distances(clip: TalkingClip, sent: Transmission, arrives: NDArray[np.bool_], model: SpeechModel) -> list[float]:
    frames = len(clip.fitted)
    held = receive(sent, arrives, frames)
    deaf = receive(sent, arrives, frames, model.drive())
    driven = receive(sent, arrives, frames, model.drive(), clip.sound)
    distances = [
        mouth_distances(clip.shape, clip.landmarks, clip.fitted, shown.motion) for shown in (held, deaf, driven)
    ]
    alone = [float(alone.mean()) for alone, _ in distances]
    posed = [float(distances[index][1].mean()) for index in (0, 2)]
    missing = [float(distances[index][0][held.missing].mean()) if held.missing.any() else np.nan for index in (0, 2)]
    return [*alone, *posed, *missing]


def _sound_only(report: Report, clips: list[TalkingClip], model: SpeechModel) -> None:
    """Add the openings' correlation with no motion at all after the first frame, beside the loudness's."""
    report.notes += ["", "sound only: correlation of the mouth's opening with the real one, and lag (positive: late)"]
    rows = []
    for clip in clips:
        real, frames = opening_of(clip.fitted), len(clip.fitted)
        shown = opening_of(sound_driven(clip, model))
        level = loudness(clip.sound, frames, _SAMPLES_PER_FRAME)
        rows.append((correlation(level, real), correlation(shown, real), lag_ms(shown, real, FRAME_MS)))
        report.notes.append(
            f"  {clip.name}: loudness {rows[-1][0]:+.2f}, drive {rows[-1][1]:+.2f}, lag {rows[-1][2]:+.0f} ms"
        )
    baseline, driven, _ = np.mean(rows, 0)
    report.figures |= {
        "loudness_correlation": round(float(baseline), 3),
        "sound_only_correlation": round(float(driven), 3),
        "sound_only_lag_ms_median": float(np.median([row[2] for row in rows])),
    }


def sound_driven(clip: TalkingClip, model: SpeechModel) -> FloatArray:
    """Return the (frames, 32) motion that sound alone makes of a clip."""
    drive = model.drive()
    first = TimedFrame(0, Mode.ANIMATED, 0, 0, tuple(clip.fitted[0].tolist()))
    shown, heard = [], 0
    for number in range(len(clip.fitted)):
        spoken = number * _SAMPLES_PER_FRAME + _LOOKAHEAD_MS * SAMPLE_RATE // 1000
        drive.voice.add(clip.sound[heard:spoken], heard * 1000 / SAMPLE_RATE)
        heard = spoken
        shown.append(drive.sound_alone(first, number * FRAME_MS).motion)
    return np.array(shown)


def _timing(report: Report, clip: TalkingClip, model: SpeechModel) -> None:
    """Add the milliseconds of a frame of 40 ms: features, encoder and fusion."""
    drive = model.drive()
    first = TimedFrame(0, Mode.ANIMATED, 0, 0, tuple(clip.fitted[0].tolist()))
    spans: dict[str, list[float]] = {"features_and_encoder_ms": [], "fusion_ms": []}
    for number in range(len(clip.sound) // _SAMPLES_PER_FRAME):
        begin = perf_counter()
        start = number * _SAMPLES_PER_FRAME
        drive.voice.add(clip.sound[start : start + _SAMPLES_PER_FRAME], number * FRAME_MS)
        heard = perf_counter()
        drive.sound_alone(first, number * FRAME_MS)
        spans["features_and_encoder_ms"].append(heard - begin)
        spans["fusion_ms"].append(perf_counter() - heard)
    report.figures |= {name: round(1000 * float(np.median(values)), 2) for name, values in spans.items()}


def _nothing_lost(sent: Transmission) -> NDArray[np.bool_]:
    return np.ones(len(sent.bundles), bool)


def _random_loss(seed: int) -> Loss:
    def loss(sent: Transmission) -> NDArray[np.bool_]:
        arrives = np.random.default_rng(seed).random(len(sent.bundles)) >= _LOST_SHARE
        arrives[0] = True
        return arrives

    return loss


def _burst_loss(seed: int) -> Loss:
    def loss(sent: Transmission) -> NDArray[np.bool_]:
        offset_ms = np.random.default_rng(seed).uniform(0, _BURST_EVERY_MS)
        times_ms = np.array([time_ms for time_ms, _ in sent.bundles])
        arrives = (times_ms + offset_ms) % _BURST_EVERY_MS >= _BURST_MS
        arrives[0] = True
        return np.asarray(arrives, bool)

    return loss


def _videos(paths: list[Path]) -> list[Path]:
    return sorted(video for path in paths for video in (path.glob("*.mp4") if path.is_dir() else (path,)))
