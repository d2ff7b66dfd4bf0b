"""How the demonstration participant gets into its room: `facewire join` in a process of its own."""

import sys

from server.demonstration import RECORDING
from server.encryption.link_secret import LinkSecret
from server.errors import ServerError

ROOM = "demo"


def room_path(secret: LinkSecret) -> str:
    """Return the path of the demonstration room's link, with its key."""
    return f"/room/{ROOM}#key={secret}"


def join_command(server_url: str, secret: LinkSecret) -> list[str]:
    """Return the command that sends the demonstration recording to a server's demonstration room, sealed.

    Raises `ServerError` if the recording is missing.
    """
    if not RECORDING.is_file():
        raise ServerError(f"no demonstration recording at {RECORDING}: reinstall, or start without --demonstration")
    return [
        sys.executable,
        "-m",
        "server.cli",
        "join",
        server_url + room_path(secret),
        "--replay",
        str(RECORDING),
        "--quiet",
    ]
