"""A window with the others' faces (`--show`)."""

import multiprocessing
import os
import sys
from collections.abc import Sequence

from codec.decoder import FaceState, Shown
from server.native.errors import DeviceError
from server.native.grid import compose
from server.native.window_process import show_pictures

_OPEN_TIMEOUT_S = 15.0
_CLOSE_TIMEOUT_S = 2.0
_STATES = {
    FaceState.WAITING: "waiting",
    FaceState.NO_FACE: "no face",
    FaceState.STALE: "connection is slow",
    FaceState.SOUND: "moved by the voice",
}


class Window:
    """A grid of faces with names, in a process of its own; pictures that come faster than it shows are left out."""

    def __init__(self, side: int) -> None:
        """Open it for faces of (side, side) pixels. Raises `DeviceError` if there is no display or no OpenCV."""
        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise DeviceError("--show needs a display, and DISPLAY is not set: leave it out, or use --record FILE.fwr")
        self._side = side
        self._is_ready = True
        spawning = multiprocessing.get_context("spawn")
        self._connection, theirs = spawning.Pipe()
        self._process = spawning.Process(target=show_pictures, args=(theirs,), name="window", daemon=True)
        self._process.start()
        theirs.close()
        try:
            problem = self._connection.recv() if self._connection.poll(_OPEN_TIMEOUT_S) else "it does not answer"
        except EOFError:
            problem = "its process ended"
        if problem:
            self.close()
            raise DeviceError(f"no window: {problem}")

    def show(self, names: Sequence[str], shown: Sequence[Shown]) -> bool:
        """Show everybody; returns False once the window was closed, by a key (q, Esc) or its button."""
        try:
            while self._connection.poll():
                if not self._connection.recv():
                    return False
                self._is_ready = True
            if self._is_ready:
                self._is_ready = False
                pictures = [face.picture for face in shown] or [None]
                captions = [_caption(name, face) for name, face in zip(names, shown, strict=True)]
                captions = captions or ["nobody else is here yet"]
                self._connection.send((captions, self._side, compose(pictures, self._side)))
        except (EOFError, OSError):
            return False
        return True

    def close(self) -> None:
        """Close the window; safe to call twice."""
        self._connection.close()
        self._process.join(_CLOSE_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _caption(name: str, face: Shown) -> str:
    state = _STATES.get(face.state)
    return f"{name} ({state})" if state else name
