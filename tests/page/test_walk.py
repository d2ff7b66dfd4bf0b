"""Every way through the page, on a desk and a telephone, light and dark: each stop is held up to axe and photographed.

`FACEWIRE_SCREENSHOTS=FOLDER` keeps the pictures, and walks in all four looks instead of one.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page, ViewportSize, expect

from server.bench.browser import write_camera
from tests.material import talking_clip
from tests.page.test_accessibility import violations
from tests.page.test_page import CALL_TIMEOUT_MS, DEVICES_DENIED, FAKE_DEVICES, becomes_true, chromium, in_call, join
from tests.renderer.stage import actors
from tests.server.running_server import Guest, RunningServer

pytestmark = pytest.mark.browser

_FOLDER = os.environ.get("FACEWIRE_SCREENSHOTS")
_SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 780},
}
_TWO_DEVICES = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=2")
_FACES_MS = 90_000
_STATE = {"type": "state", "muted": False, "camera": "off"}


@dataclass(frozen=True)
class Look:
    """How a walk looks at the page."""

    size: str
    theme: Literal["light", "dark"]

    def __str__(self) -> str:
        return f"{self.size}-{self.theme}"


_LOOKS = [Look("phone", "dark")]
if _FOLDER:
    _LOOKS += [Look("phone", "light"), Look("desktop", "dark"), Look("desktop", "light")]


@dataclass
class Walk:
    """One walk: keeps a picture of each stop, and what axe says of it."""

    look: Look
    folder: Path
    found: list[str] = field(default_factory=list)

    async def stop(self, page: Page, name: str) -> None:
        """Photograph the page as it is, and have axe look at it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=self.folder / f"{name}-{self.look}.png")
        self.found += [f"{name}: {violation}" for violation in await violations(page)]


@pytest.fixture(params=_LOOKS, ids=str)
async def walk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Walk]:
    """Walk in one look; axe must have found nothing serious at any stop."""
    walking = Walk(request.param, Path(_FOLDER or tmp_path / "screenshots"))
    yield walking
    assert walking.found == []


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a talking clip as the file that Chromium plays as a camera."""
    target = tmp_path_factory.mktemp("camera") / "camera.y4m"
    write_camera(talking_clip(), target, 352, 288)
    return target


@asynccontextmanager
async def walker(walk: Walk, profile: Path, *flags: str) -> AsyncIterator[Page]:
    """Open a browser's page that looks so, with these devices."""
    async with chromium(profile, *flags) as browser:
        page = await browser.new_page()
        await page.set_viewport_size(_SIZES[walk.look.size])
        await page.emulate_media(color_scheme=walk.look.theme, reduced_motion="reduce")
        yield page


def filmed(camera: Path) -> tuple[str, ...]:
    """Return the flags for a browser that films this file."""
    return (*_TWO_DEVICES[:1], "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}")


async def sees_faces(page: Page, count: int) -> None:
    """Wait until so many others are drawn, which takes long where all of them share a busy machine."""
    live = "window.facewire.statistics().remotes.filter(({ drawing }) => drawing?.state === 'live').length"
    await becomes_true(page, f"{live} >= {count}", _FACES_MS)


async def test_from_the_address_to_the_preview(walk: Walk, tmp_path: Path, camera: Path) -> None:
    async with RunningServer() as server, walker(walk, tmp_path, *filmed(camera)) as page:
        await page.goto(server.address)
        await expect(page.get_by_role("button", name="Create a room")).to_be_visible()
        await walk.stop(page, "home")
        await page.goto(f"{server.room()}?provider=wasm")
        await expect(page.get_by_text("Face tracked")).to_be_visible(timeout=2 * CALL_TIMEOUT_MS)
        await page.get_by_role("button", name="Check my connection").click()
        await expect(page.get_by_text("Good: the server answered in")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await walk.stop(page, "preview")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Join").click()
        await expect(page.get_by_label("Your name")).to_have_attribute("aria-invalid", "true")
        await walk.stop(page, "preview-name-missing")
        await page.get_by_label("Your name").fill("Ada")
        await page.get_by_role("button", name="Join").click()
        await in_call(page)
        await expect(page.get_by_text("Nobody else is here yet")).to_be_visible()
        await walk.stop(page, "alone")


async def test_devices_that_are_denied(walk: Walk, tmp_path: Path) -> None:
    async with RunningServer() as server, walker(walk, tmp_path, *DEVICES_DENIED) as page:
        await page.goto(f"{server.room()}?provider=wasm")
        await expect(page.get_by_text("Camera and microphone are blocked")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await walk.stop(page, "denied-preview")
        await join(page, server.room(), "Ada")
        await expect(page.get_by_role("button", name="No microphone")).to_be_disabled()
        await walk.stop(page, "denied-call")


async def test_no_devices_at_all(walk: Walk, tmp_path: Path) -> None:
    async with RunningServer() as server, walker(walk, tmp_path, "--use-fake-ui-for-media-stream") as page:
        await page.goto(f"{server.room()}?provider=wasm")
        await expect(page.get_by_text("No camera and no microphone found")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await walk.stop(page, "no-camera-preview")


async def test_a_call_of_two_and_all_that_one_can_do_in_it(walk: Walk, tmp_path: Path, camera: Path) -> None:
    async with (
        RunningServer() as server,
        actors(server, 1),
        walker(walk, tmp_path, *filmed(camera)) as page,
    ):
        await join(page, server.room(), "Ada")
        await sees_faces(page, 1)
        await walk.stop(page, "two")
        for key, name in (("t", "chat"), ("p", "people"), ("s", "status"), ("d", "devices"), ("?", "shortcuts")):
            await page.keyboard.press(key)
            await expect(page.get_by_role("complementary")).to_be_visible()
            if name == "chat":
                await page.get_by_label("Write to everybody").fill("Good morning! Do you see me?")
                await page.keyboard.press("Enter")
                await expect(page.get_by_label("Messages").get_by_text("Good morning")).to_be_visible()
            await walk.stop(page, f"two-{name}")
            await page.keyboard.press("Escape")
        await page.get_by_role("button", name="More").click()
        await walk.stop(page, "two-menu")
        await page.keyboard.press("Escape")
        await page.keyboard.press("m")
        await page.keyboard.press("h")
        await page.keyboard.press("1")
        await expect(page.get_by_role("button", name="Unmute")).to_be_visible()
        await expect(page.locator(".self .reaction")).to_be_visible()
        await walk.stop(page, "two-muted-hand-reaction")
        await page.keyboard.press("v")
        await expect(page.locator(".self")).to_have_attribute("data-camera", "off")
        await walk.stop(page, "two-camera-off")
        await page.keyboard.press("l")
        await expect(page.get_by_text("You left tea")).to_be_visible()
        await walk.stop(page, "left")


async def test_what_others_do_is_shown(walk: Walk, tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        walker(walk, tmp_path, *_TWO_DEVICES) as page,
        Guest(server.room(), "Grace", "none") as grace,
    ):
        await join(page, server.room(), "Ada")
        tile = page.get_by_role("article", name="Grace")
        grace.call.send_control(0, {**_STATE, "muted": True, "hand": True, "recording": True})
        grace.call.send_control(0, {"type": "chat", "text": "I shall be quiet for a while."})
        await expect(tile.get_by_role("img", name="Hand raised")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await expect(page.get_by_role("button", name="Chat (1)")).to_be_attached()
        await walk.stop(page, "others-marks")
        await page.keyboard.press("d")
        cameras = page.get_by_role("combobox", name="Camera")
        before = await cameras.input_value()
        await cameras.select_option(index=1)
        await expect(cameras).not_to_have_value(before)
        await walk.stop(page, "device-changed")


async def test_the_lobby_from_both_sides(walk: Walk, tmp_path: Path, camera: Path) -> None:
    async with (
        RunningServer() as server,
        walker(walk, tmp_path / "host", *filmed(camera)) as host,
        walker(walk, tmp_path / "guest", *filmed(camera)) as guest,
    ):
        await join(host, server.room(), "Ada")
        await host.keyboard.press("p")
        await host.get_by_label("Newcomers wait until I let them in").click()
        await expect(host.get_by_label("Newcomers wait until I let them in")).to_be_checked()
        await guest.goto(f"{server.room()}?name=Grace&autojoin=1&provider=wasm")
        await expect(guest.get_by_text("Waiting to be let in")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await walk.stop(guest, "lobby-waiting")
        await expect(host.get_by_role("button", name="Let in: Grace")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await walk.stop(host, "lobby-host-panel")
        await host.keyboard.press("Escape")
        await expect(host.get_by_role("button", name="Let in: Grace")).to_be_visible()
        await walk.stop(host, "lobby-knock")
        await host.get_by_role("button", name="Let in: Grace").click()
        await in_call(guest)
        await host.keyboard.press("p")
        await host.get_by_role("button", name="Remove Grace").click()
        await walk.stop(host, "lobby-really-remove")
        await host.get_by_role("button", name="Really remove?").click()
        await expect(guest.get_by_text("You were removed from the room")).to_be_visible()
        await walk.stop(guest, "removed")


async def test_a_lost_connection_and_a_reload(walk: Walk, tmp_path: Path, camera: Path) -> None:
    server = RunningServer()
    async with walker(walk, tmp_path, *filmed(camera)) as page:
        async with server, Guest(server.room(), "Grace"):
            await join(page, server.room(), "Ada")
            await expect(page.get_by_role("article", name="Grace")).to_be_visible()
            await page.reload()
            await in_call(page)
            await expect(page.get_by_role("article", name="Grace")).to_be_visible()
            await becomes_true(page, "window.facewire.statistics().tracking?.state === 'face'")
            await walk.stop(page, "reloaded")
        await expect(page.locator(".loss-banner")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await walk.stop(page, "lost")
        async with server:
            await expect(page.locator(".loss-banner")).to_be_hidden(timeout=2 * CALL_TIMEOUT_MS)
            await in_call(page)
            await walk.stop(page, "back")


async def test_five_people(walk: Walk, tmp_path: Path, camera: Path) -> None:
    async with (
        RunningServer() as server,
        actors(server, 4),
        walker(walk, tmp_path, *filmed(camera)) as page,
    ):
        await join(page, server.room(), "Ada")
        await sees_faces(page, 4)
        await walk.stop(page, "five-grid")
        await page.keyboard.press("g")
        await expect(page.locator(".tiles")).to_have_attribute("data-view", "speaker")
        await walk.stop(page, "five-speaker")
        await page.keyboard.press("p")
        await expect(page.get_by_role("complementary")).to_be_visible()
        await walk.stop(page, "five-people-panel")


async def test_a_shared_screen_from_both_sides(walk: Walk, tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        walker(walk, tmp_path / "sharer", *FAKE_DEVICES) as sharer,
        walker(walk, tmp_path / "viewer", *FAKE_DEVICES) as viewer,
    ):
        await join(sharer, server.room(), "Ada")
        await join(viewer, server.room(), "Grace")
        await sharer.keyboard.press("x")
        await expect(sharer.get_by_text("You are sharing your screen")).to_be_visible()
        await walk.stop(sharer, "screen-sharer")
        await expect(viewer.locator(".screen figcaption").get_by_text("changed")).to_be_visible(
            timeout=2 * CALL_TIMEOUT_MS
        )
        await walk.stop(viewer, "screen-viewer")
        await sharer.get_by_role("button", name="Stop sharing").first.click()
        await expect(viewer.locator(".screen")).to_be_hidden()


async def test_the_comparison_and_preparing(walk: Walk, tmp_path: Path, camera: Path) -> None:
    async with RunningServer() as server, walker(walk, tmp_path, *filmed(camera)) as page:
        await page.goto(f"{server.address}/prepare")
        await expect(page.get_by_text("This device is ready")).to_be_visible(timeout=2 * CALL_TIMEOUT_MS)
        await walk.stop(page, "prepare")
        await page.goto(f"{server.address}/demo?provider=wasm")
        await expect(page.get_by_role("button", name="Use the camera")).to_be_visible()
        await walk.stop(page, "demo-choice")
        await page.get_by_role("button", name="Use the camera").click()
        await expect(page.locator(".pane")).to_have_count(5, timeout=2 * CALL_TIMEOUT_MS)
        drawn = page.locator(".pane[data-name=facewire] .pane-fps")
        await expect(drawn).not_to_have_text("0 pictures/s", timeout=2 * CALL_TIMEOUT_MS)
        await walk.stop(page, "demo-running")
