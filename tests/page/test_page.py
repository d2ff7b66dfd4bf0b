"""What a person meets on the page: ways into a room, failures with their messages, and others coming and going."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from server.client.events import ParticipantCame, RoomNews
from server.protocol.room_messages import AnswerKnock, Knock, Remove, RequestMute, SetRoom
from server.rooms.tokens import Tokens
from server.settings import AccessSettings, Secret, Settings
from tests.server.running_server import Guest, RunningServer

pytestmark = pytest.mark.browser

#: A name that resolves to this machine but is not localhost: browsers call its http pages insecure.
INSECURE_HOST = "facewire.test"
VIEWPORT = {"width": 900, "height": 640}
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    f"--host-resolver-rules=MAP {INSECURE_HOST} 127.0.0.1",
)
#: Chromium's own test picture, in which there is no face.
FAKE_DEVICES = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
DEVICES_DENIED = ("--use-fake-ui-for-media-stream=deny", "--use-fake-device-for-media-stream")
CALL_TIMEOUT_MS = 20_000


@asynccontextmanager
async def chromium(profile: Path, *arguments: str) -> AsyncIterator[BrowserContext]:
    """Run Chromium with a fresh profile and these arguments besides `ARGUMENTS`."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path="/usr/bin/chromium",
            ignore_default_args=["--headless"],
            args=[*ARGUMENTS, *arguments],
            viewport=VIEWPORT,  # type: ignore[arg-type]
        )
        try:
            yield context
        finally:
            await context.close()


async def join(page: Page, room: str, name: str) -> None:
    """Open the room and be in the call."""
    await page.goto(f"{room}?name={name}&autojoin=1&provider=wasm")
    await in_call(page)


async def in_call(page: Page) -> None:
    await becomes_true(page, "window.facewire?.statistics().phase === 'in-call'")


async def becomes_true(page: Page, expression: str, within_ms: float = CALL_TIMEOUT_MS) -> None:
    """Wait for it inside the page: `wait_for_function` needs `eval`, which the page's policy forbids."""
    waiting = f"(async () => {{ while (!({expression})) await new Promise((go) => setTimeout(go, 100)); }})()"
    await asyncio.wait_for(page.evaluate(waiting), within_ms / 1000)


async def test_a_room_is_created_or_entered_by_name_or_link(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        await page.goto(server.address)
        await page.get_by_label("Or enter a room").fill("no/room")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("64 letters, digits")).to_be_visible()
        await page.get_by_label("Or enter a room").fill(f"{server.room('tea-time')}?name=x")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(server.room("tea-time"))
        await page.goto(server.address)
        await page.get_by_role("button", name="Create a room").click()
        await page.wait_for_url("**/room/*-*-*")


async def test_joining_asks_for_a_name_and_keeps_it(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        await page.goto(server.room())
        await expect(page.get_by_role("status")).to_have_text("No face in the picture", timeout=CALL_TIMEOUT_MS)
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Your name")).to_have_attribute("aria-invalid", "true")
        await page.get_by_label("Your name").fill("Ada")
        await page.keyboard.press("Enter")
        await in_call(page)
        await page.reload()
        await expect(page.get_by_label("Your name")).to_have_value("Ada")


async def test_two_people_see_each_other_come_mute_and_go(tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        chromium(tmp_path / "ada", *FAKE_DEVICES) as adas,
        chromium(tmp_path / "grace", *FAKE_DEVICES) as graces,
    ):
        ada, grace = await adas.new_page(), await graces.new_page()
        complaints: list[str] = []
        foreign: list[str] = []
        ada.on("pageerror", lambda error: complaints.append(str(error)))
        ada.on("console", lambda message: complaints.append(message.text))
        ada.on("request", lambda request: None if server.address in request.url else foreign.append(request.url))

        await join(ada, server.room(), "Ada")
        await expect(ada.get_by_text("Nobody else is here yet")).to_be_visible()
        await join(grace, server.room(), "Grace")
        tile = ada.get_by_role("article", name="Grace")
        await expect(tile).to_be_visible()
        await expect(ada.get_by_text("Grace joined")).to_be_visible()
        await expect(grace.get_by_role("article", name="Ada")).to_be_visible()
        await expect(tile.get_by_text("No face")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await expect(tile.get_by_text("muted", exact=True)).to_be_hidden()
        await becomes_true(ada, "!document.querySelector('audio').paused")

        await grace.keyboard.press("m")
        await grace.keyboard.press("v")
        await expect(tile.get_by_text("muted", exact=True)).to_be_attached()
        await expect(tile.locator(".muted-mark")).to_be_visible()
        await expect(tile.get_by_text("Camera off")).to_be_visible()
        await expect(ada.get_by_text("kbit/s")).to_have_text(
            re.compile(r"^up \d+ / down \d+ kbit/s$"), timeout=CALL_TIMEOUT_MS
        )

        await grace.keyboard.press("l")
        await expect(grace.get_by_text("You left tea")).to_be_visible()
        await expect(ada.get_by_text("Grace left")).to_be_visible()
        await expect(tile).to_be_hidden()
        assert [text for text in complaints if "Security Policy" in text or "Error" in text] == []
        assert [url for url in foreign if not url.startswith(("ws:", "blob:", "data:"))] == []


async def test_a_lost_server_is_announced_and_found_again(tmp_path: Path) -> None:
    async with chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        async with RunningServer() as server:
            await join(page, server.room(), "Ada")
        await expect(page.get_by_role("alert")).to_contain_text("Connection lost")
        await expect(page.get_by_role("alert")).to_contain_text("to reconnect")
        async with RunningServer(Settings(port=server.port)):
            await in_call(page)
            await expect(page.get_by_role("alert")).to_be_hidden()


async def test_a_full_room_says_so(tmp_path: Path) -> None:
    async with RunningServer(Settings(port=0, participants=1)) as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        await join(await browser.new_page(), server.room(), "Ada")
        page = await browser.new_page()
        await page.goto(f"{server.room()}?name=Grace&autojoin=1")
        await expect(page.get_by_text("This room is full")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await expect(page.get_by_role("link", name="Another room")).to_be_visible()


async def test_denied_devices_leave_watching_and_listening(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path, *DEVICES_DENIED) as browser:
        page = await browser.new_page()
        await page.goto(server.room())
        await expect(page.get_by_text("Camera and microphone are blocked")).to_be_visible()
        await expect(page.get_by_role("button", name="Try again")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await join(page, server.room(), "Ada")
        await expect(page.get_by_role("button", name="No microphone")).to_be_disabled()


async def test_an_insecure_address_names_the_way_out(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        await page.goto(server.room().replace("127.0.0.1", INSECURE_HOST))
        await expect(page.get_by_text("This address is not secure")).to_be_visible()
        await expect(page.get_by_text("facewire serve --tls self-signed")).to_be_visible()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("window.RTCPeerConnection", "This browser cannot join calls"),
        ("window.VideoFrame", "This browser cannot read camera frames"),
        ("Navigator.prototype.gpu", "Drawing with WASM"),
    ],
)
async def test_what_a_browser_lacks_is_said(tmp_path: Path, missing: str, message: str) -> None:
    async with RunningServer() as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        await page.add_init_script(f"delete {missing}")
        await page.goto(server.room())
        await expect(page.get_by_text(message)).to_be_visible(timeout=CALL_TIMEOUT_MS)


async def test_a_closed_browser_is_gone_for_the_others_within_seconds(tmp_path: Path) -> None:
    async with RunningServer() as server, chromium(tmp_path / "ada", *FAKE_DEVICES) as adas:
        ada = await adas.new_page()
        await join(ada, server.room(), "Ada")
        async with chromium(tmp_path / "grace", *FAKE_DEVICES) as graces:
            await join(await graces.new_page(), server.room(), "Grace")
            await expect(ada.get_by_role("article", name="Grace")).to_be_visible()
        await expect(ada.get_by_role("article", name="Grace")).to_be_hidden()


async def test_a_lobby_a_mute_request_and_a_removal_are_said(tmp_path: Path) -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        chromium(tmp_path, *FAKE_DEVICES) as browser,
    ):
        await ann.call.use_power(SetRoom(locked=False, lobby=True))
        page = await browser.new_page()
        await page.goto(f"{server.room()}?name=Grace&autojoin=1&provider=wasm")
        await expect(page.get_by_text("Waiting to be let in")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        knock = (await ann.saw(RoomNews, lambda event: isinstance(event.message, Knock)))[0].message
        assert isinstance(knock, Knock)
        assert knock.name == "Grace"
        await ann.call.use_power(AnswerKnock(knock.id, admit=True))
        await in_call(page)
        await expect(page.get_by_text("Waiting to be let in")).to_be_hidden()
        came = (await ann.saw(ParticipantCame))[0].participant
        await ann.call.use_power(RequestMute(came.id))
        await expect(page.get_by_text("The host has asked you to mute")).to_be_visible()
        await expect(page.get_by_role("button", name="Unmute")).to_be_visible()
        await ann.call.use_power(Remove(came.id))
        await expect(page.get_by_text("You were removed from the room")).to_be_visible()


async def test_a_server_for_the_invited_takes_the_token_from_the_link(tmp_path: Path) -> None:
    key = "3d1f0c7ab2e94856ac5d20f7719be5c4f08a6d33"
    settings = Settings(port=0, access=AccessSettings(anonymous=False, token_key=Secret(key)))
    async with RunningServer(settings) as server, chromium(tmp_path, *FAKE_DEVICES) as browser:
        page = await browser.new_page()
        await page.goto(f"{server.room()}?name=Ada&autojoin=1&provider=wasm")
        await expect(page.get_by_text("This server needs an invitation")).to_be_visible(timeout=CALL_TIMEOUT_MS)
        await page.goto("about:blank")
        token = Tokens(key).invite("tea", 60)
        await page.goto(f"{server.room()}?name=Ada&autojoin=1&provider=wasm#token={token}")
        await in_call(page)
        assert token not in await page.evaluate("document.body.innerText")
