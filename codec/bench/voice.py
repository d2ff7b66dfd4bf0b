"""The sound of a clip, as it is and as a call's voice codec leaves it."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from codec.errors import PictureError
from codec.speech.features import SAMPLE_RATE

#: (n,) mono sound at 16 kHz, full scale ±1.
Sound = NDArray[np.float64]

_CODED_RATE = 48_000
#: libopus delays what it codes by 6.5 ms.
_PRE_SKIP = round(0.0065 * SAMPLE_RATE)
_QUIETEST = 1e-4


def read_sound(path: Path) -> Sound | None:
    """Return a video's sound from its first picture on, or None: silent or absent. Raises `PictureError`."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                return None
            video = container.streams.video[0]
            first_picture_s = float((video.start_time or 0) * (video.time_base or 0))
            resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
            start_s, parts = None, []
            for frame in container.decode(audio=0):
                start_s = float(frame.time or 0) if start_s is None else start_s
                parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
            parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    except (av.FFmpegError, OSError, IndexError) as error:
        raise PictureError(f"{path} cannot be read as a video with sound: {error}") from error
    if start_s is None or np.sqrt(np.mean(np.concatenate(parts) ** 2)) < _QUIETEST:
        return None
    lead = round((start_s - first_picture_s) * SAMPLE_RATE)
    sound = np.concatenate(parts).astype(np.float64)
    return sound[-lead:] if lead < 0 else np.pad(sound, (lead, 0))


def through_opus(sound: Sound, kbps: int, packet_ms: int = 60) -> Sound:
    """Return sound as it is after Opus (RFC 6716, voice) at this rate, without the codec's delay."""
    padded = np.concatenate([sound, np.zeros(SAMPLE_RATE // 4)])
    frame = av.AudioFrame.from_ndarray((np.clip(padded, -1, 1) * 32767).astype(np.int16)[None], "s16", "mono")
    frame.sample_rate = SAMPLE_RATE
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format, encoder.layout = _CODED_RATE, "s16", "mono"
    encoder.bit_rate = kbps * 1000
    encoder.options = {"application": "voip", "frame_duration": str(packet_ms)}
    up = av.AudioResampler("s16", "mono", _CODED_RATE, frame_size=_CODED_RATE * packet_ms // 1000)
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = _CODED_RATE, "mono"
    down = av.AudioResampler("flt", "mono", SAMPLE_RATE)
    packets = [packet for piece in up.resample(frame) for packet in encoder.encode(piece)]
    decoded = [part for packet in packets for part in decoder.decode(packet)]
    parts = [part.to_ndarray()[0] for whole in (*decoded, None) for part in down.resample(whole)]
    return np.concatenate(parts).astype(np.float64)[_PRE_SKIP:][: len(sound)]
