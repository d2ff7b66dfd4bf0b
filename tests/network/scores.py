"""What a call over a bad link was worth to the one who watched and listened."""

import wave
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from codec.motion import SURFACE, FloatArray
from tests.interop.faces import Track, track_shown
from tests.network.link import Packet, Queued
from tests.network.profiles import Profile

_WINDOW_MS, _WINDOW_STEP_MS = 5_000, 1_000
_MOVING = 0.7
_SAME_PICTURE_MS = 500
_SPEECH_BLOCK_S, _SPEECH_DBFS = 0.02, -50.0
_SHORT_PAUSE_BLOCKS = 10
_LONGEST_DELAY_MS, _DELAY_STEP_MS = 3_000, 20
_RATE_S = 1.0
_BACK_CORRELATION_MS = 1_000


@dataclass(frozen=True)
class Watched:
    """One direction of a call: the sender's face and the receiver's page, as it was observed."""

    source: Track
    raw: dict[str, Any]
    microphone: Path


@dataclass(frozen=True)
class Scores:
    """Figures of one direction, and the curves behind them: each (n, 2), seconds since the beginning and value."""

    correlation: float  #: of the landmarks' movements, median over windows of 5 s
    moving: float  #: share of the windows in which it is at least 0.7
    landmark_error: float  #: mean distance from where the sender's landmarks were, as a share of the face's width
    fps: float
    frozen_s: float  #: how long the picture stood still for over half a second, all together
    longest_freeze_s: float
    concealed: float  #: share of the speech that was audibly made up
    delay_ms: float  #: from camera to screen
    page_lag_ms: float  #: by which the watcher's page runs its timers late, 95 % of them less
    correlation_curve: FloatArray
    fps_curve: FloatArray
    concealed_curve: FloatArray  #: milliseconds made up in each second
    estimate_curve: (
        FloatArray  #: kbit/s that the watcher's budget expects of its way out; none while it knows of no limit
    )
    late_curve: FloatArray  #: milliseconds that packets waited on their way to the watcher, as its budget sees it


@dataclass(frozen=True)
class LinkScores:
    """What the link carried: kbit/s with IP headers, by direction."""

    mean_kbps: dict[str, float]
    lost: dict[str, float]  #: share of packets
    longest_queue_ms: dict[str, float]
    settled_s: float | None  #: after the rate's first fall, until the wire was within it; None if it never fell
    kbps_curves: dict[str, FloatArray]
    queue_curves: dict[str, FloatArray]


def score(watched: Watched, begin_s: float) -> Scores:
    """Compare what was shown and heard with what was sent."""
    raw = watched.raw
    shown = track_shown(raw["shown"])
    delay_ms, correlations = _correlate(watched.source, shown)
    freezes = _freezes([frame["time"] for frame in raw["shown"]], [frame["picture"] for frame in raw["shown"]])
    voices = raw["voices"]
    times = np.array([sample["time"] for sample in voices]) / 1000 - begin_s
    samples = np.array([sample["samples"] for sample in voices], np.float64)
    concealed = np.array([sample["concealedSamples"] for sample in voices], np.float64)
    # A new connection counts from 0 again.
    played, made_up = np.maximum(np.diff(samples), 0), np.maximum(np.diff(concealed), 0)
    speech = played.sum() * speech_share(watched.microphone)
    fps = np.array(raw["picturesPerSecond"] or [0.0], np.float64)
    seconds = times[-1] - times[0]
    return Scores(
        correlation=float(np.median(correlations[:, 1])) if len(correlations) else 0.0,
        moving=float((correlations[:, 1] >= _MOVING).mean()) if len(correlations) else 0.0,
        landmark_error=_landmark_error(watched.source, shown, delay_ms),
        fps=float(fps.mean()),
        frozen_s=sum(freezes),
        longest_freeze_s=max(freezes, default=0.0),
        concealed=float(made_up.sum()) / max(speech, 1.0),
        delay_ms=delay_ms,
        correlation_curve=correlations - (begin_s, 0),
        fps_curve=np.column_stack([np.linspace(times[0], times[0] + seconds, len(fps)), fps]),
        page_lag_ms=_timer_lag_ms([when for when, _ in raw["loudness"]]),
        concealed_curve=np.column_stack([times[1:], made_up / 48 / np.maximum(np.diff(times), 1e-3)]),
        estimate_curve=_budget_curve(raw["budget"], "estimateKbps", begin_s),
        late_curve=_budget_curve(raw["budget"], "lateMs", begin_s),
    )


def _timer_lag_ms(times_ms: list[float]) -> float:
    """Return how much later than usual the timer of these times came, 95 % of the time less."""
    gaps = np.diff(np.array(times_ms, np.float64))
    return float(np.quantile(gaps, 0.95) - np.median(gaps)) if len(gaps) else 0.0


def _budget_curve(samples: list[dict[str, Any]], field: str, begin_s: float) -> FloatArray:
    points = [(sample["time"] / 1000 - begin_s, sample[field]) for sample in samples if sample[field] is not None]
    return np.array(points, np.float64).reshape(-1, 2)


def score_link(
    profile: Profile, packets: list[Packet], queued: list[Queued], begin_s: float, end_s: float
) -> LinkScores:
    """Sum up what the shim saw and how full the queues were."""
    inside = [packet for packet in packets if begin_s <= packet.time_s <= end_s]
    waits = np.array([(q.time_s - begin_s, q.up_ms, q.down_ms) for q in queued if begin_s <= q.time_s <= end_s])
    ways = {way: [packet for packet in inside if packet.direction == way] for way in ("up", "down")}
    curves = {way: _rate_curve(found, begin_s, end_s) for way, found in ways.items()}
    return LinkScores(
        mean_kbps={way: sum(p.size for p in found) * 8 / 1000 / (end_s - begin_s) for way, found in ways.items()},
        lost={way: float(np.mean([p.lost for p in found])) if found else 0.0 for way, found in ways.items()},
        longest_queue_ms={
            way: float(waits[:, column].max()) if len(waits) else 0.0 for column, way in enumerate(ways, 1)
        },
        settled_s=_settled_s(profile, waits),
        kbps_curves=curves,
        queue_curves={
            way: waits[:, (0, column)] if len(waits) else np.zeros((0, 2)) for column, way in enumerate(ways, 1)
        },
    )


def back_after(watched: Watched, end_of_outage_s: float) -> float | None:
    """Return how many seconds after an outage's end the picture moved again; None if it never did."""
    shown = watched.raw["shown"]
    for before, after in pairwise(shown):
        if after["time"] / 1000 > end_of_outage_s and before["picture"] != after["picture"]:
            return float(after["time"] / 1000 - end_of_outage_s)
    return None


def speech_share(microphone: Path) -> float:
    """Return the share of a sound file in which somebody speaks; pauses of less than 0.2 s between words count."""
    with wave.open(str(microphone)) as sound:
        block = int(sound.getframerate() * _SPEECH_BLOCK_S)
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16) / 32768
    power = (samples[: len(samples) // block * block].reshape(-1, block) ** 2).mean(1)
    loud = np.flatnonzero(10 * np.log10(np.maximum(power, 1e-12)) > _SPEECH_DBFS)
    pauses = np.diff(loud, append=len(power))
    return float(np.where(pauses <= _SHORT_PAUSE_BLOCKS, pauses, 1).sum() / len(power))


def _settled_s(profile: Profile, waits: FloatArray) -> float | None:
    """Return how long after the first step down its queue began to empty for good, or None if there is no such step."""
    falls = [step for step in profile.steps if step.kbps < (profile.kbps or 0)]
    if not falls or not len(waits):
        return None
    fall, rise = falls[0].at_s, next((step.at_s for step in profile.steps if step.kbps > falls[0].kbps), np.inf)
    during = waits[(waits[:, 0] >= fall) & (waits[:, 0] < rise)]
    worst = during[:, 1:].max(1)
    return float(during[int(worst.argmax()), 0] - fall)


def _rate_curve(packets: list[Packet], begin_s: float, end_s: float) -> FloatArray:
    edges = np.arange(0, end_s - begin_s, _RATE_S)
    times, sizes = [packet.time_s - begin_s for packet in packets], [packet.size for packet in packets]
    summed, _ = np.histogram(times, [*edges, edges[-1] + _RATE_S], weights=sizes)
    return np.column_stack([edges + _RATE_S / 2, summed * 8 / 1000 / _RATE_S])


def _freezes(times_ms: list[float], pictures: list[str]) -> list[float]:
    """Return the seconds of each stretch of over half a second in which the same picture was shown."""
    freezes, since = [], times_ms[0]
    for (_, before), (time_ms, after) in pairwise(zip(times_ms, pictures, strict=True)):
        if after != before:
            if time_ms - since > _SAME_PICTURE_MS:
                freezes.append((time_ms - since) / 1000)
            since = time_ms
    if times_ms[-1] - since > _SAME_PICTURE_MS:
        freezes.append((times_ms[-1] - since) / 1000)
    return freezes


def _correlate(source: Track, shown: Track) -> tuple[float, FloatArray]:
    """Return the delay (ms) at which both agree best, and each window's time (s) and correlation: (n, 2)."""
    if len(shown.times) < 2:
        return 0.0, np.zeros((0, 2))
    delays_ms = range(0, _LONGEST_DELAY_MS, _DELAY_STEP_MS)
    delay_ms = float(max(delays_ms, key=lambda delay: _correlation(source, shown, delay)))
    windows = np.arange(shown.times[0], shown.times[-1] - _WINDOW_MS, _WINDOW_STEP_MS)
    values = []
    for start in windows:
        inside = (shown.times >= start) & (shown.times < start + _WINDOW_MS)
        part = Track(shown.times[inside], shown.landmarks[inside])
        value = _correlation(source, part, delay_ms) if inside.sum() > 2 else 0.0
        values.append(((start + _WINDOW_MS / 2) / 1000, value))
    return delay_ms, np.array(values).reshape(-1, 2)


def _correlation(source: Track, shown: Track, delay_ms: float) -> float:
    """Return Pearson's correlation of all landmarks' movements about their means."""
    moved = shown.landmarks[:, :SURFACE, :2]
    wanted = source.at(shown.times - delay_ms)[:, :SURFACE, :2]
    moved, wanted = moved - moved.mean(0), wanted - wanted.mean(0)
    spread = np.linalg.norm(moved) * np.linalg.norm(wanted)
    return float((moved * wanted).sum() / spread) if spread > 1e-9 else 0.0


def _landmark_error(source: Track, shown: Track, delay_ms: float) -> float:
    if not len(shown.times):
        return float("nan")
    wanted = source.at(shown.times - delay_ms)[:, :SURFACE, :2]
    width = float(np.median(np.ptp(wanted[:, :, 0], axis=1)))
    return float(np.linalg.norm(shown.landmarks[:, :SURFACE, :2] - wanted, axis=2).mean()) / width
