"""`make bench-network`: calls of two browsers over bad links, facewire's beside the browser's own video.

Needs root. `python -m tests.network.bench --profiles gprs,loss30 --seconds 45 --html report.html --json figures.json`
"""

import argparse
import tempfile
from pathlib import Path

from codec.bench.report import Report
from tests.interop.people import make_people
from tests.network import report
from tests.network.calls import FACEWIRE, ORDINARY, Bench, CallResult
from tests.network.namespaces import Network, unavailable
from tests.network.profiles import PROFILES, Profile


def main() -> None:
    """Measure the profiles asked for, print the table, write the page."""
    parser = argparse.ArgumentParser(description="Calls of two browsers over bad links.")
    parser.add_argument("--profiles", default=",".join(PROFILES), help=f"of {', '.join(PROFILES)} (default: all)")
    parser.add_argument("--calls", default=f"{FACEWIRE},{ORDINARY}", help="(default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=50.0, help="of each call that are watched (default: %(default)s)"
    )
    parser.add_argument("--html", type=Path, default=Path("build/bench/network.html"), help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    arguments = parser.parse_args()
    if reason := unavailable():
        parser.error(reason)
    names = arguments.profiles.split(",")
    unknown = sorted(set(names) - set(PROFILES))
    if unknown:
        parser.error(f"no profile {', '.join(unknown)}: there are {', '.join(PROFILES)}")
    table = Report("Calls over bad links", ["profile", *report.COLUMNS])
    results: dict[str, tuple[Profile, list[CallResult]]] = {}
    with tempfile.TemporaryDirectory() as folder, Network() as network:
        bench = Bench(network, make_people(Path(folder)), Path(folder))
        for name in names:
            results[name] = PROFILES[name], []
            for kind in arguments.calls.split(","):
                result = bench.call(kind, PROFILES[name], arguments.seconds)
                results[name][1].append(result)
                for row in report.rows(result):
                    table.add(name, *row)
                    print(name, *row, sep=" | ", flush=True)
                table.figures |= _figures(f"{name}_{kind.split()[0]}", result)
                report.write(arguments.html, results, arguments.seconds)
    print(table.text())
    print(f"plots: {arguments.html}")
    if arguments.json:
        table.write(arguments.json)


def _figures(prefix: str, result: CallResult) -> dict[str, float | str | None]:
    """Return the worse direction's figures."""
    directions, link = result.directions.values(), result.link
    return {
        f"{prefix}_correlation": round(min(scores.correlation for scores in directions), 2),
        f"{prefix}_moving": round(min(scores.moving for scores in directions), 3),
        f"{prefix}_fps": round(min(scores.fps for scores in directions), 1),
        f"{prefix}_longest_freeze_s": round(max(scores.longest_freeze_s for scores in directions), 2),
        f"{prefix}_concealed": round(max(scores.concealed for scores in directions), 4),
        f"{prefix}_delay_ms": round(max(scores.delay_ms for scores in directions)),
        f"{prefix}_kbps": round(max(link.mean_kbps.values()), 1),
        f"{prefix}_queue_ms": round(max(link.longest_queue_ms.values())),
        **({f"{prefix}_settled_s": round(link.settled_s, 1)} if link.settled_s is not None else {}),
        **({f"{prefix}_back_s": round(max(result.back_s), 2)} if result.back_s else {}),
    }


if __name__ == "__main__":
    main()
