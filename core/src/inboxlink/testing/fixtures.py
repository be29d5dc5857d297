"""The peers as fixtures of pytest, each one line of use.

A `conftest.py` names them by `pytest_plugins = ["inboxlink.testing.fixtures"]`. All of one test are
in one world, which ends with the test.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inboxlink.testing.installation import Installation
from inboxlink.testing.peers.authorization import AuthorizationServer
from inboxlink.testing.peers.browser import Browser
from inboxlink.testing.peers.mail import MailServer
from inboxlink.testing.peers.world import World

__all__ = [
    "ALICE",
    "PASSWORD",
    "inboxlink_authorization",
    "inboxlink_browser",
    "inboxlink_installation",
    "inboxlink_mail",
    "inboxlink_world",
]

#: Whose mailbox the fixtures have.
ALICE = "alice@example.test"
#: With what passwords have.
PASSWORD = 'wörd " of \\ Alice'


@pytest.fixture
def inboxlink_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world without servers but for DNS; `web`, `mail` and `authorization` add one."""
    with World(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def inboxlink_mail(inboxlink_world: World) -> MailServer:
    """`imap.example.test:993` and `smtp.example.test:465`, with Alice's mailbox."""
    return inboxlink_world.mail({ALICE: PASSWORD})


@pytest.fixture
def inboxlink_authorization(inboxlink_world: World) -> AuthorizationServer:
    """`https://login.example.test`, where Alice signs in."""
    server = inboxlink_world.authorization()
    server.person.address = ALICE
    return server


@pytest.fixture
def inboxlink_browser(inboxlink_world: World) -> Browser:
    """Alice's browser."""
    return Browser(inboxlink_world)


@pytest.fixture
def inboxlink_installation(
    inboxlink_world: World, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """An installation in this world; ask for it after the servers, or configure it anew."""
    home: Path = tmp_path_factory.mktemp("home")
    home.chmod(0o700)
    return Installation(home, inboxlink_world)
