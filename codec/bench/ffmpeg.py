"""ffmpeg from the package imageio-ffmpeg, run as an external program: nothing links it."""

import subprocess
from functools import cache
from pathlib import Path

from codec.bench.errors import BenchError

_TIMEOUT_S = 3600
#: Of what ffmpeg wrote, in an error.
_LAST_LINES = 3


@cache
def program() -> Path:
    """Return the path of ffmpeg. Raises `BenchError` if imageio-ffmpeg is not installed."""
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise BenchError("imageio-ffmpeg is not installed: install the extra `bench`") from error
    return Path(imageio_ffmpeg.get_ffmpeg_exe())


def version() -> str:
    """Return what names this ffmpeg: the name of its file."""
    return program().name


def run(arguments: list[str], given: bytes | None = None) -> bytes:
    """Run ffmpeg with `given` on its standard input; return its standard output.

    Raises `BenchError` with ffmpeg's last words if it fails or takes longer than an hour.
    """
    command = [str(program()), "-hide_banner", "-loglevel", "error", "-y", *arguments]
    try:
        done = subprocess.run(command, input=given or b"", capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"ffmpeg took longer than {_TIMEOUT_S} s: {' '.join(arguments)}") from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
        raise BenchError(f"ffmpeg failed ({done.returncode}): {'; '.join(words) or 'it did not say why'}")
    return done.stdout
