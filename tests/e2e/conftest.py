"""The program as a person or a script runs it: a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit

from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.oauth.worlds import GoogleWorld, MicrosoftWorld

if TYPE_CHECKING:
    from e2e.oauth_mailbox import Mailbox


@dataclass(frozen=True)
class Ran:
    """What one run of the program left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Program = Callable[..., Ran]

_MAIN = "from inboxlink.cli import main; main()"


def _pipe_of(secret: str) -> int:
    read, write = os.pipe()
    os.write(write, secret.encode())  # less than a pipe holds
    os.close(write)
    return read


@pytest.fixture
def program(home: Path) -> Program:
    """Runs `inboxlink` with these arguments.

    `typed` is its standard input; each of `secrets` goes by a descriptor and `--secret-fd`.
    """

    def run(
        *arguments: str,
        typed: str = "",
        secrets: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Ran:
        descriptors = {name: _pipe_of(secret) for name, secret in (secrets or {}).items()}
        by_descriptor = [f"--secret-fd={name}={each}" for name, each in descriptors.items()]
        try:
            done = subprocess.run(
                [sys.executable, "-c", _MAIN, *arguments, *by_descriptor],
                input=typed.encode(),
                capture_output=True,
                env={**os.environ, "INBOXLINK_HOME": str(home), **(environ or {})},
                pass_fds=tuple(descriptors.values()),
                timeout=60,
                check=False,
            )
        finally:
            for each in descriptors.values():
                os.close(each)
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


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
