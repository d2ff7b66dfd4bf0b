"""`make bench-recovery`: how fast a call comes back after another address, a restarted server and an outage.

Needs root, and two idle cores. `python -m tests.network.recovery_bench --tries 20 --json figures.json`
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from codec.bench.report import Report
from tests.interop.people import make_people
from tests.network.namespaces import Network, unavailable
from tests.network.recovery import NoRecoveryError, RecoveringCall, Recovery

if TYPE_CHECKING:
    from playwright.sync_api import Page

_FAULTS: dict[str, tuple[str, Callable[[RecoveringCall, "Page"], Recovery]]] = {
    "address": ("another address: since it changed", RecoveringCall.change_address),
    "restart": ("server restarted: since it answers again", RecoveringCall.restart_server),
    "outage": ("10 s without a packet: since the path is back", RecoveringCall.suffer_outage),
}


def main() -> None:
    """Try each fault so many times, print the table."""
    parser = argparse.ArgumentParser(description="How fast a call of a browser and a native peer comes back.")
    parser.add_argument("--tries", type=int, default=20, help="of each fault (default: %(default)s)")
    parser.add_argument("--faults", default=",".join(_FAULTS), help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    arguments = parser.parse_args()
    if reason := unavailable():
        parser.error(reason)
    names = arguments.faults.split(",")
    if unknown := sorted(set(names) - set(_FAULTS)):
        parser.error(f"no fault {', '.join(unknown)}: there are {', '.join(_FAULTS)}")
    columns = [
        "fault",
        "back",
        "median s",
        "slowest s",
        "noticed after, median s",
        "same participants",
        "keyframe bytes",
    ]
    table = Report(f"Seconds until the other's face moves again, {arguments.tries} tries of each", columns)
    with tempfile.TemporaryDirectory() as folder, Network() as network:
        call = RecoveringCall(network, make_people(Path(folder))["Ann"], Path(folder))
        with call.begin() as page:
            for name in names:
                _measure(name, call, page, arguments.tries, table)
    print(table.text())
    if arguments.json:
        table.write(arguments.json)


def _measure(name: str, call: RecoveringCall, page: "Page", tries: int, table: Report) -> None:
    title, suffer = _FAULTS[name]
    found: list[Recovery] = []
    for number in range(tries):
        try:
            found.append(suffer(call, page))
            print(f"{name} {number + 1}: {found[-1]}", flush=True)
        except NoRecoveryError as error:
            print(f"{name} {number + 1}: {error}"[:300], flush=True)
    if not found:
        table.add(title, f"0 of {tries}")
        return
    seconds = [recovery.seconds for recovery in found]
    noticed_s = median(recovery.noticed_s for recovery in found)
    same = sum(recovery.is_same for recovery in found)
    keyframe_bytes = median(recovery.keyframe_bytes for recovery in found)
    back = f"{len(found)} of {tries}"
    times = (f"{value:.2f}" for value in (median(seconds), max(seconds), noticed_s))
    table.add(title, back, *times, f"{same} of {len(found)}", f"{keyframe_bytes:.0f}")
    table.figures |= {
        f"{name}_tries": tries,
        f"{name}_back": len(found),
        f"{name}_median_s": round(median(seconds), 2),
        f"{name}_slowest_s": round(max(seconds), 2),
        f"{name}_noticed_s": round(noticed_s, 2),
        f"{name}_same": same,
        f"{name}_keyframe_bytes": round(keyframe_bytes),
    }


if __name__ == "__main__":
    main()
