"""Single modules of the client in a real browser, without a server: what needs no page but a browser's own codecs."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page, Route

from tests.page.test_page import chromium

_CLIENT = Path(__file__).parents[2] / "client_web"
#: WebCodecs are only there in secure contexts; nothing listens here, every request is answered below.
_ADDRESS = "http://localhost:9"


def bundle(module: str, folder: Path) -> Path:
    """Return one JavaScript file with a module of `client_web/src` and all that it imports."""
    bundled = folder / "module.js"
    rolldown = _CLIENT / "node_modules/.bin/rolldown"
    subprocess.run([rolldown, _CLIENT / "src" / module, "--file", bundled], check=True, capture_output=True)
    return bundled


@asynccontextmanager
async def page_with(module: str, folder: Path) -> AsyncIterator[Page]:
    """Open an empty page whose scripts can `import('/module.js')`."""
    bundled = bundle(module, folder)

    async def answer(route: Route) -> None:
        if route.request.url.endswith(".js"):
            await route.fulfill(body=bundled.read_text(), content_type="text/javascript")
        else:
            await route.fulfill(body="<!doctype html>", content_type="text/html")

    async with chromium(folder / "profile") as browser:
        page = await browser.new_page()
        await page.route("**/*", answer)
        await page.goto(_ADDRESS)
        yield page


async def call(page: Page, script: str, argument: Any) -> Any:
    """Call a function of the module's exports and an argument, e.g. `({ decode }, x) => decode(x)`."""
    return await page.evaluate(f"async (argument) => ({script})(await import('/module.js'), argument)", argument)
