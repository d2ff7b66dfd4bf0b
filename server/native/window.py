"""A window with the others' faces (`--show`)."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from codec.decoder import FaceState, Shown
from codec.intra_picture import Picture
from server.native.errors import DeviceError
from server.native.grid import compose

_TITLE = "facewire"
_QUIT_KEYS = (27, ord("q"))
_CAPTIONS = {FaceState.WAITING: "waiting", FaceState.NO_FACE: "no face", FaceState.STALE: "connection is slow"}


class Window:
    """A grid of faces with names. Use it from one thread only."""

    def __init__(self, side: int) -> None:
        """Open the window. Raises `DeviceError` if there is no display, or no OpenCV that can use it."""
        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise DeviceError("--show needs a display, and DISPLAY is not set: leave it out, or use --record FILE.fwr")
        try:
            import cv2

            cv2.namedWindow(_TITLE, cv2.WINDOW_AUTOSIZE)
        except ModuleNotFoundError as error:
            raise DeviceError("--show needs OpenCV: install facewire's extra `native`") from error
        except cv2.error as error:
            raise DeviceError(f"OpenCV cannot open a window here ({error.err}): leave out --show") from error
        self._cv2: Any = cv2
        self._side = side

    def show(self, names: Sequence[str], shown: Sequence[Shown]) -> bool:
        """Show everybody; returns False once the window was closed, by a key (q, Esc) or its button."""
        pictures = [self._captioned(name, face) for name, face in zip(names, shown, strict=True)] or [
            self._caption(self._blank(), "nobody else is here yet")
        ]
        canvas = compose(pictures, self._side)
        self._cv2.imshow(_TITLE, self._cv2.cvtColor(canvas, self._cv2.COLOR_RGB2BGR))
        key = self._cv2.waitKey(1) & 0xFF
        return key not in _QUIT_KEYS and self._cv2.getWindowProperty(_TITLE, self._cv2.WND_PROP_VISIBLE) > 0

    def close(self) -> None:
        """Close the window."""
        self._cv2.destroyWindow(_TITLE)

    def _captioned(self, name: str, face: Shown) -> Picture:
        picture = self._blank() if face.picture is None else face.picture.copy()
        state = _CAPTIONS.get(face.state)
        return self._caption(picture, f"{name} ({state})" if state else name)

    def _caption(self, picture: Picture, text: str) -> Picture:
        place, font = (8, self._side - 10), self._cv2.FONT_HERSHEY_SIMPLEX
        self._cv2.putText(picture, text, place, font, 0.45, (0, 0, 0), 3, self._cv2.LINE_AA)
        self._cv2.putText(picture, text, place, font, 0.45, (255, 255, 255), 1, self._cv2.LINE_AA)
        return picture

    def _blank(self) -> Picture:
        return np.full((self._side, self._side, 3), 48, np.uint8)
