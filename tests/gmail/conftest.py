"""What the tests of this provider are given."""

import pytest

from gmail.world import Host
from peers.oauth.worlds import GoogleWorld


@pytest.fixture
def host(google_world: GoogleWorld) -> Host:
    """Where a person of the company connects their mailbox."""
    return Host(google_world)
