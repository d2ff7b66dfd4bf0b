"""`facewire load`: fill a server with real participants, and print what that does to them and to the server."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.bench.server_process import ServerProcess
from server.errors import ServerError
from server.load.measure import Load, put_load

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

#: What a server of one's own bears, so that its limits are not what is measured.
_UNLIMITED = (
    *("limits.sockets_per_minute", "limits.new_rooms_per_minute", "limits.room_joins_per_minute"),
    *("limits.open_sockets", "limits.open_sockets_of_address", "rooms"),
)
_EXAMPLES = """\
examples:
  facewire load --rooms 10 --people 4 --seconds 30
  facewire load --rooms 128 --people 4 --seconds 30 --processes 4 --json build/bench/load.json
"""


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "load",
        help="fill a server with participants and measure it",
        description="Fill a server with real participants that replay recorded motion and voice.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rooms", type=int, default=4, help="rooms (default: %(default)s)")
    parser.add_argument("--people", type=int, default=4, help="people in each (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of sending (default: %(default)g)")
    parser.add_argument("--processes", type=int, default=1, help="that the people share (default: %(default)s)")
    parser.add_argument("--url", help="the server, http(s)://HOST[:PORT] (default: one of its own)")
    parser.add_argument("--admin-token", help="opens that server's /metrics")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")


def run(arguments: argparse.Namespace) -> int:
    """Print the figures; returns 1 if somebody could not join. Raises `ServerError` if it cannot measure."""
    if arguments.rooms < 1 or not 1 <= arguments.people <= 255 or arguments.processes < 1 or not arguments.seconds > 0:
        raise ServerError("at least one room, one process, 1–255 people and some time are needed")
    load = Load(arguments.rooms, arguments.people, arguments.seconds, arguments.processes)
    if arguments.url:
        figures = put_load(arguments.url.rstrip("/"), load, arguments.admin_token)
    else:
        limits = [word for key in _UNLIMITED for word in ("--set", f"{key}=1000000")]
        with ServerProcess(
            "--set", "log.level=warning", "--set", f"participants={arguments.people}", *limits
        ) as server:
            figures = put_load(f"http://localhost:{server.port}", load)
    _print(figures)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if figures["join_failures"] else 0


def _print(figures: dict[str, Any]) -> None:
    def spread(name: str, unit: str) -> str:
        return ", ".join(f"{key} {value:.2f}" for key, value in figures[name].items()) + f" {unit}"

    print(f"people             {figures['people']}, {len(figures['join_failures'])} could not join")
    for reason in sorted(set(figures["join_failures"])):
        print(f"                   {figures['join_failures'].count(reason)} × {reason}")
    print(f"join               {spread('join_s', 's')}")
    print(
        f"bundles            {figures['bundles_sent']} sent, {100 * figures['delivered']:.2f} % of deliveries arrived"
    )
    print(f"latency            {spread('latency_ms', 'ms')}")
    print(f"streams            {figures['streams']}, {figures['server_streams_per_core']:.0f} a core")
    cpu, each = 100 * figures["server_cpu"], 100 * figures["server_cpu_per_person"]
    print(f"server             {cpu:.0f} % of a core, {each:.2f} % a person")
    print(f"                   {figures['server_mb_per_person']:.2f} MB a person")
    print(f"server's lag       mean {figures['server_lag_ms']:.2f} ms")
    print(f"people's lag       {spread('client_lag_ms', 'ms')}: a part of the latency")
    print(f"people's processes {', '.join(f'{100 * cpu:.0f} %' for cpu in figures['client_cpu'])} of a core")
