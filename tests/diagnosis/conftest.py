"""The peers whose failures are diagnosed."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from exchange.world import World as ExchangeWorld
from gmail.world import Host
from imap.servers import Servers
from peers.certificates import Authority, Certificate
from peers.oauth.worlds import GoogleWorld


@pytest.fixture
def servers(authority: Authority, certificate: Certificate) -> Iterator[Servers]:
    """A scripted server for each direction of mail."""
    with ExitStack() as stack:
        yield Servers(authority, certificate, stack)


@pytest.fixture
def exchange_world(authority: Authority) -> Iterator[ExchangeWorld]:
    """A company with an Exchange server."""
    with ExchangeWorld(authority) as world:
        yield world


@pytest.fixture
def google_host(google_world: GoogleWorld) -> Host:
    """Where somebody connects a mailbox at Google."""
    return Host(google_world)
