"""Links that calls must survive, by name. The link is one person's; the other one's is good."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Loss:
    """Packets lost at random."""

    share: float = 0.0  #: of all packets
    burst: float = 0.0  #: packets that a loss takes with it on average; 0: each is lost or not by itself


@dataclass(frozen=True)
class Step:
    """The link has another rate from a moment on."""

    at_s: float  #: since the measurement began
    kbps: float


@dataclass(frozen=True)
class Outage:
    """For a while nothing passes in either direction."""

    at_s: float  #: since the measurement began
    seconds: float


@dataclass(frozen=True)
class Profile:
    """One link, the same in both directions."""

    title: str
    kbps: float | None = None  #: of IP packets, headers included; None: no limit
    queue_ms: float = 1000.0  #: what the queue in front of the link holds at most, at its rate
    rtt_ms: float = 0.0
    jitter_ms: float = 0.0  #: of the round trip, evenly spread on both sides; packets keep their order
    loss: Loss = Loss()
    steps: tuple[Step, ...] = ()
    outages: tuple[Outage, ...] = ()
    ceiling_kbps: int | None = None  #: what the call may use of it where that is not the usual


PROFILES = {
    "none": Profile("a good link"),
    "gprs": Profile("GPRS", kbps=24, rtt_ms=600, loss=Loss(0.02)),
    "edge": Profile("EDGE", kbps=60, rtt_ms=400, loss=Loss(0.02)),
    "satellite": Profile("satellite", kbps=64, rtt_ms=700, loss=Loss(0.01)),
    "wifi": Profile("bad Wi-Fi", kbps=1000, rtt_ms=50, jitter_ms=50, loss=Loss(0.10, burst=4)),
    "international": Profile("international", kbps=250, rtt_ms=250, jitter_ms=100, loss=Loss(0.10)),
    "loss20": Profile("20 % random loss", kbps=1000, rtt_ms=60, loss=Loss(0.20)),
    "loss30": Profile("30 % random loss", kbps=1000, rtt_ms=60, loss=Loss(0.30)),
    "outage10": Profile("an outage of 10 s", kbps=1000, rtt_ms=60, outages=(Outage(12, 10),)),
    "outages3": Profile(
        "outages of 3 s", kbps=1000, rtt_ms=60, outages=tuple(Outage(10 + 20 * index, 3) for index in range(3))
    ),
    "step": Profile(
        "200 kbit/s, then 20, then 200",
        kbps=200,
        rtt_ms=40,
        queue_ms=2000,
        steps=(Step(20, 20), Step(40, 200)),
        ceiling_kbps=100,
    ),
}
