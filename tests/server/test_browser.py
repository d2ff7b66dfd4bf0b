"""The relay and a real Chromium without the client: the page has no rights, so its candidates are mDNS names."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
from playwright.async_api import Page, async_playwright

from server.bench.browser import chromium_path
from server.client.events import BundleReceived, KeyframeSliceReceived, ParticipantCame, VoiceReceived
from server.protocol.messages import Answer, Join, Joined, Offer, Voices, pack, parse_server_message
from tests.server.running_server import Guest, RunningServer

_FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
_TIMEOUT_S = 10

Message = TypeVar("Message")

pytestmark = pytest.mark.browser


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=_FLAGS, ignore_default_args=["--headless"]
        )
        page = await browser.new_page()
        await page.add_script_tag(path=Path(__file__).parent / "peer.js")
        yield page
        await browser.close()


class BrowserSignalling:
    """Carries the page's offers to the server, and the answers back."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, page: Page) -> None:
        self._socket = socket
        self._page = page

    async def join(self) -> int:
        await self._socket.send_bytes(pack(Join("Chromium", "none")))
        return (await self._next(Joined)).id

    async def negotiate(self, slots: int) -> tuple[str, dict[str, int | None]]:
        offer = await self._page.evaluate(f"offer({slots})")
        await self._socket.send_bytes(pack(Offer(offer)))
        answer = await self._next(Answer)
        await self._page.evaluate("answer => accept(answer)", answer.sdp)
        return offer, (await self._next(Voices)).slots

    async def _next(self, kind: type[Message]) -> Message:
        while True:
            message = parse_server_message(await self._socket.receive_bytes(timeout=_TIMEOUT_S))
            if isinstance(message, kind):
                return message


async def until_true(page: Page, expression: str) -> None:
    """Wait until an expression is true in the page."""
    await page.wait_for_function(expression, timeout=1000 * _TIMEOUT_S)


async def test_a_browser_with_mdns_candidates_only(page: Page) -> None:
    async with (
        RunningServer() as server,
        Guest(server.room(), "Ann") as ann,
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{server.room()}/signal") as socket,
    ):
        signalling = BrowserSignalling(socket, page)
        browser_id = await signalling.join()
        offer, slots = await signalling.negotiate(1)
        candidates = [line for line in offer.splitlines() if line.startswith("a=candidate:")]
        assert candidates
        assert all(".local " in line for line in candidates)
        assert slots == {"1": ann.id}
        await until_true(page, "Object.values(peer.channels).every((channel) => channel.readyState === 'open')")

        await page.evaluate("peer.channels.motion.send(new Uint8Array([7, 8, 9]))")
        await page.evaluate("peer.channels.keyframe.send(new Uint8Array([0, 1, 2]))")
        await ann.saw(BundleReceived, lambda event: event == BundleReceived(browser_id, bytes((7, 8, 9))))
        await ann.saw(KeyframeSliceReceived, lambda event: event.slice == bytes((1, 2)))
        ann.call.send_bundle(b"\x05")
        await until_true(page, f"peer.received.some(([label, bytes]) => label === 'motion' && bytes[0] === {ann.id})")

        heard = await ann.saw(VoiceReceived, count=10)
        assert {(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(heard)} == {60 * 48}
        assert sum(len(event.payload) for event in heard) / len(heard) < 80, "6 kbit/s at 60 ms is 45 bytes"

        async with Guest(server.room(), "Bob") as bob:
            await ann.saw(ParticipantCame, lambda event: event.participant.id == bob.id)
            _, slots = await signalling.negotiate(2)
            assert sorted(slots.values(), key=str) == [ann.id, bob.id]
            for event in heard:
                ann.call.send_voice(event.payload, 2880)
                bob.call.send_voice(event.payload, 2880)
                await asyncio.sleep(0.02)
            await until_true(page, "inboundPackets().then((n) => n.length === 2 && n.every((count) => count >= 10))")
