"""Cameras and microphones for the browsers: files made once for the whole run."""

from collections.abc import Iterator

import pytest

from server.bench.server_process import ServerProcess
from tests.interop.people import Person, make_people


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Person]:
    """Return two people: the clip in a package, and the demonstration participant; they speak different sentences."""
    return make_people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as running:
        yield running
