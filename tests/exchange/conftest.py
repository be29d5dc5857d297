"""What the tests of this provider are given."""

from collections.abc import Iterator

import pytest

from exchange.world import World
from peers.certificates import Authority


@pytest.fixture
def world(authority: Authority) -> Iterator[World]:
    """Ann, her company's Exchange server, and DNS."""
    with World(authority) as world:
        yield world
