"""From nothing but the README to talking with a second browser: seconds and clicks. Run by `make bench-first-call`.

It does what the README says and nothing else: `make run`, open the printed address, create a room, join, and send the
address of the room to somebody else, who opens it and joins.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from server.bench.browser import DRAWS_A_FACE, HEARS_A_VOICE, Browsers, wait_until, write_camera, write_microphone
from server.bench.material import demonstration_clip, talking_clip

if TYPE_CHECKING:
    from playwright.sync_api import Page

_REPOSITORY = Path(__file__).parents[2]
_ADDRESS = re.compile(r"http://localhost:\d+")
_IN_CALL = "window.facewire?.statistics().phase === 'in-call'"


class Clicks:
    """Counts what a person has to press."""

    def __init__(self) -> None:
        self.count = 0

    def press(self, page: "Page", name: str) -> None:
        """Press the button of that name."""
        page.get_by_role("button", name=name, exact=True).click(timeout=60_000)
        self.count += 1


def main() -> None:
    """Walk, and print a line for each step with the seconds since the beginning."""
    if "http://localhost:8080" not in (_REPOSITORY / "README.md").read_text():
        sys.exit("the README no longer says where `make run` serves: follow its new steps here")
    began_s = time.monotonic()
    clicks = Clicks()

    def note(what: str) -> None:
        print(f"{time.monotonic() - began_s:6.1f} s  {clicks.count} clicks  {what}", flush=True)

    with tempfile.TemporaryDirectory() as name, _make_run() as address, Browsers(900, 640) as browsers:
        note(f"`make run` serves {address}")
        camera, microphone = Path(name) / "camera.y4m", Path(name) / "microphone.wav"
        write_camera(talking_clip(), camera, 352, 288)
        write_microphone(demonstration_clip(), microphone, seconds=16)
        first = browsers.open(address, camera, microphone)
        clicks.press(first, "Create a room")
        _join(first, "Ada", clicks)
        note("the first browser is in the call")
        second = browsers.open(first.url, camera, microphone)
        _join(second, "Grace", clicks)
        note("the second browser is in the call")
        for page in (first, second):
            wait_until(page, HEARS_A_VOICE, "the other is heard")
        note("both hear each other")
        for page in (first, second):
            wait_until(page, DRAWS_A_FACE, "the other is seen", timeout_s=90)
        note("both see each other")


def _join(page: "Page", name: str, clicks: Clicks) -> None:
    page.get_by_label("Your name").fill(name)
    clicks.press(page, "Join")
    wait_until(page, _IN_CALL, "in the call")


@contextmanager
def _make_run() -> Iterator[str]:
    """Run `make run`; yields the address that it prints, and ends it afterwards."""
    command = ["make", "run"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, cwd=_REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := _ADDRESS.search(line):
                yield found[0]
                break
        else:
            sys.exit("`make run` ended without an address; is port 8080 taken?")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)


if __name__ == "__main__":
    main()
