"""The service that the exemplary provider connects mailboxes of."""

from collections.abc import Iterator

import pytest

from peers.certificates import Authority
from testing.exemplary import PASSWORD
from testing.service import ANN, HOST, Service


@pytest.fixture(scope="session")
def service(authority: Authority) -> Iterator[Service]:
    """One service for the whole run."""
    with Service(authority.issue(HOST), {ANN: PASSWORD}) as service:
        yield service
