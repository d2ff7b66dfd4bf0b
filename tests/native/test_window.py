import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from server.demonstration import RECORDING
from tests.server.running_server import RunningServer


@pytest.fixture
def display() -> Iterator[str]:
    """Yield the name of an X display that nobody sees."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


async def test_a_window_shows_the_others_until_the_end(display: str) -> None:
    async with RunningServer() as server:
        command = [sys.executable, "-m", "server.cli", "join", server.room()]
        demonstration = await asyncio.create_subprocess_exec(*command, "--replay", str(RECORDING))
        viewer = await asyncio.create_subprocess_exec(
            *(*command, "--video", "none", "--audio", "none", "--show", "--seconds", "4"),
            env=dict(os.environ, DISPLAY=display),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, errors = await asyncio.wait_for(viewer.communicate(), 40)
        demonstration.terminate()
        await demonstration.wait()
    assert viewer.returncode == 0, errors.decode()
    assert "Demonstration" in said.decode()
