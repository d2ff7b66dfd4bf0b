"""A shared screen: its text can be read at the other end, late joiners get all of it, and it costs what it may."""

import asyncio
import json
import os
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from playwright.async_api import Page, expect

from server.client.events import ControlReceived, ScreenSliceReceived
from server.encryption.link_secret import LinkSecret
from tests.page.test_page import CALL_TIMEOUT_MS, FAKE_DEVICES, becomes_true, chromium, in_call, join
from tests.server.running_server import Guest, RunningServer

pytestmark = pytest.mark.browser

#: Payload, and headers of IP, UDP, DTLS and SCTP, of a message on a data channel.
_HEADER_BYTES = 93
_MOST_KBPS = 20.0
_MEASURED_S = 20.0
_READABLE_DB = 40.0
_SETTLED_MS = 60_000
#: A page of text, as `window.drawText(context)` paints it in any browser of this machine.
_TEXT = """
window.drawText = (context) => {
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, 800, 500);
  context.fillStyle = '#111111';
  context.font = '18px monospace';
  for (let line = 0; line < 10; line += 1) {
    context.fillText(`${line}. The quick brown fox jumps over ${line * 37} lazy dogs.`, 20, 40 + 25 * line);
  }
};
"""
#: Shares that page of text instead of what a person would choose.
_CAPTURE = """
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [800, 500];
  const context = canvas.getContext('2d');
  setInterval(() => window.drawText(context), 200);
  window.screenStream = canvas.captureStream(5);
  return window.screenStream;
};
"""
#: PSNR, dB, of the screen that is shown against the page of text.
_PSNR = """() => {
  const shown = document.querySelector('.screen canvas');
  const [got, wanted] = [0, 1].map(() => new OffscreenCanvas(800, 500).getContext('2d', { willReadFrequently: true }));
  got.drawImage(shown, 0, 0);
  window.drawText(wanted);
  const [a, b] = [got, wanted].map((context) => context.getImageData(0, 0, 800, 500).data);
  let sum = 0;
  for (let at = 0; at < a.length; at += 4) sum += (a[at + 1] - b[at + 1]) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / (a.length / 4)));
}"""


async def _join_sealed(page: Page, server: RunningServer, name: str) -> None:
    await page.goto(f"{server.room()}?name={name}&autojoin=1&provider=wasm#key={LinkSecret(bytes(range(16)))}")
    await in_call(page)


async def _sent(page: Page) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(
        await page.evaluate("JSON.stringify(window.facewire.statistics().channels.keyframe)")
    )
    return sent


async def _settled(page: Page) -> None:
    """Wait until the screen is there and nothing of it is to get better."""
    shown = page.locator(".screen figcaption")
    await expect(shown.get_by_text("changed")).to_be_visible(timeout=_SETTLED_MS)
    await expect(shown.get_by_role("progressbar")).to_be_hidden(timeout=_SETTLED_MS)


@pytest.mark.timeout(240)
async def test_text_can_be_read_at_the_rate_of_a_telephone_call(tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        chromium(tmp_path / "ada", *FAKE_DEVICES) as adas,
        chromium(tmp_path / "grace", *FAKE_DEVICES) as graces,
    ):
        ada, grace = await adas.new_page(), await graces.new_page()
        for page in (ada, grace):
            await page.add_init_script(_TEXT)
        await ada.add_init_script(_CAPTURE)
        await _join_sealed(ada, server, "Ada")
        await ada.keyboard.press("v")
        await _join_sealed(grace, server, "Grace")
        await expect(grace.get_by_role("article", name="Ada")).to_be_visible()

        before, began = await _sent(ada), monotonic()
        await ada.get_by_role("button", name="Share screen").click()
        await expect(ada.get_by_text("You are sharing your screen")).to_be_visible()
        await _settled(grace)
        await asyncio.sleep(max(0.0, began + _MEASURED_S - monotonic()))
        after, seconds = await _sent(ada), monotonic() - began
        messages = after["messagesSent"] - before["messagesSent"]
        wire_bytes = after["bytesSent"] - before["bytesSent"] + _HEADER_BYTES * messages
        kbps, decibels = 8 * wire_bytes / seconds / 1_000, await grace.evaluate(_PSNR)
        print(f"{kbps:.1f} kbit/s over {seconds:.0f} s, {decibels:.1f} dB")
        assert 0 < kbps <= _MOST_KBPS
        assert decibels > _READABLE_DB
        print(
            f"{8 * wire_bytes / seconds / 1000:.1f} kbit/s over {seconds:.0f} s, {await grace.evaluate(_PSNR):.1f} dB"
        )
        if folder := os.environ.get("FACEWIRE_SCREENSHOTS"):
            await grace.screenshot(path=Path(folder) / "screen-seen.png")
            await ada.screenshot(path=Path(folder) / "screen-shared.png")

        await grace.reload()
        await _settled(grace)
        assert await grace.evaluate(_PSNR) > _READABLE_DB

        await ada.get_by_role("status").get_by_role("button", name="Stop sharing").click()
        await expect(ada.get_by_text("You are sharing your screen")).to_be_hidden()
        await expect(grace.locator(".screen")).to_be_hidden()


async def test_the_browsers_own_button_ends_it_and_native_participants_take_no_harm(tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        chromium(tmp_path, *FAKE_DEVICES) as browser,
        Guest(server.room(), "Grace") as grace,
    ):
        page = await browser.new_page()
        await page.add_init_script(_TEXT + _CAPTURE)
        await join(page, server.room(), "Ada")
        await page.keyboard.press("x")
        await grace.saw(ControlReceived, lambda event: event.message.get("screen") is True)
        await grace.saw(ScreenSliceReceived, count=2)
        await becomes_true(page, "window.screenStream !== undefined")
        await page.evaluate("window.screenStream.getTracks()[0].dispatchEvent(new Event('ended'))")
        await expect(page.get_by_text("You are sharing your screen")).to_be_hidden(timeout=CALL_TIMEOUT_MS)
