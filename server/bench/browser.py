"""Real Chromium browsers with a file as camera and a file as microphone, for benchmarks and tests."""

import os
import shlex
import shutil
import signal
import tempfile
import wave
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import av
import numpy as np

from server.errors import ServerError

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, ViewportSize

_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
    *("--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection"),
)
_VOICE_RATE = 48_000

#: True in a call's page once it draws somebody.
DRAWS_A_FACE = "!!window.facewire && window.facewire.statistics().remotes.some((r) => r.drawing?.state === 'live')"

#: True in a call's page while it hears somebody: samples that are more than the noise of a silent slot.
HEARS_A_VOICE = """(() => {
  const sound = document.querySelector('.tile audio')?.srcObject;
  if (!sound) return false;
  if (window.meter?.source !== sound) {
    const node = new AudioContext().createAnalyser();
    node.context.createMediaStreamSource(sound).connect(node);
    window.meter = { source: sound, node };
  }
  const samples = new Float32Array(window.meter.node.fftSize);
  window.meter.node.getFloatTimeDomainData(samples);
  return samples.some((sample) => Math.abs(sample) > 0.001);
})()"""


class BrowserError(ServerError):
    """No browser is to be had here, or it did not do what was asked."""


def chromium_path() -> str:
    """Return the path of this machine's Chromium or Chrome. Raises `BrowserError` if there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    raise BrowserError("no Chromium here: install it (Debian: apt-get install chromium)")


def write_camera(
    clip: Path, target: Path, width: int, height: int, seconds: float | None = None, numbered: bool = False
) -> None:
    """Write a clip's video as the `.y4m` file that Chromium plays as a camera, in a loop, at 25 frames a second.

    With `numbered`, each frame carries its number in the lower left corner: 12 squares of 8 × 8 pixels, the lowest bit
    first, white for a one.
    """
    with av.open(str(clip)) as container, target.open("wb") as output:
        output.write(f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C420jpeg\n".encode())
        for number, frame in enumerate(container.decode(video=0)):
            if seconds is not None and number >= seconds * 25:
                break
            scaled = frame.reformat(width=width, height=height, format="yuv420p")
            planes = np.array(scaled.to_ndarray(), np.uint8)
            if numbered:
                bits = np.array([235 if number >> bit & 1 else 16 for bit in range(12)], np.uint8)
                planes[height - 8 : height, :96] = bits.repeat(8)
            output.write(b"FRAME\n" + planes.tobytes())


def write_microphone(clip: Path, target: Path, from_s: float = 0, seconds: float | None = None) -> None:
    """Write a clip's sound as the mono 48 kHz `.wav` file that Chromium plays as a microphone, in a loop."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=_VOICE_RATE)
    with av.open(str(clip)) as container:
        blocks = [block for frame in container.decode(audio=0) for block in resampler.resample(frame)]
    samples = np.concatenate([np.asarray(block.to_ndarray(), np.int16).ravel() for block in blocks])
    samples = samples[int(from_s * _VOICE_RATE) :]
    if seconds is not None:
        samples = samples[: int(seconds * _VOICE_RATE)]
    with wave.open(str(target), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(_VOICE_RATE)
        output.writeframes(samples.tobytes())


class Browsers:
    """Any number of headless Chromium processes, each with a fresh profile; closed together."""

    def __init__(self, width: int = 640, height: int = 480) -> None:
        """Start with windows of this size; a small one leaves a machine without a GPU time for the call."""
        from playwright.sync_api import sync_playwright

        self._stack = ExitStack()
        self._playwright = self._stack.enter_context(sync_playwright())
        self._viewport: ViewportSize = {"width": width, "height": height}
        self._profiles: dict[Page, str] = {}

    def open(
        self,
        url: str,
        camera: Path | None = None,
        microphone: Path | None = None,
        *,
        within: Sequence[str] = (),
        trusted_origin: str | None = None,
        webassembly: bool = True,
    ) -> "Page":
        """Open `url` in a browser whose camera and microphone play the given files (else Chromium's test pattern).

        `within` goes before its command, like `nsenter` with its arguments. Pages of `trusted_origin` get the camera as
        if they came by https. Without `webassembly` the browser has none, as where a policy forbids it.
        """
        flags = list(_FLAGS)
        flags += [f"--unsafely-treat-insecure-origin-as-secure={trusted_origin}"] if trusted_origin else []
        flags += [] if webassembly else ["--js-flags=--jitless"]
        flags += [f"--use-file-for-fake-video-capture={camera}"] if camera else []
        flags += [f"--use-file-for-fake-audio-capture={microphone}"] if microphone else []
        profile = self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="facewire-browser-", ignore_cleanup_errors=True)
        )
        context = self._playwright.chromium.launch_persistent_context(
            profile,
            executable_path=_launcher(within, Path(profile)) if within else chromium_path(),
            args=flags,
            ignore_default_args=["--headless"],
            headless=True,
            permissions=["camera", "microphone"],
            viewport=self._viewport,
        )
        self._stack.callback(_close, context)
        page = context.pages[0]
        self._profiles[page] = profile
        page.goto(url)
        return page

    def kill(self, page: "Page") -> None:
        """End a page's whole browser at once, as a crash would."""
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if self._profiles[page].encode() in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)

    def __enter__(self) -> "Browsers":
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()


def wait_until(page: "Page", condition: str, what: str, timeout_s: float = 60.0) -> None:
    """Wait until a JavaScript expression is true in the page (whose CSP forbids Playwright's own way of waiting).

    Raises `BrowserError` that says `what` did not happen.
    """
    deadline = monotonic() + timeout_s
    while not page.evaluate(condition):
        if monotonic() > deadline:
            raise BrowserError(f"after {timeout_s:.0f} s still not: {what}")
        page.wait_for_timeout(100)


def _launcher(within: Sequence[str], folder: Path) -> Path:
    """Return a program that starts the browser by another command (Playwright takes nothing but a path)."""
    launcher = folder / "launcher"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.join([*within, chromium_path()])} "$@"\n')
    launcher.chmod(0o755)
    return launcher


def _close(context: "BrowserContext") -> None:
    from playwright.sync_api import Error

    with suppress(Error):  # it may have been killed
        context.close()
