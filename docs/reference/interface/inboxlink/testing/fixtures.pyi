from collections.abc import Iterator
from pathlib import Path
import pytest
from inboxlink.testing.installation import Installation
from inboxlink.testing.peers.authorization import AuthorizationServer
from inboxlink.testing.peers.browser import Browser
from inboxlink.testing.peers.mail import MailServer
from inboxlink.testing.peers.world import World
__all__ = ['ALICE', 'PASSWORD', 'inboxlink_authorization', 'inboxlink_browser', 'inboxlink_installation', 'inboxlink_mail', 'inboxlink_world']
ALICE = 'alice@example.test'
PASSWORD = 'wörd " of \\ Alice'

@pytest.fixture
def inboxlink_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    ...

@pytest.fixture
def inboxlink_mail(inboxlink_world: World) -> MailServer:
    ...

@pytest.fixture
def inboxlink_authorization(inboxlink_world: World) -> AuthorizationServer:
    ...

@pytest.fixture
def inboxlink_browser(inboxlink_world: World) -> Browser:
    ...

@pytest.fixture
def inboxlink_installation(inboxlink_world: World, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    ...
