"""What Prometheus is told (docs/operations.md lists it); no names of rooms or people."""

import asyncio
from collections.abc import Callable, Iterator

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from server.operations.traffic import Traffic

CONTENT_TYPE = CONTENT_TYPE_LATEST

_LAG_INTERVAL_S = 0.5
_JOIN_BUCKETS_S = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.5, 5.0, 10.0, 20.0)
_ROUND_TRIP_BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)
_LAG_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The figures of one server, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.traffic = Traffic()
        self._refusals = Counter(
            "facewire_refusals",
            "Requests, joins and sessions refused or ended, by error code",
            ["reason"],
            registry=registry,
        )
        self._returns = Counter(
            "facewire_returns",
            "Joins with a pass: back in their seat, or as somebody new",
            ["outcome"],
            registry=registry,
        )
        self._responses = Counter("facewire_http_responses", "HTTP answers, by status", ["status"], registry=registry)
        self.join_s = Histogram(
            "facewire_join_seconds",
            "From being let in to a WebRTC connection",
            buckets=_JOIN_BUCKETS_S,
            registry=registry,
        )
        self.round_trip_s = Histogram(
            "facewire_round_trip_seconds",
            "To a participant and back, as RTCP reports tell",
            buckets=_ROUND_TRIP_BUCKETS_S,
            registry=registry,
        )
        self._lag_s = Histogram(
            "facewire_event_loop_lag_seconds",
            "How late the event loop wakes a task",
            buckets=_LAG_BUCKETS_S,
            registry=registry,
        )
        registry.register(_TrafficCollector(self.traffic))
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

    def watch(self, name: str, documentation: str, value: Callable[[], float]) -> None:
        """Add a gauge that is read when it is asked for."""
        Gauge(name, documentation, registry=self._registry).set_function(value)

    def register(self, collector: Collector) -> None:
        """Add figures that somebody else collects."""
        self._registry.register(collector)

    def refuse(self, reason: str) -> None:
        """Count a refusal."""
        self._refusals.labels(reason).inc()

    def count_return(self, *, is_back: bool) -> None:
        """Count a join with a pass, and whether the pass counted."""
        self._returns.labels("back" if is_back else "new").inc()

    async def count_response(self, request: web.Request, response: web.StreamResponse) -> None:
        """Count an HTTP answer; handler for `on_response_prepare`."""
        self._responses.labels(str(response.status)).inc()

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return bytes(generate_latest(self._registry))

    async def measure_lag(self) -> None:
        """Measure the event loop's lag for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_INTERVAL_S
            await asyncio.sleep(_LAG_INTERVAL_S)
            self._lag_s.observe(max(0.0, loop.time() - due))


class _TrafficCollector(Collector):
    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def collect(self) -> Iterator[Metric]:
        """Yield the sums of the moment."""
        labels = ("direction", "purpose")
        for name, documentation, sums in (
            ("facewire_relay_messages", "Messages and packets of payload", self._traffic.messages),
            ("facewire_relay_bytes", "Bytes of payload, without headers", self._traffic.bytes),
        ):
            family = CounterMetricFamily(name, documentation, labels=labels)
            for key, total in sums.items():
                family.add_metric(key, total)
            yield family
        for name, documentation, counted in (
            (
                "facewire_voice_expected",
                "Voice packets on the last hop, as RTCP reports tell",
                self._traffic.voice_expected,
            ),
            ("facewire_voice_lost", "Those of them that did not arrive", self._traffic.voice_lost),
        ):
            family = CounterMetricFamily(name, documentation, labels=("direction",))
            for direction, total in counted.items():
                family.add_metric((direction,), total)
            yield family
        dropped = CounterMetricFamily("facewire_relay_dropped", "Payload not relayed, by why", labels=("reason",))
        for reason, total in self._traffic.dropped.items():
            dropped.add_metric((reason,), total)
        yield dropped
        requests = "Control messages that ask for a keyframe"
        yield CounterMetricFamily("facewire_keyframe_requests", requests, value=self._traffic.keyframe_requests)
