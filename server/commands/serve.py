"""`facewire serve`: run a server."""

import argparse
import asyncio
import errno
import gc
import logging
import os
import signal
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from server.application import SIGNALLING, make_application, make_runner
from server.cluster import open_cluster
from server.commands.companion_process import keep_running
from server.commands.demonstration_process import ROOM, join_command, room_path
from server.commands.findings import print_findings
from server.commands.renderer_process import KEY_VARIABLE, render_command, with_renderer_key
from server.encryption.link_secret import LinkSecret
from server.errors import ServerError
from server.operations.logs import configure_logging
from server.settings import Settings, is_loopback
from server.settings_sources import CONFIG_VARIABLE, load_settings, read_assignments
from server.signalling.endpoint import Signalling
from server.tls import lan_addresses, tls_context

if TYPE_CHECKING:
    # The class is generic to type checkers only.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

logger = logging.getLogger(__name__)

_ANY_ADDRESS = ("0.0.0.0", "::", "")
_EXAMPLES = """\
examples:
  facewire serve                                        this machine only, http://localhost:8080
  facewire serve --demonstration                        the same, with somebody to call already in the room
  facewire serve --host 0.0.0.0 --tls self-signed       other machines too (they must accept the certificate)
  facewire serve --host 0.0.0.0 --port 443 --tls /etc/tls/cert.pem,/etc/tls/key.pem
  facewire serve --config facewire.toml --check         say what could go wrong, and what to do

Settings come from the file, then the environment (FACEWIRE_…), then flags; docs/operations.md lists them.
Browsers give a page the camera only over https or on localhost; --tls is how other machines get https.
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "serve",
        help="run a server",
        description="Run a server: the pages, the rooms and the relay, in one process.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    defaults = Settings()
    parser.add_argument("--host", help=f"address to listen on; 0.0.0.0 for all (default: {defaults.host})")
    parser.add_argument("--port", type=int, help=f"TCP port; 0 for any free one (default: {defaults.port})")
    parser.add_argument(
        "--tls", metavar="self-signed|CERT,KEY", help="serve https, with a certificate made here or your own"
    )
    parser.add_argument("--bus", metavar="nats://HOST[,…]", help="be a node of the cluster that meets there")
    parser.add_argument("--public-url", metavar="ORIGIN", help="where people reach this node, for those of other nodes")
    parser.add_argument(
        "--demonstration", action="store_true", default=None, help=f"keep a recorded participant in the room {ROOM!r}"
    )
    parser.add_argument(
        "--renderer",
        action="store_true",
        default=None,
        help="draw faces here for browsers that cannot (needs the extra `face`, or `gpu`)",
    )
    parser.add_argument(
        "--voice-kbps",
        type=float,
        help=f"bitrate asked of everybody's Opus encoder, 6–64 kbit/s (default: {defaults.voice.kbps})",
    )
    parser.add_argument("--verbose", action="store_true", default=None, help="log what the protocol does")
    add_settings_arguments(parser)
    parser.add_argument(
        "--check", action="store_true", help="list what could go wrong with these settings, and what to do; then end"
    )


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names the sources of settings; for every command that reads them."""
    parser.add_argument(
        "--config", metavar="FILE.toml", type=Path, help=f"settings (default: the file {CONFIG_VARIABLE} names, if any)"
    )
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="one setting, like access.anonymous=false"
    )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the file, the environment and the flags make. Raises `SettingsError`."""
    named = os.environ.get(CONFIG_VARIABLE)
    file: Path | None = arguments.config or (Path(named) if named else None)
    flags = read_assignments(arguments.set)
    for name in ("host", "port", "tls", "public_url", "demonstration"):
        if getattr(arguments, name, None) is not None:
            flags[name] = getattr(arguments, name)
    if getattr(arguments, "voice_kbps", None) is not None:
        flags.setdefault("voice", {})["kbps"] = arguments.voice_kbps
    if getattr(arguments, "renderer", None):
        flags.setdefault("renderer", {})["embedded"] = True
    if getattr(arguments, "bus", None):
        flags.setdefault("bus", {})["servers"] = arguments.bus.split(",")
    if getattr(arguments, "verbose", None):
        flags.setdefault("log", {})["level"] = "debug"
    return load_settings(file, os.environ, flags, {"state_file": _state_file()})


def _state_file() -> str:
    """Return where a user's server keeps its state (`XDG_STATE_HOME`, else ~/.local/state); empty without a home."""
    try:
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    except RuntimeError:
        return ""
    return str(folder / "facewire/rooms.sqlite")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit status. Raises `ServerError` if it cannot start."""
    settings = with_renderer_key(settings_of(arguments))
    if arguments.check:
        # Here, so that a relay that only serves does not load what only looks.
        from server.commands.serve_check import check_server

        return print_findings(check_server(settings))
    configure_logging(settings.log)
    tls = tls_context(settings.tls) if settings.tls else None
    asyncio.run(_serve(settings, tls))
    return 0


async def _serve(settings: Settings, tls: ssl.SSLContext | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    application = make_application(settings, await open_cluster(settings))
    runner = make_runner(application, settings)
    await runner.setup()
    # What is there now stays: the garbage collector need not look through it, which takes 0.1 s and holds up everybody.
    gc.collect()
    gc.freeze()
    companions: list[asyncio.Task[None]] = []
    try:
        await _listen(runner, settings.host, settings.port, tls)
        port = runner.addresses[0][1]
        secret = LinkSecret.generate() if settings.demonstration else None
        _print_links(settings.host, port, tls is not None, room_path(secret) if secret else "/")
        if settings.demonstration or settings.renderer.embedded:
            if tls is not None or not (is_loopback(settings.host) or settings.host in _ANY_ADDRESS):
                # A way in for processes of this server's own that needs no trust in the certificate.
                await _listen(runner, "127.0.0.1", 0, None)
                port = runner.addresses[-1][1]
            companions += _start_companions(settings, f"http://127.0.0.1:{port}", secret)
        await stop.wait()
        if settings.drain_s:
            stop.clear()
            await _drain(application[SIGNALLING], settings.drain_s, stop)
    finally:
        for companion in companions:
            companion.cancel()
        await asyncio.gather(*companions, return_exceptions=True)
        await runner.cleanup()


def _start_companions(settings: Settings, url: str, secret: LinkSecret | None) -> list[asyncio.Task[None]]:
    """Start the processes that run beside a server at `url`; `secret` is the key of the demonstration room, if any."""
    companions = []
    if secret is not None:
        companions.append(keep_running("the demonstration participant", join_command(url, secret)))
    if settings.renderer.embedded and settings.renderer.key is not None:
        key = {KEY_VARIABLE: settings.renderer.key.reveal()}
        companions.append(keep_running("the renderer", render_command(url, settings.renderer), key))
    return [asyncio.create_task(companion) for companion in companions]


async def _drain(signalling: Signalling, most_s: float, stop: asyncio.Event) -> None:
    """Let nobody in, and calls go on until they end, the time is over, or `stop` is set."""
    logger.info("draining", extra={"most_s": most_s, "participants": signalling.rooms.participant_count})
    waiting = [asyncio.create_task(signalling.drain()), asyncio.create_task(stop.wait())]
    _, pending = await asyncio.wait(waiting, timeout=most_s, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


async def _listen(runner: web.AppRunner, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    try:
        await web.TCPSite(runner, host or None, port, ssl_context=tls).start()
    except OSError as error:
        why = "it is in use" if error.errno == errno.EADDRINUSE else error.strerror
        raise ServerError(f"cannot listen on {host} port {port}: {why}; choose another with --port") from error


def _print_links(host: str, port: int, secure: bool, path: str) -> None:
    scheme = "https" if secure else "http"
    anywhere = host in _ANY_ADDRESS
    local = "localhost" if anywhere or is_loopback(host) else host
    lines = [f"facewire is running: open {scheme}://{local}:{port}{path}"]
    if anywhere:
        lines += [f"  from other machines: {scheme}://{address}:{port}{path}" for address in lan_addresses()]
    if not secure and not is_loopback(host):
        lines.append("  browsers give a page the camera only over https or on localhost: add --tls self-signed")
    elif is_loopback(host):
        lines.append("  to let other machines in: --host 0.0.0.0 --tls self-signed")
    print("\n".join(lines), flush=True)
