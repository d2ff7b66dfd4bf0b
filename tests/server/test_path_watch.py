"""When a path counts as dead, and what it costs to know: nothing while a call sends, a check a second while quiet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from aiortc import RTCPeerConnection

from server.webrtc import path_watch
from server.webrtc.path_watch import TICK_S, PathWatch


@dataclass
class Path:
    """A path without a network: what goes and comes is said, checks are counted."""

    is_alive: bool = True
    checks: int = 0
    changes: list[bool] = field(default_factory=list)
    received: Callable[[], None] = lambda: None
    sent: Callable[[], None] = lambda: None

    def connect(self, _: RTCPeerConnection, received: Callable[[], None], sent: Callable[[], None]) -> None:
        self.received, self.sent = received, sent

    def check(self, _: RTCPeerConnection) -> None:
        self.checks += 1
        if self.is_alive:
            self.received()


@pytest.fixture
async def path(monkeypatch: pytest.MonkeyPatch) -> Path:
    path = Path()
    monkeypatch.setattr(path_watch, "on_datagram", path.connect)
    monkeypatch.setattr(path_watch, "send_check", path.check)
    return path


@pytest.fixture
async def watch(path: Path) -> Iterator[PathWatch]:  # type: ignore[misc]
    watching = PathWatch(RTCPeerConnection(), path.changes.append, asks=True)
    yield watching
    watching.close()


def pass_time(watch: PathWatch, seconds: float) -> None:
    for _ in range(round(seconds / TICK_S)):
        watch.tick()


async def test_a_call_that_sends_needs_no_checks(path: Path, watch: PathWatch) -> None:
    for _ in range(100):
        path.received()
        path.sent()
        watch.tick()
    assert path.checks == 0


async def test_a_quiet_call_has_one_check_a_second(path: Path, watch: PathWatch) -> None:
    pass_time(watch, 60)
    assert 50 <= path.checks <= 60
    assert path.changes == []


async def test_who_only_receives_is_checked_too(path: Path, watch: PathWatch) -> None:
    for _ in range(240):
        path.sent()
        watch.tick()
    assert 50 <= path.checks <= 60
    assert path.changes == []


async def test_a_dead_path_is_noticed_within_3_s_and_its_return_at_once(path: Path, watch: PathWatch) -> None:
    path.received()
    path.is_alive = False
    pass_time(watch, 2.25)
    assert path.changes == []
    pass_time(watch, 0.75)
    assert path.changes == [True]
    path.received()
    assert path.changes == [True, False]
