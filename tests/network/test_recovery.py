"""A call comes back by itself, with the same participants and without their keyframes being sent again."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.interop.people import make_people
from tests.network.namespaces import Network, unavailable
from tests.network.recovery import RecoveringCall, Recovery

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(240)]

#: One keyframe that was made meanwhile, and what it is predicted from; all in use would be several.
_FEW_BYTES = 6_000


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RecoveringCall, "Page"]]:
    if reason := unavailable():
        pytest.skip(reason)
    folder: Path = tmp_path_factory.mktemp("recovery")
    with Network() as network:
        recovering = RecoveringCall(network, make_people(folder)["Ann"], folder)
        with recovering.begin() as page:
            yield recovering, page


def check(recovery: Recovery, most_s: float) -> None:
    print(recovery)
    assert recovery.is_same
    assert recovery.seconds <= most_s
    assert recovery.keyframe_bytes < _FEW_BYTES


def test_another_address(call: tuple[RecoveringCall, "Page"]) -> None:
    recovering, page = call
    for _ in range(2):
        check(recovering.change_address(page), 10)


def test_an_outage(call: tuple[RecoveringCall, "Page"]) -> None:
    recovering, page = call
    recovery = recovering.suffer_outage(page)
    check(recovery, 5)
    assert recovery.noticed_s < 5


def test_a_restarted_server(call: tuple[RecoveringCall, "Page"]) -> None:
    recovering, page = call
    check(recovering.restart_server(page), 10)
