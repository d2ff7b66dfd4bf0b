"""`facewire demo`: facewire beside ordinary codecs at the same bitrate, in a browser of this machine."""

import argparse
import asyncio
import signal
import webbrowser
from typing import TYPE_CHECKING

from aiohttp import web

from server.application import make_application, make_runner
from server.cluster import open_cluster
from server.errors import ServerError
from server.operations.logs import configure_logging
from server.settings import LogSettings, Settings

if TYPE_CHECKING:
    # The class is generic to type checkers only.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_HOST = "127.0.0.1"


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "demo",
        help="show facewire beside ordinary video, on this machine alone",
        description="Open a page that codes one camera with facewire, AV1, VP9 and H.264 at the same bitrate. "
        "It needs no network and nobody else; without a camera it shows a recording.",
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: any free one)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until SIGINT or SIGTERM; returns the exit status. Raises `ServerError` if it cannot start."""
    configure_logging(LogSettings())
    asyncio.run(_show(Settings(host=_HOST, port=arguments.port), opens_browser=not arguments.no_browser))
    return 0


async def _show(settings: Settings, *, opens_browser: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = make_runner(make_application(settings, await open_cluster(settings)), settings)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, _HOST, settings.port).start()
        except OSError as error:
            raise ServerError(f"cannot listen on port {settings.port}: {error.strerror}; choose another") from error
        address = f"http://localhost:{runner.addresses[0][1]}/demo"
        print(f"facewire beside ordinary video: {address}", flush=True)
        if opens_browser and not webbrowser.open(address):
            print("  no browser was found here: open that address in one", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
