"""A mailbox of which one direction works: kept with the person's yes, and never without it."""

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

from e2e.conftest import Program
from imap.scripts import Peer, no
from imap.servers import Servers
from peers.certificates import Authority, Certificate
from peers.dovecot import Dovecot
from peers.fixtures import ALICE, PASSWORDS

CONNECT = ("connect", ALICE, "--acknowledge", "imap.I@1", "--password-stdin")
TYPED = PASSWORDS[ALICE] + "\n"

IMAP_IN_TROUBLE = no(b"[UNAVAILABLE] later")


def smtp_says(reply: bytes) -> Callable[[Peer, bytes], None]:
    return lambda peer, _: peer.say(reply)


@pytest.fixture
def servers(authority: Authority, certificate: Certificate) -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(authority, certificate, stack)


@pytest.fixture
def place(
    servers: Servers, dovecot: Dovecot, example_test_at: Callable[..., None]
) -> Callable[..., None]:
    """Puts scripted servers in the place of one of dovecot's, or of both."""

    def put(
        imap: Callable[[Peer], None] | None = None, smtp: Callable[[Peer], None] | None = None
    ) -> None:
        connect: dict[str, str] = dict(dovecot.connect_map("example.test"))
        if imap is not None:
            connect["imap.example.test:993"] = f"127.0.0.1:{servers.serve(imap)}"
        if smtp is not None:
            connect["smtp.example.test:465"] = f"127.0.0.1:{servers.serve(smtp)}"
        example_test_at(connect)

    return put


#: Which server is put there, by the direction that is left.
BROKEN = {
    "receive_only": {"smtp": lambda peer: peer.smtp(auth=smtp_says(b"535 5.7.8 no"))},
    "send_only": {"imap": lambda peer: peer.imap(authenticate=IMAP_IN_TROUBLE)},
}
TOLD = {
    "receive_only": (10, "invalid_credentials", "send", "auth"),
    "send_only": (11, "server_unavailable", "receive", "login"),
}


@dataclass(frozen=True)
class Kept:
    """What the installation holds: states of connections, secrets, open flows, accepted halves."""

    states: tuple[str, ...] = ()
    secrets: int = 0
    flows: int = 0
    accepted: tuple[str, ...] = ()


NOTHING = Kept()


def kept(home: Path) -> Kept:
    with closing(sqlite3.connect(home / "data" / "inboxlink.db")) as database:

        def column(query: str) -> tuple[str, ...]:
            return tuple(row[0] for row in database.execute(query))

        entries = [json.loads(each) for each in column("select content from ledger_entry")]
        return Kept(
            states=column("select state from connection"),
            secrets=len(column("select connection_id from connection_secret")),
            flows=len(column("select owner from flow")),
            accepted=tuple(
                each["details"]["state"] for each in entries if each["kind"] == "partial_accepted"
            ),
        )


@pytest.mark.parametrize("state", BROKEN)
def test_without_a_yes_nothing_is_kept(
    program: Program, place: Callable[..., None], home: Path, state: str
) -> None:
    """A script that does not accept half a mailbox beforehand gets the trouble, and no account."""
    place(**BROKEN[state])
    status, code, direction, stage = TOLD[state]
    refused = program("--json", *CONNECT, typed=TYPED)
    assert (refused.status, refused.json["error"]["code"]) == (status, code)
    (trouble,) = (each for each in refused.json["report"]["checks"] if each["problem"])
    assert (trouble["chain"], trouble["stage"]) == (direction, stage)
    assert trouble["problem"]["remote"], "in the words of the server that refused"
    assert kept(home) == NOTHING


@pytest.mark.parametrize("state", BROKEN)
def test_with_the_yes_of_a_script_half_is_kept(
    program: Program, place: Callable[..., None], servers: Servers, home: Path, state: str
) -> None:
    """`--accept-partial` keeps what works, says which half it is, and is noted as a consent."""
    place(**BROKEN[state])
    connected = program("--json", *CONNECT, "--accept-partial", typed=TYPED)
    assert connected.status == 0, connected
    assert connected.json["account"]["state"] == state
    report = connected.json["report"]
    assert (report["can_receive"], report["can_send"]) == (
        state == "receive_only",
        state == "send_only",
    )
    assert kept(home) == Kept((state,), secrets=1, accepted=(state,))
    assert servers.uses == 1


def test_a_mended_direction_makes_the_account_whole(
    program: Program, place: Callable[..., None], home: Path
) -> None:
    """The half that was in trouble is checked again and found, and trouble breaks nothing."""
    place(**BROKEN["send_only"])
    program(*CONNECT, "--accept-partial", typed=TYPED)
    place()
    mended = program("--json", "accounts", "verify", ALICE)
    assert (mended.status, mended.json["account"]["state"]) == (0, "active")
    trouble = {
        "imap": lambda peer: peer.imap(authenticate=IMAP_IN_TROUBLE),
        "smtp": lambda peer: peer.smtp(auth=smtp_says(b"454 4.7.0 later")),
    }
    place(**trouble)
    in_trouble = program("--json", "accounts", "verify", ALICE)
    assert in_trouble.json["error"]["code"] == "server_unavailable"
    assert in_trouble.status == 11
    assert kept(home).states == ("active",)


def test_a_yes_to_half_is_none_to_nothing(
    program: Program, place: Callable[..., None], servers: Servers, home: Path
) -> None:
    """Where the password is refused over IMAP, it is tried nowhere else and nothing is kept."""
    # req 107, 109
    place(
        imap=lambda peer: peer.imap(authenticate=no(b"[AUTHENTICATIONFAILED] no")), smtp=Peer.smtp
    )
    refused = program("--json", *CONNECT, "--accept-partial", typed=TYPED)
    assert (refused.status, refused.json["error"]["code"]) == (10, "invalid_credentials")
    assert servers.uses == 1
    assert kept(home) == NOTHING


QUESTIONS = {
    "receive_only": "Mail can be received but not sent.",
    "send_only": "Mail can be sent but not received.",
}


@pytest.mark.parametrize(
    ("state", "is_kept"), [("receive_only", True), ("send_only", True), ("send_only", False)]
)
def test_a_person_is_asked(
    place: Callable[..., None], home: Path, state: str, is_kept: bool
) -> None:
    """At a terminal both directions are shown first, and the answer decides."""
    place(**BROKEN[state])
    child = pexpect.spawn(
        sys.executable,
        ["-c", "from inboxlink.cli import main; main()", *CONNECT[:-1], "--no-inbox-automation"],
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        dimensions=(60, 80),
        encoding="utf-8",
        timeout=30,
    )
    for question, answer in (
        (r"Continue with IMAP\? \[Y/n\]", "y"),
        ("Send a test message", "n"),
        ("Password: ", PASSWORDS[ALICE]),
        (r"Show advanced options\? \[y/N\]", "n"),
    ):
        child.expect(question)
        child.sendline(answer)
    child.expect_exact(QUESTIONS[state])
    assert TOLD[state][1] in child.before
    child.sendline("y" if is_kept else "n")
    if not is_kept:
        child.expect(r"Try again\? \[Y/n\]")
        child.sendline("n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == (0 if is_kept else TOLD[state][0])
    assert kept(home) == (Kept((state,), secrets=1, accepted=(state,)) if is_kept else NOTHING)
