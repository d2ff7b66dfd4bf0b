"""A browser shows and plays a native peer together, on a good link and on one with jitter."""

from pathlib import Path

import pytest

from tests.network.lip_sync import measure
from tests.network.namespaces import Network
from tests.network.profiles import Profile

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(280)]

_SECONDS = 30.0
_MEDIAN_MS, _LARGEST_MS = 40, 80
_LINKS = {"good": Profile("a good link"), "jitter": Profile("jitter", rtt_ms=50, jitter_ms=50)}


@pytest.mark.parametrize("link", _LINKS)
def test_picture_and_sound_come_together(network: Network, tmp_path: Path, link: str) -> None:
    lips = measure(network, _LINKS[link], tmp_path, _SECONDS)
    print(f"{_LINKS[link].title}: {lips}")
    assert abs(lips.median_ms) <= _MEDIAN_MS
    assert lips.largest_ms <= _LARGEST_MS
