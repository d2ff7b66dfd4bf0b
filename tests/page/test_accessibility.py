"""The page for everybody: axe finds nothing serious, in light and dark; languages; every action has its key."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.page.test_page import CALL_TIMEOUT_MS, FAKE_DEVICES, chromium, join
from tests.server.running_server import Guest, RunningServer

pytestmark = pytest.mark.browser

_AXE = Path(__file__).parents[2] / "client_web/node_modules/axe-core/axe.min.js"
_PANELS = ("t", "p", "s", "d", "?")
_LANGUAGES = {
    "Deutsch": "Raum anlegen",
    "Español": "Crear una sala",
    "Français": "Créer une salle",
    "日本語": "部屋を作る",
}


async def violations(page: Page) -> list[str]:
    """Return what axe calls serious or critical in the page as it is."""
    await page.evaluate(_AXE.read_text())
    found = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {node['html'][:150]} ({node['failureSummary']})"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_serious(tmp_path: Path, theme: str) -> None:
    async with (
        RunningServer() as server,
        chromium(tmp_path, *FAKE_DEVICES) as browser,
        Guest(server.room(), "Grace"),
    ):
        page = await browser.new_page()
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        found: list[str] = []
        for path in ("/", "/demo", "/play", "/room/tea"):
            await page.goto(server.address + path)
            await expect(page.get_by_role("main")).to_be_visible()
            found += await violations(page)
        await join(page, server.room(), "Ada")
        await expect(page.get_by_role("article", name="Grace")).to_be_visible()
        found += await violations(page)
        for key in _PANELS:
            await page.keyboard.press(key)
            await expect(page.get_by_role("complementary")).to_be_visible()
            found += await violations(page)
            await page.keyboard.press("Escape")
        await page.keyboard.press("l")
        await expect(page.get_by_text("You left tea")).to_be_visible()
        found += await violations(page)
        assert found == []


async def test_the_page_speaks_the_chosen_language_and_remembers_it(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path) as browser:
        page = await browser.new_page()
        await page.goto(server.address)
        for name, create in _LANGUAGES.items():
            await page.locator("select").first.select_option(label=name)
            await expect(page.get_by_role("button", name=create)).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("button", name=_LANGUAGES["日本語"])).to_be_visible()
        assert await page.evaluate("document.documentElement.lang") == "ja"


async def test_the_connection_is_checked_before_joining(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        await page.goto(server.room())
        await page.get_by_role("button", name="Check my connection").click()
        await expect(page.get_by_text("Good: the server answered in")).to_be_visible(timeout=CALL_TIMEOUT_MS)


async def test_right_to_left_turns_the_page_around(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        await join(page, server.room(), "עדה")
        own = page.locator(".self.corner")
        before = await own.bounding_box()
        await page.evaluate("document.documentElement.dir = 'rtl'")
        after = await own.bounding_box()
        assert before is not None
        assert after is not None
        assert before["x"] > 450 > after["x"]
