"""Keeps the demonstration participant in its room: `facewire join` in a process of its own."""

import asyncio
import logging
import sys
from pathlib import Path

from server.errors import ServerError

logger = logging.getLogger(__name__)

ROOM = "demo"
RECORDING = Path(__file__).resolve().parent.parent / "demonstration/demo.fwr"

_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0
_SETTLED_S = 60.0
_STOP_TIMEOUT_S = 1.5


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


async def keep_running(command: list[str]) -> None:
    """Run a command for ever: start it again, ever later, when it ends. Cancelling stops it too."""
    loop = asyncio.get_running_loop()
    wait_s = _FIRST_RETRY_S
    while True:
        started_at = loop.time()
        ending = await _run_once(command)
        if loop.time() - started_at > _SETTLED_S:
            wait_s = _FIRST_RETRY_S
        logger.warning("the demonstration participant ended (%s); again in %g s", ending, wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _LONGEST_RETRY_S)


async def _run_once(command: list[str]) -> str:
    """Run a command and return how it ended."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    except OSError as error:
        return str(error)
    try:
        return f"status {await process.wait()}"
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
