"""Keeps a process running beside the server, as long as the server runs."""

import asyncio
import logging
import os
from collections.abc import Mapping

logger = logging.getLogger(__name__)

_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0
_SETTLED_S = 60.0
_STOP_TIMEOUT_S = 1.5


async def keep_running(what: str, command: list[str], environment: Mapping[str, str] | None = None) -> None:
    """Run a command for ever: start it again, ever later, when it ends. Cancelling stops it too.

    `what` is its name in the log; `environment` goes on top of this process's own.
    """
    loop = asyncio.get_running_loop()
    wait_s = _FIRST_RETRY_S
    while True:
        started_at = loop.time()
        ending = await _run_once(command, os.environ | dict(environment or {}))
        if loop.time() - started_at > _SETTLED_S:
            wait_s = _FIRST_RETRY_S
        logger.warning("%s ended (%s); again in %g s", what, ending, wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _LONGEST_RETRY_S)


async def _run_once(command: list[str], environment: Mapping[str, str]) -> str:
    """Run a command and return how it ended."""
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, env=environment)
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
