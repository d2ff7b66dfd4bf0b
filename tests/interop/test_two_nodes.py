"""Two browsers on two nodes of a cluster: they see each other, and go on by the other node when theirs is killed."""

from pathlib import Path
from time import monotonic

import pytest

from server.bench.browser import DRAWS_A_FACE, Browsers, wait_until
from tests.cluster.nats_server import NatsServer
from tests.cluster.nodes import Nodes
from tests.interop.people import Person

pytestmark = [pytest.mark.browser, pytest.mark.call, pytest.mark.timeout(180)]

_QUERY = "?name={}&autojoin=1&provider=wasm"
_NAMES = "window.facewire.statistics().remotes.map((r) => r.name).join()"
_BACK_S = 10.0


def test_browsers_on_two_nodes_see_each_other_and_outlive_a_node(people: dict[str, Person], tmp_path: Path) -> None:
    ann, bob = people["Ann"], people["Bob"]
    with NatsServer(tmp_path) as nats, Nodes(nats.url, nats.url) as nodes, Browsers(360, 270) as browsers:
        pages = [
            browsers.open(nodes.room(node, "pair") + _QUERY.format(person.name), person.camera, person.microphone)
            for node, person in enumerate((ann, bob))
        ]
        for page in pages:
            wait_until(page, DRAWS_A_FACE, "the other's face is drawn")
        nodes.kill(1)
        killed_at = monotonic()
        wait_until(pages[1], "window.facewire.statistics().phase === 'reconnecting'", "the page notices", 10)
        wait_until(pages[1], "window.facewire.statistics().phase === 'in-call'", "the page is back", 20)
        for page, other in zip(pages, (bob, ann), strict=True):
            wait_until(page, f"{_NAMES} === '{other.name}'", f"{other.name} is there", 20)
            wait_until(page, DRAWS_A_FACE, f"{other.name} is drawn again", 30)
        took_s = monotonic() - killed_at
        print(f"both drew each other again {took_s:.1f} s after the kill")
        assert took_s < _BACK_S
