"""The renderers that have registered with this server, and the views they serve: placed once, on the least loaded."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.operations.metrics import Metrics
from server.protocol.view_messages import View, ViewFailed
from server.renderer.messages import EndView, Load, OfView, Register, Serve, ToRenderer
from server.rooms.room import Participant

logger = logging.getLogger(__name__)

#: What a room is taken to cost a renderer until its next report.
_ROOM_SHARE = 0.05


@dataclass(eq=False)
class Renderer:
    """A registered renderer, and how to reach it."""

    about: Register
    send: Callable[[ToRenderer], None]
    load: Load = field(default_factory=lambda: Load(0, 0.0))
    rooms_since_report: int = 0

    @property
    def share(self) -> float:
        """How loaded it is: 0 idle, 1 full; more is possible just after many rooms have been placed."""
        drawn = self.load.faces / self.about.most_faces
        return max(self.load.busy, self.load.gpu or 0.0, drawn) + _ROOM_SHARE * self.rooms_since_report

    def report(self, load: Load) -> None:
        """Take the renderer's report."""
        self.load = load
        self.rooms_since_report = 0


@dataclass(frozen=True, eq=False)
class _View:
    number: int
    viewer: Participant
    renderer: Renderer

    @property
    def room(self) -> str:
        return self.viewer.room.name


class Renderers:
    """Places views on renderers and hands messages to and fro. A room is rendered by one renderer for all who look."""

    def __init__(self, invite: Callable[[str], str], metrics: Metrics) -> None:
        """`invite` makes the join token with which a renderer enters a room."""
        self._invite = invite
        self._renderers: list[Renderer] = []
        self._views: dict[int, _View] = {}
        self._numbers = count(1)
        self.failures: Counter[str] = Counter()
        metrics.register(_RendererCollector(self))

    def add(self, renderer: Renderer) -> None:
        """Place views on this renderer from now on."""
        self._renderers.append(renderer)
        about = renderer.about
        logger.info("renderer registered", extra={"renderer": about.name, "provider": about.provider})

    def remove(self, renderer: Renderer) -> None:
        """Forget a renderer; its viewers are told, and may ask for another."""
        self._renderers.remove(renderer)
        logger.info("renderer gone", extra={"renderer": renderer.about.name})
        for view in [view for view in self._views.values() if view.renderer is renderer]:
            del self._views[view.number]
            self._fail(view.viewer, "renderer-lost", "the renderer has gone: try again")

    def view(self, viewer: Participant, request: View) -> None:
        """Have a participant served by a renderer, or say `view-failed`."""
        view = self._view_of(viewer) or self._place(viewer)
        if view is None:
            self._fail(viewer, "no-renderer", "no renderer is here, or all are full: use a browser that can decode")
            return
        view.renderer.send(Serve(view.number, viewer.id, view.room, self._invite(view.room), request))

    def end_view(self, viewer: Participant) -> None:
        """Stop a participant's view, if there is one."""
        view = self._view_of(viewer)
        if view is not None:
            del self._views[view.number]
            view.renderer.send(EndView(view.number))

    def hand_over(self, renderer: Renderer, message: OfView) -> None:
        """Tell a viewer what the renderer says; a view that has failed there is over."""
        view = self._views.get(message.view)
        if view is None or view.renderer is not renderer:
            return
        if isinstance(message.message, ViewFailed):
            del self._views[view.number]
            self._fail(view.viewer, message.message.code, message.message.message)
        else:
            view.viewer.tell(message.message)

    @property
    def view_count(self) -> int:
        """Views that are served."""
        return len(self._views)

    def all(self) -> list[Renderer]:
        """Return the renderers in the order in which they registered."""
        return list(self._renderers)

    def _view_of(self, viewer: Participant) -> _View | None:
        return next((view for view in self._views.values() if view.viewer is viewer), None)

    def _place(self, viewer: Participant) -> _View | None:
        same_room = (view.renderer for view in self._views.values() if view.room == viewer.room.name)
        renderer = next(same_room, None)
        if renderer is None:
            free = [candidate for candidate in self._renderers if candidate.load.faces < candidate.about.most_faces]
            renderer = min(free, key=lambda candidate: candidate.share, default=None)
            if renderer is None:
                return None
            renderer.rooms_since_report += 1
        view = _View(next(self._numbers), viewer, renderer)
        self._views[view.number] = view
        logger.info("view placed", extra=viewer.room.named(viewer) | {"renderer": renderer.about.name})
        return view

    def _fail(self, viewer: Participant, code: str, message: str) -> None:
        self.failures[code] += 1
        viewer.tell(ViewFailed(code, message))


class _RendererCollector(Collector):
    def __init__(self, renderers: Renderers) -> None:
        self._renderers = renderers

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of the moment."""
        yield GaugeMetricFamily("facewire_views", "Participants who see through a renderer", self._renderers.view_count)
        failures = CounterMetricFamily("facewire_view_failures", "Views that failed, by why", labels=["reason"])
        for reason, total in self._renderers.failures.items():
            failures.add_metric([reason], total)
        yield failures
        labels = ["renderer", "provider"]
        faces = GaugeMetricFamily("facewire_renderer_faces", "Faces that a renderer draws", labels=labels)
        busy = GaugeMetricFamily("facewire_renderer_busy_share", "Share of the time it draws, 0–1", labels=labels)
        gpu = GaugeMetricFamily("facewire_renderer_gpu_share", "Share of its GPU in use, 0–1", labels=labels)
        picture = GaugeMetricFamily(
            "facewire_renderer_picture_seconds", "What a picture takes, decoded, drawn and encoded", labels=labels
        )
        for renderer in self._renderers.all():
            names = [renderer.about.name, renderer.about.provider]
            faces.add_metric(names, renderer.load.faces)
            busy.add_metric(names, renderer.load.busy)
            if renderer.load.gpu is not None:
                gpu.add_metric(names, renderer.load.gpu)
            if renderer.load.picture_ms is not None:
                picture.add_metric(names, renderer.load.picture_ms / 1000)
        yield from (faces, busy, gpu, picture)
