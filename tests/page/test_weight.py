"""The built page stays light: what is fetched before anybody has pressed Join, as it travels."""

from pathlib import Path
from typing import Literal

import pytest

from server.bench.client_weight import first_visit, page_files
from server.settings import Settings

#: Bytes, compressed as the server sends them.
PAGE_LIMIT = 300_000
FIRST_VISIT_LIMIT = 12_000_000


@pytest.fixture
def client() -> Path:
    return Settings().client_folder


def test_the_page_is_light_before_joining(client: Path) -> None:
    weights = page_files(client)
    assert {path.suffix for path in weights} >= {".html", ".css", ".js"}
    assert sum(weights.values()) <= PAGE_LIMIT


@pytest.mark.parametrize("provider", ["wasm", "webgpu"])
def test_the_first_visit_is_bounded(client: Path, provider: Literal["wasm", "webgpu"]) -> None:
    assert sum(first_visit(client, provider).values()) <= FIRST_VISIT_LIMIT
