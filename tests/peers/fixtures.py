"""Peers as fixtures. Costly ones live as long as the run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from peers.certificates import Authority, Certificate
from peers.dovecot import PROGRAM, Dovecot
from peers.need import need
from peers.oauth.node import need_node
from peers.oauth.worlds import GoogleWorld, MicrosoftWorld
from peers.relay import Relay

ALICE = "alice@example.test"
BOB = "bob@example.test"
PASSWORDS = {ALICE: "s3cret of Alice", BOB: "hunter2 of Bob"}
NAMES = (
    "localhost",
    "example.test",
    *(f"{name}.example.test" for name in ("imap", "smtp", "mail", "autoconfig")),
)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA of this run."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Certificate:
    """A good certificate for the names of example.test."""
    return authority.issue(*NAMES)


@pytest.fixture(scope="session")
def dovecot_of_the_run(certificate: Certificate) -> Iterator[Dovecot]:
    """One dovecot for the whole run."""
    need(PROGRAM, "dovecot-imapd, dovecot-submissiond")
    with Relay() as relay, Dovecot(PASSWORDS, certificate, relay.port) as server:
        relay.deliver = server.deliver
        yield server


@pytest.fixture
def dovecot(dovecot_of_the_run: Dovecot) -> Dovecot:
    """Dovecot, its earlier logins forgotten."""
    dovecot_of_the_run.forget()
    return dovecot_of_the_run


@pytest.fixture(scope="session")
def google_of_the_run(authority: Authority) -> Iterator[GoogleWorld]:
    """One Google for the whole run."""
    need_node()
    with GoogleWorld(authority) as world:
        yield world


@pytest.fixture
def google_world(google_of_the_run: GoogleWorld) -> Iterator[GoogleWorld]:
    """Google: `accounts.google.com` and what belongs to it, without faults."""
    google_of_the_run.reset()
    yield google_of_the_run
    google_of_the_run.reset()


@pytest.fixture(scope="session")
def microsoft_of_the_run(authority: Authority) -> Iterator[MicrosoftWorld]:
    """One Microsoft for the whole run."""
    need_node()
    with MicrosoftWorld(authority) as world:
        yield world


@pytest.fixture
def microsoft_world(microsoft_of_the_run: MicrosoftWorld) -> Iterator[MicrosoftWorld]:
    """Microsoft: `login.microsoftonline.com` and what belongs to it, without faults."""
    microsoft_of_the_run.reset()
    yield microsoft_of_the_run
    microsoft_of_the_run.reset()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of this test's own."""
    root = tmp_path / "home"
    root.mkdir(mode=0o700)
    monkeypatch.setenv("INBOXLINK_HOME", str(root))
    for name in ("INBOXLINK_KEY", "INBOXLINK_PROVIDERS", "INBOXLINK_BLOCK_PROVIDERS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return root
