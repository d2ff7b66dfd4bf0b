"""Keyframes between a page and a participant without a browser: plain frames, and what a browser can decode."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from codec.bundle import Bundle, BundleHeader, Frame, Mode, encode_bundle
from codec.encoder import resize
from codec.keyframes import Keyframe, slice_keyframe
from codec.picture_stream import PictureStreamEncoder
from server.client.events import ControlReceived
from server.webrtc.channels import EVERYBODY
from tests.material import portrait
from tests.page.test_page import CALL_TIMEOUT_MS, FAKE_DEVICES, chromium, join
from tests.server.running_server import Guest, RunningServer

pytestmark = pytest.mark.browser


async def _send_plain_video(guest: Guest) -> None:
    """Send bundles that show the second of two keyframes without a face as it is, until cancelled.

    The keyframes go out again every few seconds: a page joins before it has loaded what draws, and asks for them later.
    """
    encoder = PictureStreamEncoder(256, 50)
    slices = []
    for number in (0, 1):
        codec, picture = encoder.encode(resize(portrait()[:256, 90 + 5 * number : 346 + 5 * number], 256))
        slices += slice_keyframe(bytes(Keyframe(number, 0, 256, None, None, codec, picture)))
    for sequence in range(1000):
        if sequence % 25 == 0:
            for part in slices:
                guest.call.send_keyframe_slice(EVERYBODY, part)
        header = BundleHeader(sequence, 12 * sequence, 0, 1, False)
        guest.call.send_bundle(encode_bundle(Bundle(header, (Frame(0, Mode.PLAIN, 1),)), {}))
        await asyncio.sleep(0.12)


async def test_plain_frames_are_shown_and_called_low_rate_video(tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        chromium(tmp_path, *FAKE_DEVICES) as browser,
        Guest(server.room(), "Grace") as grace,
    ):
        page = await browser.new_page()
        await join(page, server.room(), "Ada")
        sending = asyncio.create_task(_send_plain_video(grace))
        tile = page.get_by_role("article", name="Grace")
        await expect(tile.get_by_text("low-rate video")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await expect(tile).to_have_attribute("data-picture", "plain")
        (drawing,) = await page.evaluate("window.facewire.statistics().remotes.map(({ drawing }) => drawing)")
        sending.cancel()
        assert drawing["dropped"] == 0


@pytest.mark.parametrize("has_decoder", [True, False])
async def test_a_page_says_which_keyframes_it_decodes(tmp_path: Path, has_decoder: bool) -> None:
    async def without_decoder(route: Route) -> None:
        """Workers have a scope of their own, out of reach of the page's scripts: the worker's file is changed."""
        response = await route.fetch()
        await route.fulfill(response=response, body=f"delete self.VideoDecoder;{await response.text()}")

    async with (
        RunningServer() as server,
        chromium(tmp_path, *FAKE_DEVICES) as browser,
        Guest(server.room(), "Grace") as grace,
    ):
        if not has_decoder:
            await browser.route("**/renderer.worker-*.js", without_decoder)
        page = await browser.new_page()
        if not has_decoder:
            await page.add_init_script("delete window.VideoDecoder")
        await join(page, server.room(), "Ada")
        (state, *_) = await grace.saw(ControlReceived, lambda event: event.message["type"] == "state")
        assert state.message.get("keyframes") == (None if has_decoder else "intra")
