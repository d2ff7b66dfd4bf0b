"""Ordinary video codecs at low delay, one intra picture: x264, x265, VP9, AV1 and VVC, by quantiser sweeps.

JVET's common test conditions for generative face video compare with VVC at low delay in the same way; here libvvenc
stands for VTM. All run through ffmpeg as an external program, and only their bitstreams are counted.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from codec.bench import ffmpeg
from codec.bench.cache import Cache
from codec.bench.clip import FPS, Clip, from_planes
from codec.bench.coded import Coded
from codec.bench.errors import BenchError

_LOW_DELAY_VVC = "gopsize=8:picreordering=0:decodingrefreshtype=none:intraperiod=-1:poc0idr=1"
_ONE_INTRA = ("-g", "99999")
_IVF_HEADER, _IVF_FRAME_HEADER = 32, 12
#: A temporal delimiter opens each AV1 temporal unit in a file; a transport drops it (AV1 specification, 5.6).
_TEMPORAL_DELIMITER_BYTES = 2


@dataclass(frozen=True)
class Rival:
    """One encoder with its settings; `{quality}` among the arguments is its quantiser."""

    name: str
    arguments: tuple[str, ...]
    container: str  #: ffmpeg's name of the raw bitstream's format
    finest: int  #: quantiser of the highest rate of a sweep
    coarsest: int
    frame_step: int = 1  #: 2: every second frame is coded, and shown twice
    overhead_per_frame: int = 0  #: bytes in the bitstream that no transport would carry

    def qualities(self, points: int) -> list[int]:
        """Return the quantisers of a sweep of so many points, coarsest first."""
        return [round(value) for value in np.linspace(self.coarsest, self.finest, points)]


def _vvc(name: str, structure: str, frame_step: int = 1) -> Rival:
    coder = ("-c:v", "libvvenc", "-pix_fmt", "yuv420p10le", "-preset", "medium", "-qp", "{quality}", "-qpa", "0")
    return Rival(name, (*coder, "-vvenc-params", structure), "vvc", 32, 50, frame_step)


RIVALS: dict[str, Rival] = {
    rival.name: rival
    for rival in (
        _vvc("vvc", _LOW_DELAY_VVC),
        _vvc("vvc12", _LOW_DELAY_VVC, frame_step=2),
        # Random access with look-ahead: the rival of recordings, not of calls.
        _vvc("vvc-ra", "decodingrefreshtype=cra:intraperiod=-1:poc0idr=1"),
        Rival(
            "av1",
            (
                *("-c:v", "libsvtav1", "-preset", "8", "-crf", "{quality}", *_ONE_INTRA),
                *("-svtav1-params", "pred-struct=1:lp=1"),
            ),
            "ivf",
            36,
            63,
            overhead_per_frame=_TEMPORAL_DELIMITER_BYTES,
        ),
        Rival(
            "vp9",
            (
                *("-c:v", "libvpx-vp9", "-deadline", "good", "-cpu-used", "2", "-lag-in-frames", "0"),
                *("-auto-alt-ref", "0", "-b:v", "0", "-crf", "{quality}", *_ONE_INTRA),
            ),
            "ivf",
            38,
            63,
        ),
        Rival(
            "x265",
            (
                *("-c:v", "libx265", "-preset", "slow", "-tune", "zerolatency", "-crf", "{quality}"),
                *("-x265-params", "info=0:keyint=-1:scenecut=0:log-level=error:pools=none:frame-threads=1"),
            ),
            "hevc",
            28,
            45,
        ),
        Rival(
            "x264",
            (
                *("-c:v", "libx264", "-preset", "slow", "-tune", "zerolatency", "-crf", "{quality}"),
                *("-sc_threshold", "0", *_ONE_INTRA),
                # Without the SEI in which x264 writes its settings.
                *("-bsf:v", "filter_units=remove_types=6"),
            ),
            "h264",
            28,
            44,
        ),
    )
}


def code(clip: Clip, rival: Rival, quality: int, cache: Cache) -> Coded:
    """Code a clip with a rival. The bitstream comes from the cache if it is there.

    Raises `BenchError` if ffmpeg is missing, fails, or returns another number of frames.
    """
    stream = bitstream(clip, rival, quality, cache)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"stream.{rival.container}"
        path.write_bytes(stream)
        reading = ["-threads", "1", "-f", rival.container, "-i", str(path)]
        planes = ffmpeg.run([*reading, "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"])
    pictures = np.repeat(from_planes(planes, clip.side), rival.frame_step, axis=0)[: len(clip.pictures)]
    if len(pictures) != len(clip.pictures):
        raise BenchError(f"{rival.name} gave {len(pictures)} frames of {clip.name}, which has {len(clip.pictures)}")
    return Coded(rival.name, f"q {quality}", pictures, _payload_bytes(stream, rival))


def code_near(clip: Clip, rival: Rival, kbps: float, cache: Cache) -> Coded:
    """Code a clip with the finest quantiser of the rival's sweep that stays at or under a rate (else the coarsest).

    Raises `BenchError` as `code` does.
    """
    low, high = rival.finest, rival.coarsest
    while low < high:
        middle = (low + high) // 2
        taken = _payload_bytes(bitstream(clip, rival, middle, cache), rival) * 8 / clip.seconds / 1000
        low, high = (low, middle) if taken <= kbps else (middle + 1, high)
    return code(clip, rival, low, cache)


def bitstream(clip: Clip, rival: Rival, quality: int, cache: Cache) -> bytes:
    """Return the coded bitstream, from the cache if it is there. Raises `BenchError` as `code` does."""
    key = ("rival", ffmpeg.version(), clip.digest, *rival.arguments, str(rival.frame_step), str(quality))
    kept = cache.get(*key)
    if kept is not None:
        return kept
    frame_bytes = clip.side * clip.side * 3 // 2
    frames = [clip.planes[at : at + frame_bytes] for at in range(0, len(clip.planes), frame_bytes)]
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{clip.side}x{clip.side}"]
    arguments = [argument.format(quality=quality) for argument in rival.arguments]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream"
        reading = [*raw, "-framerate", str(FPS / rival.frame_step), "-i", "-"]
        writing = ["-threads", "1", *arguments, "-f", rival.container, str(path)]
        ffmpeg.run([*reading, *writing], b"".join(frames[:: rival.frame_step]))
        stream = path.read_bytes()
    cache.put(stream, *key)
    return stream


def _payload_bytes(stream: bytes, rival: Rival) -> int:
    if rival.container != "ivf":
        return len(stream)
    total, at = 0, _IVF_HEADER
    while at + _IVF_FRAME_HEADER <= len(stream):
        size = int.from_bytes(stream[at : at + 4], "little")
        total += size - rival.overhead_per_frame
        at += _IVF_FRAME_HEADER + size
    return total
