"""A person at a terminal of 80 columns: what they are asked, and what comes of their answers."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from inboxlink.testing.peers.nameserver import NameServer
from peers.dovecot import Dovecot, LoginAttempt
from peers.fixtures import ALICE, PASSWORDS


@contextmanager
def connecting() -> Iterator[pexpect.spawn]:
    """`inboxlink connect` on a terminal."""
    child = pexpect.spawn(
        sys.executable,
        ["-c", "from inboxlink.cli import main; main()", "connect"],
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        dimensions=(50, 80),
        encoding="utf-8",
        timeout=30,
    )
    try:
        yield child
    finally:
        child.close(force=True)


@pytest.fixture
def terminal(example_test: Dovecot) -> Iterator[pexpect.spawn]:
    """`connecting`, at dovecot."""
    with connecting() as child:
        yield child


def answer(terminal: pexpect.spawn, question: str, line: str) -> None:
    terminal.expect(question)
    terminal.sendline(line)


def to_the_password(terminal: pexpect.spawn) -> None:
    answer(terminal, r"Enable inbox automation\? \[y/N\]", "n")
    answer(terminal, "Address: ", ALICE)
    answer(terminal, r"Continue with IMAP\? \[Y/n\]", "")
    answer(terminal, r"Continue with this\? \[y/N\]", "y")
    answer(terminal, r"Send a test message", "n")


def test_a_person_connects_and_mends_mistakes(
    terminal: pexpect.spawn, example_test: Dovecot
) -> None:
    """A mistyped address and a wrong password are asked again, one attempt for each answer."""
    # req 20, 22, 23, 24, 26, 27, 93, 94, 95, 99
    answer(terminal, r"Enable inbox automation\? \[y/N\]", "n")
    answer(terminal, "Address: ", "alice@")
    terminal.expect("address_invalid")
    answer(terminal, "Address: ", ALICE)
    answer(terminal, r"Continue with IMAP\? \[Y/n\]", "")
    answer(terminal, r"Continue with this\? \[y/N\]", "y")
    answer(terminal, r"Send a test message", "n")
    answer(terminal, "Password: ", "wrong")
    answer(terminal, r"Show advanced options\? \[y/N\]", "n")
    terminal.expect("invalid_credentials")
    answer(terminal, r"Try again\? \[Y/n\]", "y")
    answer(terminal, "Password: ", PASSWORDS[ALICE])
    answer(terminal, r"Show advanced options\? \[y/N\]", "n")
    terminal.expect("Your IMAP inbox is connected.")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert example_test.attempts() == [
        LoginAttempt("imap", ALICE, ok=False),
        LoginAttempt("imap", ALICE, ok=True),
        LoginAttempt("submission", ALICE, ok=True),
    ]


def test_the_same_wrong_password_goes_out_only_with_a_word(
    terminal: pexpect.spawn, example_test: Dovecot
) -> None:
    """Typed a second time it is held back and says so; the person's yes sends it once more."""
    to_the_password(terminal)

    def type_it_wrong(code: str, again: str) -> None:
        answer(terminal, "Password: ", "wrong")
        answer(terminal, r"Show advanced options\? \[y/N\]", "n")
        terminal.expect(rf"\[{code}\]")
        answer(terminal, r"Try again\? \[Y/n\]", again)

    type_it_wrong("invalid_credentials", "y")
    type_it_wrong("refused_recently", "y")
    assert example_test.attempts() == [LoginAttempt("imap", ALICE, ok=False)]
    answer(terminal, r"Send this password all the same", "y")
    type_it_wrong("invalid_credentials", "n")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 10
    assert example_test.attempts() == [LoginAttempt("imap", ALICE, ok=False)] * 2


def test_a_slip_is_noticed_before_anybody_else_is_asked(
    home: Path, configure: Callable[..., None]
) -> None:
    """Whoever mistypes a large hoster's domain hears so while only DNS was asked."""
    with NameServer({}) as names:
        configure(network={"nameservers": [f"127.0.0.1:{names.port}"]})
        with connecting() as terminal:
            answer(terminal, r"Enable inbox automation\? \[y/N\]", "n")
            answer(terminal, "Address: ", "alice@gmial.com")
            terminal.expect(r"Did you mean gmail\.com\?")
            terminal.expect(r"Ask them for the settings\? \[Y/n\]")
        assert {name for name, _ in names.questions} >= {"gmial.com"}


def test_no_is_an_answer(terminal: pexpect.spawn, example_test: Dovecot) -> None:
    """Whoever does not acknowledge the disclosure is let go, and nothing was sent."""
    # req 26, 107
    answer(terminal, r"Enable inbox automation\? \[y/N\]", "n")
    answer(terminal, "Address: ", ALICE)
    answer(terminal, r"Continue with IMAP\? \[Y/n\]", "")
    answer(terminal, r"Continue with this\? \[y/N\]", "n")
    terminal.expect("nothing was kept")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130
    assert example_test.attempts() == []


def test_interrupting_at_the_password_keeps_nothing(
    terminal: pexpect.spawn, example_test: Dovecot
) -> None:
    """Ctrl-C at the hidden prompt ends with 130, and the terminal echoes again."""
    to_the_password(terminal)
    terminal.expect("Password: ")
    terminal.sendintr()
    terminal.expect("nothing was kept")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130
    assert example_test.attempts() == []


def test_the_password_is_not_echoed(terminal: pexpect.spawn) -> None:
    """What is typed at the password prompt does not appear on the screen."""
    screen = io.StringIO()
    terminal.logfile_read = screen
    to_the_password(terminal)
    answer(terminal, "Password: ", PASSWORDS[ALICE])
    answer(terminal, r"Show advanced options\? \[y/N\]", "n")
    terminal.expect("Your IMAP inbox is connected.")
    assert PASSWORDS[ALICE] not in screen.getvalue()


def test_a_person_hears_of_a_secret_that_came_by_a_descriptor(
    example_test: Dovecot, tmp_path: Path
) -> None:
    """Where nothing is typed nothing is tried again; why it failed is said all the same."""
    secret = tmp_path / "secret"
    secret.write_text("not the password")
    program = (sys.executable, "-c", "from inboxlink.cli import main; main()", "connect", ALICE)
    child = pexpect.spawn(
        "/bin/sh",
        [
            *("-c", 'exec "$@" 3< "$0"', str(secret), *program),
            *("--provider", "imap", "--acknowledge", "imap.I@1", "--no-inbox-automation"),
            *("--secret-fd", "password=3"),
        ],
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        dimensions=(60, 80),
        encoding="utf-8",
        timeout=30,
    )
    child.expect_exact("[invalid_credentials]")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 10
    assert example_test.attempts() == [LoginAttempt("imap", ALICE, ok=False)]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("language", "yes_or_no", "a_number"),
    [
        ("en", "Type y or n.", "Type a number from 1 to "),
        ("ja", "y か n を入力してください。", "までの番号を入力してください。"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_is_no_answer_is_asked_again(language: str, yes_or_no: str, a_number: str) -> None:
    """A slip of the keys is told in the person's language, and costs nothing."""
    child = pexpect.spawn(
        sys.executable,
        ["-c", "from inboxlink.cli import main; main()", "--lang", language]
        + ["connect", "me@gmail.com", "--lookup", "offline"],
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        dimensions=(50, 80),
        encoding="utf-8",
        timeout=30,
    )
    try:
        answer(child, r"\[y/N\]: ", "perhaps")
        child.expect_exact(yes_or_no)
        answer(child, r"\[y/N\]: ", "n")
        answer(child, r"Gmail.* \[Y/n\]: ", "no")
        for slip in ("Gmail", "0", "99", "１０", "-1", ""):
            answer(child, r"(Provider|プロバイダー): ", slip)
            child.expect_exact(a_number)
        answer(child, r"(Provider|プロバイダー): ", "2")
        answer(child, r"\[y/N\]: ", "")
        child.expect_exact("[cancelled]")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
    assert child.exitstatus == 130
