"""`facewire load`: fill a server with real participants, and print what that does to them and to the server."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.bench.server_process import ServerProcess
from server.errors import ServerError
from server.load.growth import loads, table
from server.load.measure import Figures, Load, put_load
from server.load.soak import MemorySlope

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
  facewire load --streams 50,100,200,400
  facewire load --rooms 6 --people 4 --seconds 1800 --soak
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
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--soak", action="store_true", help="also print how the server's memory grows meanwhile")
    kind.add_argument(
        "--streams",
        metavar="N,…",
        type=_numbers,
        help="instead of --rooms: a run on a new server for each number of streams, and the lines through them",
    )
    parser.add_argument("--url", help="the server, http(s)://HOST[:PORT] (default: one of its own)")
    parser.add_argument("--admin-token", help="opens that server's /metrics")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")


def run(arguments: argparse.Namespace) -> int:
    """Print the figures; returns 1 if somebody could not join. Raises `ServerError` if it cannot measure."""
    if arguments.rooms < 1 or not 1 <= arguments.people <= 255 or arguments.processes < 1 or not arguments.seconds > 0:
        raise ServerError("at least one room, one process, 1–255 people and some time are needed")
    if arguments.streams:
        if arguments.url:
            raise ServerError("--streams starts servers of its own: leave --url out")
        growing = loads(arguments.streams, arguments.people, arguments.seconds, arguments.processes)
        figures = table((_on_own_server(load) for load in growing), print)
        failures = [reason for run in figures["runs"] for reason in run["join_failures"]]
    else:
        load = Load(arguments.rooms, arguments.people, arguments.seconds, arguments.processes)
        memory = MemorySlope()
        if arguments.url:
            figures = put_load(arguments.url.rstrip("/"), load, arguments.admin_token, memory.watch)
        else:
            figures = _on_own_server(load, memory.watch)
        _print(figures)
        if arguments.soak:
            figures["soak"] = memory.report(figures["people"])
            _print_soak(figures["soak"])
        failures = figures["join_failures"]
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if failures else 0


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _on_own_server(load: Load, watch: Callable[[Figures], None] = lambda figures: None) -> Figures:
    limits = [word for key in _UNLIMITED for word in ("--set", f"{key}=1000000")]
    with ServerProcess("--set", "log.level=warning", "--set", f"participants={load.people}", *limits) as server:
        return put_load(f"http://localhost:{server.port}", load, watch=watch)


def _print_soak(soak: Figures) -> None:
    first, last = soak["mb"]
    print(
        f"memory's growth    {soak['kb_an_hour']:+.0f} kB an hour, {soak['kb_an_hour_and_person']:+.1f} kB a person, "
        f"over {soak['minutes']:.0f} minutes: {first:.1f} to {last:.1f} MB"
    )


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
