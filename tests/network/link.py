"""Makes one host's link what a profile says: rates by `tc tbf`, delay and loss by the shim, outages by the router."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from tests.network.namespaces import Host, Namespace, Network
from tests.network.profiles import Profile

_SHIM = Path(__file__).parent / "shim.py"
_FIRST_TABLE = 100
_BURST_BYTES = 1_600
_QUEUE_INTERVAL_S = 0.1


@dataclass(frozen=True)
class Packet:
    """One IP packet that came to the delayed part of the link."""

    time_s: float  #: Unix clock
    direction: str  #: `up` or `down`
    size: int  #: bytes, IP header included
    lost: bool


@dataclass(frozen=True)
class Queued:
    """How long a packet would have waited for the link's rate."""

    time_s: float  #: Unix clock
    up_ms: float
    down_ms: float


class Link:
    """The link of a network's `host` to the router, from `with` on; `begin` starts what the profile has in time."""

    def __init__(self, network: Network, host: Host, profile: Profile, log: Path) -> None:
        """Prepare; `log` is where the shim writes what passes."""
        self.queued: list[Queued] = []
        self._host = host
        self._router = network.router
        self._table = _FIRST_TABLE + network.hosts.index(host)
        self._profile = profile
        self._log = log
        self._device = f"shim-{host.label}"[:15]
        self._kbps = profile.kbps
        self._running = threading.Event()
        self._threads: list[threading.Thread] = []
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        self._divert()
        if self._profile.kbps is not None:
            self._limit(self._profile.kbps)
        self._running.set()
        self._start(self._watch_queues)
        return self

    def __exit__(self, *exception: object) -> None:
        self._running.clear()
        for thread in self._threads:
            thread.join()
        self._host.bring_up()
        self._cleanup.close()

    def begin(self) -> float:
        """Let the measurement begin now: steps and outages count from here. Returns the time of the Unix clock."""
        self._start(self._follow_profile)
        return time.time()

    def packets(self) -> list[Packet]:
        """Return what has passed so far."""
        lines = [line.split() for line in self._log.read_text().splitlines()]
        return [Packet(float(when), direction, int(size), lost == "1") for when, direction, size, lost in lines]

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="link", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _divert(self) -> None:
        """Route what comes from the host, or is meant for it, through the shim."""
        router, profile = self._router, self._profile
        subnet = self._host.address.rsplit(".", 1)[0] + ".0/24"
        router.ip("tuntap", "add", "dev", self._device, "mode", "tun")
        self._cleanup.callback(router.ip, "link", "delete", self._device)
        router.ip("link", "set", self._device, "up")
        router.ip("route", "replace", "default", "dev", self._device, "table", str(self._table))
        through_shim = (f"iif {self._host.label}", f"to {subnet}")
        rules = [(f"iif {self._device}", "main"), *((which, str(self._table)) for which in through_shim)]
        for position, (which, table) in enumerate(rules):
            rule = (*which.split(), "lookup", table, "priority", str(10 * self._table + position))
            router.ip("rule", "add", *rule)
            self._cleanup.callback(router.ip, "rule", "delete", *rule)
        # Half of the round trip each way.
        delay = f"{profile.rtt_ms / 2} {profile.jitter_ms / 2} {profile.loss.share} {profile.loss.burst}"
        shim = subprocess.Popen(
            router.command(sys.executable, str(_SHIM), self._device, subnet, *delay.split(), str(self._log))
        )
        self._cleanup.callback(shim.wait)
        self._cleanup.callback(shim.kill)

    def _limit(self, kbps: float) -> None:
        self._kbps = kbps
        limit_bytes = max(2 * _BURST_BYTES, round(kbps * self._profile.queue_ms / 8))
        for place, device in self._ends():
            place.run(
                # Rates are of IP packets: the Ethernet header, which is only here, does not count.
                *("tc", "qdisc", "replace", "dev", device, "root", "stab", "overhead", "-14", "linklayer", "ethernet"),
                *("tbf",),
                *("rate", f"{kbps}kbit", "burst", str(_BURST_BYTES), "limit", str(limit_bytes)),
            )

    def _ends(self) -> tuple[tuple[Namespace, str], tuple[Namespace, str]]:
        """Return where the queues stand, up and down."""
        return (self._host, "eth0"), (self._router, self._host.label)

    def _follow_profile(self) -> None:
        begin_s = time.monotonic()
        changes: list[tuple[float, Callable[[], None]]] = [
            (step.at_s, partial(self._limit, step.kbps)) for step in self._profile.steps
        ]
        for outage in self._profile.outages:
            changes += [(outage.at_s, self._host.take_down), (outage.at_s + outage.seconds, self._host.bring_up)]
        for at_s, change in sorted(changes, key=lambda found: found[0]):
            while self._running.is_set() and time.monotonic() < begin_s + at_s:
                time.sleep(0.02)
            if self._running.is_set():
                change()

    def _watch_queues(self) -> None:
        while self._running.is_set() and self._profile.kbps is not None:
            waits = [self._queued_ms(place, device) for place, device in self._ends()]
            self.queued.append(Queued(time.time(), *waits))
            time.sleep(_QUEUE_INTERVAL_S)

    def _queued_ms(self, place: Namespace, device: str) -> float:
        shown = place.run("tc", "-s", "qdisc", "show", "dev", device)
        backlog = shown.split("backlog ", 1)[1].split("b", 1)[0]
        return float(backlog.replace("K", "000")) * 8 / (self._kbps or 1)
