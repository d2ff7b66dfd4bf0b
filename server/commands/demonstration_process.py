"""How the demonstration participant gets into its room: `facewire join` in a process of its own."""

import sys

from server.demonstration import RECORDING
from server.errors import ServerError

ROOM = "demo"


def join_command(server_url: str) -> list[str]:
    """Return the command that sends the demonstration recording to the demonstration room of a server.

    Raises `ServerError` if the recording is missing.
    """
    if not RECORDING.is_file():
        raise ServerError(f"no demonstration recording at {RECORDING}: reinstall, or start without --demonstration")
    return [
        sys.executable,
        "-m",
        "server.cli",
        "join",
        f"{server_url}/room/{ROOM}",
        "--replay",
        str(RECORDING),
        "--quiet",
    ]
