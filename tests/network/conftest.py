"""A network of namespaces for each test that asks for one."""

from collections.abc import Iterator

import pytest

from tests.network.namespaces import Network, unavailable


@pytest.fixture
def network() -> Iterator[Network]:
    if reason := unavailable():
        pytest.skip(reason)
    with Network() as made:
        yield made
