"""The comparison with ordinary codecs: every pane shows its true rate, and all get the bits that were asked for."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.page.test_page import CALL_TIMEOUT_MS, DEVICES_DENIED, chromium
from tests.server.running_server import RunningServer

pytestmark = pytest.mark.browser


async def test_the_shipped_clip_is_compared_where_there_is_no_camera(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path, *DEVICES_DENIED) as browser:
        page = await browser.new_page()
        await page.goto(f"{server.address}/demo?provider=wasm")
        await page.get_by_role("button", name="Use the camera").click()
        await expect(page.get_by_text("There is no camera to be had")).to_be_visible()
        await page.get_by_role("button", name="Use the shipped clip").click()
        await expect(page.locator(".pane")).to_have_count(5, timeout=CALL_TIMEOUT_MS)
        await page.get_by_role("slider").fill("20")
        await page.wait_for_timeout(12_000)
        rates = {
            await pane.get_attribute("data-name"): float((await pane.locator(".pane-rate").inner_text()).split()[0])
            for pane in await page.locator(".pane:has(.pane-rate)").all()
        }
        assert set(rates) == {"facewire", "AV1", "VP9", "H.264"}
        assert rates["facewire"] > 0
        assert 10 < rates["AV1"] < 24
        await expect(page.locator(".pane[data-name=facewire]").get_by_text("rendered")).to_be_visible()
