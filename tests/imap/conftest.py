"""What the tests of this provider are given."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from imap.google_mail import ACCOUNTS, GoogleMail
from imap.servers import Servers
from imap.world import World
from peers.certificates import Authority, Certificate
from peers.oauth.google import GoogleAccounts
from peers.oauth.node import need_node


@pytest.fixture
def servers(authority: Authority, certificate: Certificate) -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(authority, certificate, stack)


@pytest.fixture(scope="session")
def google_accounts(authority: Authority) -> Iterator[GoogleAccounts]:
    """Google's accounts, for the people of `google_mail`."""
    need_node()
    with GoogleAccounts(authority, ACCOUNTS) as accounts:
        yield accounts


@pytest.fixture(scope="session")
def gmail_of_the_run(authority: Authority, google_accounts: GoogleAccounts) -> Iterator[GoogleMail]:
    """Gmail for the whole run."""
    with GoogleMail.running(authority, google_accounts) as mail:
        yield mail


@pytest.fixture
def mail(gmail_of_the_run: GoogleMail) -> GoogleMail:
    """Gmail, what was there before forgotten."""
    return gmail_of_the_run.reset()


@pytest.fixture
def world(mail: GoogleMail) -> World:
    """Ann, who has a mailbox at Gmail."""
    return mail.world()
