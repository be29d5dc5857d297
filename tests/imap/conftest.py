"""What the tests of this provider are given."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from imap.servers import Servers
from peers.certificates import Authority, Certificate


@pytest.fixture
def servers(authority: Authority, certificate: Certificate) -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(authority, certificate, stack)
