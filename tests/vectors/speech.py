"""Golden vectors of the audio-visual drive: columns of a made-up sound, and a face through loss, silence and return."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.bundle import Mode
from codec.motion import EXPRESSION, MOTION_LENGTH, FloatArray
from codec.playout import TimedFrame
from codec.speech.drive import SpeechDrive
from codec.speech.features import SAMPLE_RATE, LogMel
from codec.speech.fusion import CHANNELS, LAGS, MOUTH, Covariances, MouthFusion, pack_covariances, parse_covariances
from codec.speech.networks import FEATURES

_FRAME_MS = 40
_PIECE = SAMPLE_RATE * 60 // 1000
#: The frame before which a piece of sound gets lost.
_LOST = 53


class MeanEncoder:
    """Stands in for the network: simple enough to be the same everywhere (mirrored in drive.test.ts)."""

    def encode(self, columns: NDArray[np.float32]) -> FloatArray:
        """Return the means of the first nine bands."""
        return np.asarray(columns[:, :FEATURES].mean(2), np.float64)


def made_up_sound(seconds: float) -> FloatArray:
    """Return a gliding tone that comes and goes over a faint hum, at 16 kHz (mirrored in features.test.ts)."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    glide = np.sin(2 * np.pi * (200 * time + 300 * time**2)) * np.maximum(0, np.sin(2 * np.pi * 1.5 * time))
    return np.asarray(0.2 * glide + 0.01 * np.sin(2 * np.pi * 50 * time), np.float64)


def made_up_covariances() -> Covariances:
    """Return covariances of a slow process that sound tells something of, 40 ms late."""
    lags = np.arange(-LAGS, LAGS + 1)[:, None]
    strengths = 1 + np.arange(CHANNELS) / CHANNELS
    project = np.cos(np.outer(np.arange(EXPRESSION) + 1, np.arange(MOUTH) + 1)) / 5
    mouth = strengths[:MOUTH]
    return Covariances(
        project,
        np.asarray(np.linalg.pinv(project), np.float64),
        strengths * np.exp(-((lags / 5) ** 2)),
        0.2 * (lags == 0) + 0.02 * np.exp(-((lags / 2) ** 2)) * strengths,
        -0.05 * np.exp(-((lags / 2) ** 2)) * strengths,
        0.6 * mouth * np.exp(-((lags / 4) ** 2)),
        0.4 * mouth * np.exp(-(((lags - 1) / 4) ** 2)),
    )


def speech_vectors() -> list[dict[str, Any]]:
    """Columns of a sound and covariances first; then what a drive shows every 40 ms of what it received and heard."""
    sound = made_up_sound(3.0)
    packed = pack_covariances(made_up_covariances())
    columns = LogMel().push(sound[: SAMPLE_RATE // 2])
    vectors: list[dict[str, Any]] = [
        {"columns": np.round(columns[::7], 6).tolist(), "every": 7, "covariances": packed.hex()}
    ]
    drive = SpeechDrive(MeanEncoder(), MouthFusion(parse_covariances(packed)))
    received: list[TimedFrame] = []
    heard = 0
    for number in range(70):
        now_ms = number * _FRAME_MS
        arrived: list[int] | None = None
        if not 20 <= number < 45 and number % 9 != 7:
            arrived = [int(v) for v in np.rint(10 * np.sin(np.arange(MOTION_LENGTH) + 0.3 * number))]
            received.append(TimedFrame(now_ms, Mode.ANIMATED, 1, 1, tuple(arrived)))
        if number == 40:
            drive.allowed = False
        if number == 60:
            drive.allowed = True
        pieces = []
        while heard + _PIECE <= (now_ms + 100) * SAMPLE_RATE // 1000:
            if number != _LOST:
                drive.voice.add(sound[heard : heard + _PIECE], heard * 1000 / SAMPLE_RATE)
                pieces.append(heard)
            heard += _PIECE
        around = [frame for frame in received if frame.time_ms >= now_ms - 700] or received[-1:]
        shown = drive.move(around[-1], around, now_ms)
        assert shown.motion is not None
        vectors.append(
            {"now_ms": now_ms, "allowed": drive.allowed, "arrived": arrived, "pieces": pieces}
            | {"driven": shown.driven, "motion": np.round(shown.motion, 4).tolist()}
            | {"error_px": round(drive.error_px, 4)}
        )
    return vectors
