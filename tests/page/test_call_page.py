"""What people do in a call: host it, write, raise a hand, change devices, come back; and five of them at once."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from server.client.events import ControlReceived
from server.webrtc.channels import EVERYBODY
from tests.page.test_page import CALL_TIMEOUT_MS, FAKE_DEVICES, becomes_true, chromium, in_call, join
from tests.server.running_server import Guest, RunningServer

pytestmark = pytest.mark.browser

TWO_CAMERAS = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=2")
_STATE = {"type": "state", "muted": False, "camera": "on"}


async def test_a_host_opens_the_door_asks_to_mute_removes_and_ends(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        ada, grace = await browser.new_page(), await browser.new_page()
        await join(ada, server.room(), "Ada")
        await ada.keyboard.press("p")
        await ada.get_by_label("Newcomers wait until I let them in").click()
        await expect(ada.get_by_label("Newcomers wait until I let them in")).to_be_checked()

        await grace.goto(f"{server.room()}?name=Grace&autojoin=1&provider=wasm")
        await expect(grace.get_by_text("Waiting to be let in")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await ada.get_by_role("button", name="Let in: Grace").click(timeout=CALL_TIMEOUT_MS)
        await in_call(grace)
        await expect(ada.get_by_text("wants to come in")).to_be_hidden()
        await grace.keyboard.press("p")
        await expect(grace.get_by_text("Newcomers wait until the host lets them in")).to_be_visible()

        await ada.get_by_role("button", name="Ask to mute: Grace").click()
        await expect(grace.get_by_role("button", name="Unmute")).to_be_visible()
        await ada.get_by_role("button", name="Remove Grace").click()
        await ada.get_by_role("button", name="Really remove?").click()
        await expect(grace.get_by_text("You were removed from the room")).to_be_visible()

        await ada.get_by_label("Nobody new comes in").click()
        await expect(ada.get_by_role("img", name="The room is locked")).to_be_visible()
        await ada.get_by_role("button", name="End the call for everybody").click()
        await ada.get_by_role("button", name="Really end it for everybody?").click()
        await expect(ada.get_by_text("The call has ended")).to_be_visible()


async def test_chat_hands_and_reactions_go_both_ways(tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        chromium(tmp_path, *FAKE_DEVICES) as browser,
        Guest(server.room(), "Grace") as grace,
    ):
        ada = await browser.new_page()
        await join(ada, server.room(), "Ada")
        await grace.saw(ControlReceived, lambda event: event.message["type"] == "state")
        tile = ada.get_by_role("article", name="Grace")

        grace.call.send_control(EVERYBODY, {"type": "chat", "text": "<b>שלום</b>"})
        await expect(ada.get_by_role("button", name="Chat (1)")).to_be_visible()
        await ada.keyboard.press("t")
        await expect(ada.get_by_label("Messages").get_by_text("<b>שלום</b>")).to_be_visible()
        await ada.get_by_label("Write to everybody").fill("hello, M and L are only letters here")
        await ada.keyboard.press("Enter")
        await grace.saw(ControlReceived, lambda event: str(event.message.get("text", "")).startswith("hello"))
        await ada.keyboard.press("Escape")

        grace.call.send_control(EVERYBODY, {**_STATE, "hand": True, "recording": True})
        await expect(tile.get_by_role("img", name="Hand raised")).to_be_visible()
        await expect(tile.get_by_role("img", name="Records this call")).to_be_visible()
        grace.call.send_control(EVERYBODY, {"type": "reaction", "emoji": "🎉"})
        await expect(tile.get_by_text("🎉")).to_be_visible()
        await ada.keyboard.press("h")
        await grace.saw(ControlReceived, lambda event: event.message.get("hand") is True)
        await ada.keyboard.press("2")
        await grace.saw(ControlReceived, lambda event: event.message.get("emoji") == "👏")


async def test_a_reload_returns_to_the_call_as_muted_as_before(tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        chromium(tmp_path, *FAKE_DEVICES) as browser,
        Guest(server.room(), "Grace") as grace,
    ):
        ada = await browser.new_page()
        await ada.goto(f"{server.room()}?provider=wasm")
        await ada.get_by_label("Your name").fill("Ada")
        await ada.get_by_role("button", name="Join").click()
        await in_call(ada)
        await ada.keyboard.press("m")
        await grace.saw(ControlReceived, lambda event: event.message.get("muted") is True)
        await ada.reload()
        await in_call(ada)
        await expect(ada.get_by_role("article", name="Grace")).to_be_visible()
        await expect(ada.get_by_role("button", name="Unmute")).to_be_visible()
        await ada.get_by_role("button", name="Leave").click()
        await expect(ada.get_by_text("You left tea")).to_be_visible()
        await ada.reload()
        await expect(ada.get_by_label("Your name")).to_have_value("Ada")


async def test_another_camera_may_be_chosen_during_the_call_and_space_talks(tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        chromium(tmp_path, *TWO_CAMERAS) as browser,
        Guest(server.room(), "Grace") as grace,
    ):
        ada = await browser.new_page()
        await join(ada, server.room(), "Ada")
        await ada.keyboard.press("d")
        cameras = ada.get_by_role("combobox", name="Camera")
        before = await cameras.input_value()
        await cameras.select_option(index=1)
        await expect(cameras).not_to_have_value(before)
        await becomes_true(ada, "window.facewire.statistics().tracking?.state === 'no-face'")

        await ada.keyboard.press("Escape")
        await ada.keyboard.press("m")
        await grace.saw(ControlReceived, lambda event: event.message.get("muted") is True)
        await ada.locator("main").focus()
        await ada.keyboard.down("Space")
        await expect(ada.get_by_role("button", name="Mute", exact=True)).to_be_visible()
        await ada.keyboard.up("Space")
        await expect(ada.get_by_role("button", name="Unmute")).to_be_visible()


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 390, "height": 780}])
async def test_five_people_share_the_page(tmp_path: Path, size: dict[str, int]) -> None:
    names = ("Grace", "Hedy", "Emmy", "Lise")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(RunningServer())
        browser = await stack.enter_async_context(chromium(tmp_path, *FAKE_DEVICES))
        for name in names:
            await stack.enter_async_context(Guest(server.room(), name))
        page = await browser.new_page()
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await join(page, server.room(), "Ada")
        for name in names:
            await expect(page.get_by_role("article", name=name)).to_be_visible()
        boxes = await _settled_tiles(page)
        assert len(boxes) == len(names) + 1
        assert len({round(box["width"]) for box in boxes}) == 1
        await page.get_by_role("article", name="Emmy").dblclick()
        await expect(page.get_by_role("button", name="Show Emmy large")).to_have_attribute("aria-pressed", "true")
        large = sorted(box["width"] for box in await _settled_tiles(page))
        assert large[-1] > 2 * large[-2]


async def _settled_tiles(page: Page) -> list[dict[str, float]]:
    """Return the tiles' boxes after they have moved to their places; none overlaps another."""
    await page.wait_for_timeout(600)
    boxes: list[dict[str, float]] = await page.evaluate(
        "[...document.querySelectorAll('.tile')].map((tile) => {"
        " const { left, top, width, height } = tile.getBoundingClientRect(); return { left, top, width, height }; })"
    )
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            beside = one["left"] + one["width"] <= other["left"] or other["left"] + other["width"] <= one["left"]
            above = one["top"] + one["height"] <= other["top"] or other["top"] + other["height"] <= one["top"]
            assert beside or above, (one, other)
    return boxes
