"""How far apart a browser shows and plays what a native peer saw and said at the same moment.

The peer sends the demonstration participant. What the page displays and what it plays are each compared with the same
participant played out to a file, over every shift: the shifts say when its first moment was seen, and when heard.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from codec.crop import Crop
from codec.motion import FloatArray
from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.material import DEMONSTRATION, demonstration_clip
from server.bench.server_process import ServerProcess
from tests.interop.faces import Track, landmarks_of_clip, track_shown
from tests.network.link import Link
from tests.network.namespaces import Network
from tests.network.profiles import Profile

_OBSERVER = (Path(__file__).parent / "lip_sync.js").read_text()
_HEARS = "window.facewire.statistics().timings.renderer.speech > 0"
_PORT = 8080
#: Clocks and buffers have settled.
_SETTLE_S = 12.0
_WINDOW_MS, _WINDOW_STEP_MS = 4_000.0, 1_000.0
#: Loudness of a file, and how finely shifts are tried.
_BLOCK_MS, _SHIFT_MS = 10.0, 5.0
_QUIETEST = 1e-5


@dataclass(frozen=True)
class LipSync:
    """Offsets of picture to sound of windows of 4 s, ms; positive: what is seen comes later."""

    offsets_ms: FloatArray
    shown_ms: list[float]  #: what the page itself said of it
    output_latency_ms: float

    @property
    def median_ms(self) -> float:
        return float(np.median(self.offsets_ms))

    @property
    def largest_ms(self) -> float:
        """95 % of the windows are nearer than this."""
        return float(np.quantile(np.abs(self.offsets_ms), 0.95))

    def __str__(self) -> str:
        return (
            f"picture after sound: median {self.median_ms:+.0f} ms, 95 % within {self.largest_ms:.0f} ms "
            f"of {len(self.offsets_ms)} windows"
        )


def measure(network: Network, profile: Profile, folder: Path, seconds: float) -> LipSync:
    """Let a browser behind such a link watch a native peer for so long."""
    server_host, peer_host, browser_host = (network.add_host(label) for label in ("server", "peer", "browser"))
    with (
        ServerProcess(port=_PORT, host=server_host.address, within=server_host.command()) as server,
        Browsers(360, 270) as browsers,
    ):
        url = server.url("sync")
        page = browsers.open(
            f"{url}?name=Ann&autojoin=1&provider=wasm", within=browser_host.command(), trusted_origin=server.address
        )
        wait_until(page, "window.facewire?.statistics().phase === 'in-call'", "the browser is in the call")
        join = [
            sys.executable,
            "-m",
            "server.cli",
            "join",
            url,
            "--name",
            "Bob",
            "--quiet",
            "--replay",
            str(DEMONSTRATION),
        ]
        peer = subprocess.Popen(peer_host.command(*join))
        try:
            with Link(network, browser_host, profile, folder / "packets.log"):
                wait_until(page, DRAWS_A_FACE, "the peer's face is drawn")
                wait_until(page, _HEARS, "the renderer hears the voice")
                page.wait_for_timeout(_SETTLE_S * 1000)
                options = {
                    "participant": page.evaluate("window.facewire.statistics().remotes[0].id"),
                    "seconds": seconds,
                }
                script = _OBSERVER[_OBSERVER.index("async") :].strip().removesuffix(";")
                page.evaluate(f"(options) => {{ window.observed = ({script})(options); }}", options)
                seen = page.evaluate("window.observed")
        finally:
            peer.terminate()
            peer.wait(timeout=15)
    return compare(seen)


def compare(seen: dict[str, Any]) -> LipSync:
    """Return the offsets in what lip_sync.js has seen of somebody who sends the demonstration clip."""
    picture_at, sound_at = _picture_agreement(seen), _sound_agreement(seen)
    begin = max(seen["shown"][0]["time"], seen["loudness"][0][0])
    end = min(seen["shown"][-1]["time"], seen["loudness"][-1][0])
    whole_picture, whole_sound = (_best(agreement, begin, end) for agreement in (picture_at, sound_at))
    offsets = []
    for start in np.arange(begin, end - _WINDOW_MS, _WINDOW_STEP_MS):
        near = [
            _best(agreement, start, start + _WINDOW_MS, around)
            for agreement, around in ((picture_at, whole_picture), (sound_at, whole_sound))
        ]
        offsets.append(near[0] - near[1])
    shown = [drawing["soundOffsetMs"] for drawing in seen["drawing"] if drawing.get("soundOffsetMs") is not None]
    return LipSync(np.array(offsets), shown, seen["outputLatencyMs"])


#: Takes when the file's first moment was there, and from when to when (all ms of the page's clock): how well that fits.
Agreement = Callable[[float, float, float], float]


def _best(agreement: Agreement, begin: float, end: float, around: float | None = None) -> float:
    """Return when the file's first moment was there, as it fits best, between the tried shifts too."""
    shifts = np.arange(begin - 60_000, begin, _SHIFT_MS) if around is None else around + np.arange(-400, 401, _SHIFT_MS)
    fits = np.array([agreement(shift, begin, end) for shift in shifts])
    best = int(fits.argmax())
    if not 0 < best < len(fits) - 1:
        return float(shifts[best])
    before, at, after = fits[best - 1 : best + 2]
    return float(shifts[best] + _SHIFT_MS * (before - after) / (2 * (before - 2 * at + after)))


def _picture_agreement(seen: dict[str, Any]) -> Agreement:
    shown, source = track_shown(seen["shown"]), _source_face()
    pairs = [(shown.yaw(), source.yaw()), (shown.mouth_opening(), source.mouth_opening())]

    def agreement(first_moment: float, begin: float, end: float) -> float:
        inside = (shown.times >= begin) & (shown.times <= end)
        times = shown.times[inside] - first_moment
        return sum(_correlation(face[inside], np.interp(times, source.times, wanted)) for face, wanted in pairs)

    return agreement


def _sound_agreement(seen: dict[str, Any]) -> Agreement:
    times, power = np.array(seen["loudness"], np.float64).T
    heard, (source_times, source) = _decibels(power), _source_loudness()

    def agreement(first_moment: float, begin: float, end: float) -> float:
        inside = (times >= begin) & (times <= end)
        return _correlation(heard[inside], np.interp(times[inside] - first_moment, source_times, source))

    return agreement


@cache
def _source_face() -> Track:
    frame_ms, (side, _), faces = landmarks_of_clip(demonstration_clip())
    found = [(number * frame_ms, face) for number, face in enumerate(faces) if face is not None]
    crop = Crop(0, 0, side)
    return Track(np.array([time for time, _ in found]), np.array([crop.to_crop_units(face) for _, face in found]))


@cache
def _source_loudness() -> tuple[FloatArray, FloatArray]:
    """Return the middles of blocks of 10 ms of the clip's sound, ms, and their loudness."""
    rate = 16_000
    resampler = av.AudioResampler("flt", "mono", rate)
    with av.open(str(demonstration_clip())) as container:
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    block = round(rate * _BLOCK_MS / 1000)
    sound = np.concatenate(parts)
    power = (sound[: len(sound) // block * block].reshape(-1, block) ** 2).mean(1)
    return np.asarray((np.arange(len(power)) + 0.5) * _BLOCK_MS, np.float64), _decibels(power)


def _decibels(power: FloatArray) -> FloatArray:
    return np.asarray(10 * np.log10(np.maximum(power, _QUIETEST)), np.float64)


def _correlation(one: FloatArray, two: FloatArray) -> float:
    if one.std() < 1e-6 or two.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(one, two)[0, 1])
