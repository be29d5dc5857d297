"""The program as a person or a script runs it: a process of its own."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit

from inboxlink.testing.installation import Ran, run
from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.oauth.worlds import GoogleWorld, MicrosoftWorld

if TYPE_CHECKING:
    from e2e.oauth_mailbox import Mailbox


Program = Callable[..., Ran]


@pytest.fixture
def program(home: Path) -> Program:
    """Runs `inboxlink` with these arguments.

    `typed` is its standard input; each of `secrets` goes by a descriptor and `--secret-fd`.
    """
    return partial(run, home)


@pytest.fixture
def configure(home: Path) -> Callable[..., None]:
    """Writes `inboxlink.toml`."""

    def write(**sections: Any) -> None:
        (home / "inboxlink.toml").write_text(tomlkit.dumps(sections))

    return write


@pytest.fixture
def example_test_at(configure: Callable[..., None], authority: Authority) -> Callable[..., None]:
    """Places the mail servers of example.test, known by an operator's preset.

    `connect` says where their ports are; `tls` is `implicit` or `starttls`.
    """

    def place(connect: Mapping[str, str], tls: str = "implicit") -> None:
        imap, smtp = (993, 465) if tls == "implicit" else (143, 587)
        configure(
            application={"name": "Acme CRM", "privacy_policy": "https://acme.test/privacy"},
            network={
                "ca_file": str(authority.ca_file),
                "special_domains": ["example.test"],
                "connect": connect,
            },
            presets={
                "example.test": {
                    "imap": {"host": "imap.example.test", "port": imap, "tls": tls},
                    "smtp": {"host": "smtp.example.test", "port": smtp, "tls": tls},
                }
            },
        )

    return place


@pytest.fixture
def example_test(example_test_at: Callable[..., None], dovecot: Dovecot) -> Dovecot:
    """Dovecot as the mail servers of example.test."""
    example_test_at(dovecot.connect_map("example.test"))
    return dovecot


@pytest.fixture
def gmail(google_world: GoogleWorld, home: Path, program: Program) -> "Mailbox":
    """A mailbox at Gmail that nobody has connected yet."""
    from e2e.oauth_mailbox import at_google

    mailbox = at_google(google_world, home, program)
    mailbox.configure()
    return mailbox


@pytest.fixture
def outlook(microsoft_world: MicrosoftWorld, home: Path, program: Program) -> "Mailbox":
    """A mailbox at Microsoft 365 that nobody has connected yet."""
    from e2e.oauth_mailbox import at_microsoft

    mailbox = at_microsoft(microsoft_world, home, program)
    mailbox.configure()
    return mailbox


@pytest.fixture(params=["gmail", "outlook"])
def mailbox(request: pytest.FixtureRequest) -> "Mailbox":
    """Each of both."""
    found: Mailbox = request.getfixturevalue(request.param)
    return found
