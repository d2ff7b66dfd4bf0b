"""VMAF (Netflix, model vmaf_v0.6.1) by ffmpeg's libvmaf. The model was fitted to television, not to small faces."""

import json
import tempfile
from pathlib import Path

from codec.bench import ffmpeg
from codec.bench.clip import FPS


def vmaf(planes: bytes, reference: bytes, side: int, stride: int) -> float:
    """Return the mean of every `stride`-th frame's VMAF, 0…100, of raw planar 4:2:0 of one size and length.

    Raises `BenchError` if ffmpeg is missing or fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("distorted", "reference", "log.json")]
        paths[0].write_bytes(planes)
        paths[1].write_bytes(reference)
        raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{side}x{side}", "-r", str(FPS), "-i"]
        measure = f"libvmaf=log_fmt=json:log_path={paths[2]}:n_threads=1:n_subsample={stride}"
        ffmpeg.run([*raw, str(paths[0]), *raw, str(paths[1]), "-lavfi", measure, "-f", "null", "-"])
        return float(json.loads(paths[2].read_text())["pooled_metrics"]["vmaf"]["mean"])
