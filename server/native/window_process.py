"""The process that owns the window of `--show`: OpenCV and nothing of the call.

Once PyAV is loaded, OpenCV's windows hang on Linux: both bring libraries of X11 of their own (PyAV issue 978). So the
window lives in a process that never loads PyAV.
"""

from multiprocessing.connection import Connection
from typing import Any

_TITLE = "facewire"
_ESCAPE = 27
_QUIT_KEYS = (_ESCAPE, ord("q"))
_IDLE_S = 0.03


def show_pictures(connection: Connection) -> None:
    """Show what comes through the connection until it closes, or the window does.

    Sends an empty text once the window is open, or what went wrong. Then takes `(captions, side, picture)`, a caption
    for each square of that side in the (height, width, 3) RGB picture, row by row; answers each with whether the window
    is still open.
    """
    try:
        import cv2
    except ModuleNotFoundError:
        connection.send("--show needs OpenCV: install facewire's extra `native`")
        return
    try:
        cv2.namedWindow(_TITLE, cv2.WINDOW_AUTOSIZE)
    except cv2.error as error:
        connection.send(f"OpenCV cannot open a window here ({error}): leave out --show")
        return
    connection.send("")
    try:
        while _serve(cv2, connection):
            pass
    except (EOFError, OSError, KeyboardInterrupt):
        # The call has ended.
        pass
    finally:
        cv2.destroyAllWindows()


def _serve(cv2: Any, connection: Connection) -> bool:
    if not connection.poll(_IDLE_S):
        cv2.waitKey(1)
        return True
    captions, side, picture = connection.recv()
    shown = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    columns = shown.shape[1] // side
    for index, caption in enumerate(captions):
        place = (index % columns * side + 8, (index // columns + 1) * side - 10)
        cv2.putText(shown, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(shown, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    cv2.imshow(_TITLE, shown)
    key = cv2.waitKey(1) & 0xFF
    is_open = key not in _QUIT_KEYS and cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) > 0
    connection.send(is_open)
    return bool(is_open)
