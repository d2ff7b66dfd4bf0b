"""What a server costs as the load grows: one run for each number of streams, each on a new server."""

from collections.abc import Callable, Iterator

import numpy as np

from server.load.measure import Figures, Load

_COLUMNS: tuple[tuple[str, str, Callable[[Figures], float]], ...] = (
    ("streams", "{:7.0f}", lambda run: run["streams"]),
    ("people", "{:6.0f}", lambda run: run["people"]),
    ("CPU %", "{:5.1f}", lambda run: 100 * run["server_cpu"]),
    ("streams a core", "{:14.0f}", lambda run: run["server_streams_per_core"]),
    ("arrived %", "{:9.2f}", lambda run: 100 * run["delivered"]),
    ("p50 ms", "{:6.1f}", lambda run: run["latency_ms"].get("p50", 0.0)),
    ("p99 ms", "{:6.1f}", lambda run: run["latency_ms"].get("p99", 0.0)),
    ("memory MB", "{:9.1f}", lambda run: run["server_mb"]),
)


def loads(streams: list[int], people: int, seconds: float, processes: int) -> list[Load]:
    """Return loads of about so many streams each, in rooms of `people`."""
    of_room = people * (people - 1)
    return [Load(max(1, round(wanted / of_room)), people, seconds, processes) for wanted in streams]


def fit(runs: list[Figures]) -> Figures:
    """Return the straight lines through processor and memory, by least squares."""
    streams, people = [run["streams"] for run in runs], [run["people"] for run in runs]
    cpu_slope, cpu_base = np.polyfit(streams, [100 * run["server_cpu"] for run in runs], 1)
    mb_slope, mb_base = np.polyfit(people, [run["server_mb"] for run in runs], 1)
    return {
        "cpu_percent_a_stream": float(cpu_slope),
        "cpu_percent_base": float(cpu_base),
        "mb_a_person": float(mb_slope),
        "mb_base": float(mb_base),
    }


def table(run_all: Iterator[Figures], say: Callable[[str], None]) -> Figures:
    """Run and print a table line by line; returns the figures of all runs and the lines through them."""
    say("  ".join(name for name, _, _ in _COLUMNS))
    runs = []
    for run in run_all:
        runs.append(run)
        say("  ".join(form.format(value(run)) for _, form, value in _COLUMNS))
    lines = fit(runs)
    say(f"processor: {lines['cpu_percent_base']:.1f} % + {lines['cpu_percent_a_stream']:.3f} % of a core a stream")
    say(f"memory: {lines['mb_base']:.0f} MB + {lines['mb_a_person']:.2f} MB a person")
    return {"runs": runs, **lines}
