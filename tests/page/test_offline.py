"""The installed page: what a device keeps, and what opens without a network."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.page.test_page import CALL_TIMEOUT_MS, FAKE_DEVICES, becomes_true, chromium
from tests.server.running_server import RunningServer

pytestmark = pytest.mark.browser


async def test_a_prepared_device_opens_without_the_server(tmp_path: Path) -> None:
    async with chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        async with RunningServer() as server:
            await page.goto(f"{server.address}/prepare")
            await becomes_true(page, "navigator.serviceWorker.controller !== null")
            await page.reload()
            await expect(page.get_by_text("This device is ready")).to_be_visible(timeout=2 * CALL_TIMEOUT_MS)
            manifest = await page.evaluate("fetch('/manifest.webmanifest').then((answer) => answer.json())")
            assert manifest["display"] == "standalone"
            for icon in manifest["icons"]:
                assert (await page.request.get(server.address + icon["src"])).ok
        await page.goto(f"{server.address}/demo")
        await page.get_by_role("button", name="Use the shipped clip").click(timeout=CALL_TIMEOUT_MS)
        await expect(page.locator(".pane")).to_have_count(5, timeout=CALL_TIMEOUT_MS)
        await page.goto(server.address)
        await expect(page.get_by_role("heading", name=re.compile("facewire"))).to_be_visible()
