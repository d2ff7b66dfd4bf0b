"""`facewire render`: draw faces for browsers that cannot."""

import argparse
import asyncio
import contextlib
import logging
import platform
import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from server.commands.serve import add_settings_arguments, settings_of
from server.errors import ServerError
from server.operations.logs import configure_logging
from server.settings import LinkSettings, Settings, is_loopback
from server.tls import trust

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

logger = logging.getLogger(__name__)

_EXAMPLES = """\
examples:
  FACEWIRE_RENDERER_KEY=@/etc/facewire/renderer-key facewire render https://calls.example
  facewire render http://node-1:8080 http://node-2:8080 --set renderer.provider=cuda --set renderer.faces=200
  facewire serve --renderer                             a server that starts one for itself

The key is the server's renderer.key. A renderer may work for several servers; docs/rendering.md says more.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "render",
        help="draw faces for browsers that cannot",
        description="Register with servers, join rooms on demand, draw the faces there and send them as video.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("servers", nargs="+", metavar="SERVER", help="http(s)://HOST[:PORT]")
    parser.add_argument("--name", default=platform.node() or "renderer", help="in figures (default: %(default)s)")
    parser.add_argument(
        "--certificate", metavar="FILE.pem", type=Path, help="trust this certificate (a server with --tls self-signed)"
    )
    parser.add_argument(
        "--alive",
        metavar="FILE",
        type=Path,
        help="touch this file each second while a server has us, for health checks",
    )
    add_settings_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Render until SIGINT or SIGTERM; returns the exit status. Raises `ServerError` or `CodecError` if it cannot."""
    settings = settings_of(arguments)
    if settings.renderer.key is None:
        raise ServerError("no key: set FACEWIRE_RENDERER_KEY to the server's renderer.key (@FILE reads a file)")
    configure_logging(settings.log)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_render(arguments, settings))
    return 0


async def _render(arguments: argparse.Namespace, settings: Settings) -> None:
    # Here, so that `--help` needs no inference runtime.
    from codec.animator import Animator
    from server.renderer.registration import Registration

    animator = Animator(provider=settings.renderer.provider)
    print(f"drawing with {animator.name} on {animator.provider.upper()}", flush=True)
    tls, key = trust(arguments.certificate), settings.renderer.key
    assert key is not None
    registrations = [
        Registration(
            server.rstrip("/"), arguments.name, animator, settings.renderer, _link(server), tls, arguments.alive
        )
        for server in arguments.servers
    ]
    working = asyncio.gather(*(registration.run(key) for registration in registrations))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    await working


def _link(server: str) -> LinkSettings:
    """Return how viewers' connections are made: over 127.0.0.1 too where the server is on this machine."""
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ServerError(f"{server!r} is not a server: say it like https://calls.example or http://localhost:8080")
    return LinkSettings(loopback=is_loopback(parts.hostname))
