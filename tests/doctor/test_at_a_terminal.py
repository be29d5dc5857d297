"""A person at a terminal whose sign-in waits for an administrator."""

import io
import os
import sys
from collections.abc import Iterator

import pexpect
import pytest

from core.conftest import SCRIPTED
from inboxlink.connect.host import Host


@pytest.fixture
def start(scripted: Host) -> Iterator[object]:
    """Begins the program on a terminal of 80 columns, with the scripted provider."""
    children: list[pexpect.spawn] = []

    def spawn(*arguments: str) -> pexpect.spawn:
        child = pexpect.spawn(
            sys.executable,
            ["-c", "from inboxlink.cli import main; main()", *arguments],
            env={
                **os.environ,
                "TERM": "xterm",
                "NO_COLOR": "1",
                "LOGNAME": "me",
                "PYTHONPATH": str(SCRIPTED),
            },
            dimensions=(60, 80),
            encoding="utf-8",
            timeout=30,
        )
        child.logfile_read = io.StringIO()
        children.append(child)
        return child

    yield spawn
    for child in children:
        child.close(force=True)


def answer(terminal: pexpect.spawn, question: str, line: str) -> None:
    terminal.expect(question)
    terminal.sendline(line)


def test_the_letter_comes_when_the_person_gives_up(start: object, scripted: Host) -> None:
    """After the last try, whole, with the ticket; going on asks nothing that was settled."""
    terminal = start("connect", "me@scripted.test", "--no-inbox-automation")
    answer(terminal, r"Continue with .*\? \[Y/n\]", "")
    answer(terminal, r"Continue with this\? \[y/N\]", "y")
    answer(terminal, "Send a test message", "n")
    answer(terminal, "Nickname: ", "nick")
    answer(terminal, r"\S+ \[.*\]: |: ", "4")
    terminal.expect("sign_in_refused")
    answer(terminal, r"Try again\? \[Y/n\]", "n")
    terminal.expect("A letter that you can send to your administrator:")
    terminal.expect("Please allow Acme to connect the mailbox me@scripted.test")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 10
    (ticket,) = scripted.tickets.all_of("me", scripted.clock())
    said = terminal.logfile_read.getvalue()
    assert f"inboxlink connect --resume {ticket.id}" in said
    letter = said.partition("A letter that you can send")[2]
    assert max(len(line) for line in letter.splitlines()) <= 80
    assert said.count("Please allow Acme") == 1

    terminal = start("connect", "--resume", ticket.id)
    terminal.expect("the words are the same")
    answer(terminal, "Send a test message", "n")
    terminal.expect("Nickname: ")
    assert "Continue with this?" not in terminal.logfile_read.getvalue()
