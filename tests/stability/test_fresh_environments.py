"""inboxlink and one provider, installed where nothing else is, and what happens without it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len

from e2e.oauth_mailbox import at_google, at_microsoft
from exchange.world import PASSWORD, World
from peers.certificates import Authority
from peers.fixtures import ALICE, PASSWORDS
from stability.conftest import Installed

#: Whichever comes first waits for all the wheels to be built.
pytestmark = pytest.mark.timeout(600)

PROVIDERS = ("gmail", "outlook", "exchange", "imap")

#: The libraries that each one was made with, which the others must do without.
LIBRARIES = {
    "gmail": "google_auth_oauthlib",
    "outlook": "msal",
    "exchange": "exchangelib",
    "imap": "imapclient",
}

#: An address of which each provider is the one to be recommended.
ADDRESSES = {
    "gmail": "me@gmail.com",
    "outlook": "me@outlook.com",
    "imap": "me@gmx.de",
    "exchange": "ann@corp.example",
}

Install = Callable[..., Installed]


@dataclass(frozen=True)
class Mailbox:
    """Somebody's mailbox at a provider, and how the program is brought to connect it."""

    provider: str
    address: str
    connect: Callable[[Installed], str]

    @property
    def distribution(self) -> str:
        return f"inboxlink-{self.provider}"


@pytest.fixture
def company(authority: Authority, configure: Callable[..., None]) -> Iterator[World]:
    """A company with an Exchange server that shows itself, seen by the program."""
    with World(authority) as world:
        world.usual()
        configure(
            network={
                "ca_file": str(authority.ca_file),
                "nameservers": [f"127.0.0.1:{world.names.port}"],
                "connect": world.hosts,
            },
        )
        yield world


@pytest.fixture(params=PROVIDERS)
def mailbox(request: pytest.FixtureRequest, home: Path) -> Mailbox:
    """One at each provider."""
    name = request.param
    if name in ("gmail", "outlook"):
        make, world = {
            "gmail": (at_google, "google_world"),
            "outlook": (at_microsoft, "microsoft_world"),
        }[name]

        def by_browser(program: Installed) -> str:
            mailbox = make(request.getfixturevalue(world), home, program)
            mailbox.configure()
            mailbox.main = program.environment.main
            return mailbox.connected()

        return Mailbox(name, ALICE, by_browser)
    address, acknowledged, password = {
        "imap": (ALICE, "imap.I@1", PASSWORDS[ALICE]),
        "exchange": (ADDRESSES["exchange"], "exchange.E@1", PASSWORD),
    }[name]
    request.getfixturevalue("example_test" if name == "imap" else "company")

    def by_password(program: Installed) -> str:
        ran = program(
            *("--json", "connect", address, "--provider", name),
            *("--acknowledge", acknowledged, "--password-stdin"),
            typed=f"{password}\n",
        )
        assert ran.status == 0, ran
        return str(ran.json["account"]["id"])

    return Mailbox(name, address, by_password)


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("name", PROVIDERS)
def test_one_provider_is_enough_and_the_others_are_named(installed: Install, name: str) -> None:
    """It serves its own addresses; for each other the command is told that would bring it."""
    program = installed("inboxlink", f"inboxlink-{name}")
    there = {each for each, library in LIBRARIES.items() if program.environment.can_import(library)}
    assert there == {name}
    listed = program("--json", "providers", "list").json["providers"]
    assert [(each["name"], each["state"]) for each in listed] == [(name, "available")]
    assert program("providers", "doctor").status == 0
    for other, address in ADDRESSES.items():
        found = program("--json", "detect", address).json
        recommended = [each["provider"] for each in found["candidates"]]
        missing = [each["command"] for each in found["not_installed"]]
        # IMAP is a way to nearly every mailbox, and says so.
        assert recommended == [name] if other == name else set(recommended) <= {"imap"}
        assert missing == ([] if other == name else [f"pip install inboxlink-{other}"])
        shown = program("detect", address)
        assert (f"pip install inboxlink-{other}" in shown.out) is (other != name)
        assert shown.status == 0


def test_a_script_is_told_what_to_install(installed: Install) -> None:
    """Without a terminal a connection that nobody here can make ends with the command."""
    program = installed("inboxlink", "inboxlink-outlook")
    refused = program("--json", "connect", ADDRESSES["imap"], "--lookup", "offline")
    assert (refused.status, refused.json["error"]["code"]) == (12, "provider_not_installed")
    assert refused.json["error"]["remedy"] == "Install it with: pip install inboxlink-imap"
    by_name = program("--json", "connect", "me@gmail.com", "--provider", "gmail")
    assert by_name.json["error"]["remedy"] == "Install it with: pip install inboxlink-gmail"


def test_without_any_provider_the_program_runs(installed: Install) -> None:
    """The core alone starts, lists nothing, and says what to install."""
    program = installed("inboxlink")
    assert "pip install inboxlink-imap" in program("providers", "list").out
    found = program("--json", "detect", "me@gmail.com", "--offline").json
    assert [each["command"] for each in found["not_installed"]] == ["pip install inboxlink-gmail"]


#: What the state of an account says while its provider is gone, and what brings it back.
GONE = {
    "en": ("provider not installed", "Install it with: pip install {}"),
    "ja": ("プロバイダー未インストール", "インストールするには: pip install {}"),
}


def said(out: str) -> str:
    """What was printed, without the breaks of lines."""
    return "".join(out.split())


def test_an_account_outlives_its_provider(installed: Install, mailbox: Mailbox) -> None:
    """Removed, it leaves the account readable and says what brings it back; brought back, it works.

    The mailbox was connected by the provider as it is installed alone.
    """
    program = installed("inboxlink", mailbox.distribution)
    ident = mailbox.connect(program)
    program.environment.pip("uninstall", "--yes", mailbox.distribution)

    (account,) = program("--json", "accounts", "list").json["accounts"]
    assert (account["id"], account["address"]) == (ident, mailbox.address)
    trouble = account["provider_problem"]
    assert trouble["code"] == "provider_not_installed"
    assert trouble["remedy"] == GONE["en"][1].format(mailbox.distribution)
    shown = program("--json", "accounts", "show", ident).json
    assert shown["account"]["provider_problem"] == trouble
    assert shown["report"]["can_receive"] is True
    for language, arguments in (("en", ("list",)), ("ja", ("show", ident))):
        state, command = GONE[language]
        told = program("--lang", language, "accounts", *arguments)
        assert told.status == 0, told
        assert said(state) in said(told.out), told.out
        assert said(command.format(mailbox.distribution)) in said(told.out)
        assert max(map(cell_len, told.out.splitlines())) <= 80
    for arguments in (("verify",), ("reconnect",), ("refresh", "--force")):
        refused = program("--json", "accounts", arguments[0], ident, *arguments[1:])
        if arguments[0] == "refresh" and mailbox.provider in ("imap", "exchange"):
            assert refused.status == 0  # a password needs no provider to be as good as it was
            continue
        assert (refused.status, refused.json["error"]["code"]) == (12, "provider_not_installed")

    # The command that it told, with the wheels in the place of a registry.
    program.environment.install(mailbox.distribution)
    back = program("--json", "accounts", "list").json["accounts"][0]
    assert (back["state"], back["provider_problem"]) == ("active", None)
    verified = program("--json", "accounts", "verify", ident)
    assert verified.status == 0, verified
    assert verified.json["account"]["state"] == "active"


@pytest.mark.parametrize("mailbox", ["gmail", "imap"], indirect=True)
def test_an_account_without_its_provider_is_taken_away(
    installed: Install, mailbox: Mailbox, home: Path
) -> None:
    """Its secret goes all the same; only what its provider would have to do is left and told."""
    program = installed("inboxlink", mailbox.distribution)
    ident = mailbox.connect(program)
    program.environment.pip("uninstall", "--yes", mailbox.distribution)
    ended = program("--json", "accounts", "disconnect", ident, "--revoke")
    assert ended.status == 0, ended
    assert ended.json["account"]["state"] == "disconnected"
    assert ended.json["revoked"] is None
    assert ended.json["problem"]["code"] == "provider_not_installed"
    with closing(sqlite3.connect(home / "data" / "inboxlink.db")) as database:
        assert database.execute("select count(*) from connection_secret").fetchone() == (0,)
    (account,) = program("--json", "accounts", "list").json["accounts"]
    assert (account["state"], account["provider_problem"]) == ("disconnected", None)
    assert "pip install" not in program("accounts", "list").out
    noted = [each["kind"] for each in program("--json", "consent", "show").json["entries"]]
    assert noted[-1] == "disconnected"
