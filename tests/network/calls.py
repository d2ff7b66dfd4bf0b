"""Calls of two browsers over a link: facewire's, and the browser's own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from server.bench.server_process import ServerProcess
from tests.interop.faces import track_camera
from tests.interop.observing import observe
from tests.interop.people import Person
from tests.network.link import Link
from tests.network.machine import idle_share, processor_times
from tests.network.namespaces import Network
from tests.network.profiles import Profile
from tests.network.scores import LinkScores, Scores, Watched, back_after, score, score_link

if TYPE_CHECKING:
    from playwright.sync_api import Page

FACEWIRE, ORDINARY = "facewire", "ordinary video"
_ORDINARY_SCRIPT = (Path(__file__).parent / "ordinary.js").read_text()
_SETTLE_S = 8.0
_PORT = 8080


@dataclass(frozen=True)
class CallResult:
    """One call: what each direction was worth, and what the link carried."""

    kind: str
    directions: dict[str, Scores]  #: by who watches, like `Bob sees Ann`
    link: LinkScores
    back_s: list[float]  #: after each outage, until the slower picture moved again
    idle: float  #: share of the machine's time in which it had nothing to do
    statistics: list[dict[str, Any]]  #: what both pages said at the end


class Bench:
    """Two hosts and a server in one network; the first one's link is what a profile says."""

    def __init__(self, network: Network, people: dict[str, Person], folder: Path) -> None:
        self._network = network
        self._people = people
        self._folder = folder
        self._server_host = network.add_host("server")
        self._hosts = {name: network.add_host(name.lower()) for name in people}

    def call(self, kind: str, profile: Profile, seconds: float) -> CallResult:
        """Make a call of that kind, let it settle, watch it."""
        bad = next(iter(self._hosts.values()))
        with self._server() as server, Browsers(480, 400) as browsers:
            # Pages with their models have megabytes: they come, and the call begins, over a good link.
            pages = self._facewire(browsers, server, profile) if kind == FACEWIRE else self._ordinary(browsers, server)
            with Link(self._network, bad, profile, self._folder / "packets.log") as link:
                time.sleep(_SETTLE_S)
                watched = {page: page.evaluate("window.facewire.statistics().remotes[0].id") for page in pages.values()}
                begin_s, busy = link.begin(), processor_times()
                raws = dict(zip(pages, observe(watched, seconds), strict=True))
                idle = idle_share(busy, processor_times())
                statistics = [page.evaluate("window.facewire.statistics()") for page in pages.values()]
                packets, queued = link.packets(), link.queued
        directions = {
            f"{receiver} sees {sender}": Watched(
                track_camera(self._people[sender].camera, raws[sender]["camera"]),
                raws[receiver],
                self._people[sender].microphone,
            )
            for sender, receiver in (tuple(pages), tuple(pages)[::-1])
        }
        ends = [begin_s + outage.at_s + outage.seconds for outage in profile.outages]
        never = seconds
        return CallResult(
            kind,
            {name: score(found, begin_s) for name, found in directions.items()},
            score_link(profile, packets, queued, begin_s, begin_s + seconds),
            [max(back_after(found, end) or never for found in directions.values()) for end in ends],
            idle,
            statistics,
        )

    @contextmanager
    def _server(self) -> Iterator[ServerProcess]:
        host = self._server_host
        with ServerProcess(port=_PORT, host=host.address, within=host.command()) as server:
            yield server

    def _open(self, browsers: Browsers, server: ServerProcess, name: str, url: str) -> "Page":
        person, host = self._people[name], self._hosts[name]
        return browsers.open(
            url, person.camera, person.microphone, within=host.command(), trusted_origin=server.address
        )

    def _facewire(self, browsers: Browsers, server: ServerProcess, profile: Profile) -> dict[str, "Page"]:
        budget = f"&kbps={profile.ceiling_kbps}" if profile.ceiling_kbps else ""
        pages = {
            name: self._open(
                browsers, server, name, server.url("bench", f"?name={name}&autojoin=1&provider=wasm{budget}")
            )
            for name in self._hosts
        }
        for page in pages.values():
            wait_until(page, DRAWS_A_FACE, "the other's face is drawn", timeout_s=120)
        return pages

    def _ordinary(self, browsers: Browsers, server: ServerProcess) -> dict[str, "Page"]:
        pages = {name: self._open(browsers, server, name, f"{server.address}/healthz") for name in self._hosts}
        for page in pages.values():
            page.evaluate(_ORDINARY_SCRIPT)
            page.evaluate("window.ordinary.open()")
        calling, called = pages.values()
        calling.evaluate(
            "(sdp) => window.ordinary.accept(sdp)",
            called.evaluate("(sdp) => window.ordinary.answer(sdp)", calling.evaluate("window.ordinary.offer()")),
        )
        for page in pages.values():
            wait_until(page, "window.ordinary.state() === 'connected'", "the browsers are connected", timeout_s=120)
        return pages
