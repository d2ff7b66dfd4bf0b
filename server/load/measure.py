"""Puts load on a server and measures what it does to people and to the machine."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from server.errors import ServerError

Figures = dict[str, Any]

_WATCH_S = 10.0


@dataclass(frozen=True)
class Load:
    """How much."""

    rooms: int
    people: int
    """In each room."""
    seconds: float
    processes: int = 1
    """In how many processes the people are."""


def put_load(
    url: str, load: Load, admin_token: str | None = None, watch: Callable[[Figures], None] = lambda figures: None
) -> Figures:
    """Return the figures of a server at `url` under load; `watch` is shown the server's own now and then.

    Raises `ServerError` if it cannot be measured.
    """
    before = server_figures(url, admin_token)
    rooms = [f"load-{number}" for number in range(load.rooms)]
    shares = [share for first in range(load.processes) if (share := rooms[first :: load.processes])]
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(url, load, share)) for share in shares]
        # On the way out they end before they are waited for.
        for worker in workers:
            stack.callback(worker.kill)
        joined = [_answer(worker) for worker in workers]
        full, began = server_figures(url, admin_token), monotonic()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        while monotonic() - began < load.seconds:
            watch(server_figures(url, admin_token))
            sleep(min(_WATCH_S, max(0.0, load.seconds - (monotonic() - began))))
        after, took_s = server_figures(url, admin_token), monotonic() - began
        worked = [_answer(worker) for worker in workers]
        for worker in workers:
            worker.wait(timeout=60)
    return _report(load, joined, worked, (before, full, after), took_s)


def _worker(url: str, load: Load, rooms: list[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "server.load.worker", url, str(load.people), str(load.seconds), *rooms]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _report(
    load: Load, joined: list[Figures], worked: list[Figures], server: tuple[Figures, Figures, Figures], took_s: float
) -> Figures:
    before, full, after = server
    people = sum(len(worker["join_s"]) for worker in joined)
    latencies = [ms for worker in worked for ms in worker["latencies_ms"]]
    expected = sum(worker["expected"] for worker in worked)
    cpu = (after["process_cpu_seconds_total"] - full["process_cpu_seconds_total"]) / took_s
    memory = full["process_resident_memory_bytes"] - before["process_resident_memory_bytes"]
    streams = people * (load.people - 1)
    return {
        "people": people,
        "streams": streams,
        "join_failures": [reason for worker in joined for reason in worker["failures"]],
        "join_s": _percentiles([s for worker in joined for s in worker["join_s"]]),
        "bundles_sent": sum(worker["sent"] for worker in worked),
        "delivered": len(latencies) / expected if expected else 0.0,
        "latency_ms": _percentiles(latencies),
        "server_cpu": cpu,
        "server_cpu_per_person": cpu / people if people else 0.0,
        "server_streams_per_core": streams / cpu if cpu else 0.0,
        "server_mb": full["process_resident_memory_bytes"] / 1e6,
        "server_mb_per_person": memory / 1e6 / people if people else 0.0,
        "server_lag_ms": 1000 * _mean(full, after, "facewire_event_loop_lag_seconds"),
        "client_lag_ms": _percentiles([ms for worker in worked for ms in worker["lags_ms"]]),
        "client_cpu": [worker["cpu"] for worker in worked],
    }


def _mean(before: Figures, after: Figures, histogram: str) -> float:
    """Return the mean of what a histogram has taken in between."""
    count = after[f"{histogram}_count"] - before[f"{histogram}_count"]
    return float((after[f"{histogram}_sum"] - before[f"{histogram}_sum"]) / count) if count else 0.0


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {name: float(np.percentile(values, q)) for name, q in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))}


def _answer(worker: "subprocess.Popen[str]") -> Figures:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise ServerError(f"a process of participants ended with status {worker.wait()}")
    figures: Figures = json.loads(line)
    return figures


def server_figures(url: str, admin_token: str | None = None) -> Figures:
    """Return what a server tells Prometheus, without what has labels. Raises `ServerError`."""
    headers = {"Authorization": f"Bearer {admin_token}"} if admin_token else {}
    try:
        with urlopen(Request(f"{url}/metrics", headers=headers), timeout=10) as response:
            text = response.read().decode()
    except (URLError, OSError) as error:
        raise ServerError(f"cannot read {url}/metrics: {error}; on another machine it needs --admin-token") from error
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }
