"""Hostile servers before the whole program: what a person and a script get to see of them."""

import json
import os
import re
import sqlite3
import sys
import time
import unicodedata
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pexpect
import pytest
from rich.cells import cell_len

from e2e.conftest import Program
from imap.hostile_servers import Met, certificates_of, serve
from imap.hostile_set import ANY, CASES, SECRET
from imap.secret_forms import forms_of
from inboxlink.cli.exits import STATUS
from inboxlink.errors import CODES
from peers.certificates import Authority, Certificate
from peers.fixtures import ALICE

CONNECT = ("connect", ALICE, "--acknowledge", "imap.I@1", "--password-stdin")

#: One of each kind; those that only wait would wait for half a minute here.
NAMES = (
    "imap_literal_3e9_at_authenticate",
    "imap_line_2mb_at_authenticate",
    "imap_echo_plain",
    "imap_echo_login",
    "imap_echo_unexpected",
    "imap_unknown_code",
    "imap_alert_greeting",
    "imap_list_with_escapes",
    "imap_starttls_injected",
    "smtp_endless_220",
    "smtp_no_that_becomes_yes",
    "smtp_echo",
)


@pytest.fixture
def place(
    example_test_at: Callable[..., None],
    authority: Authority,
    certificate: Certificate,
    tmp_path: Path,
) -> Callable[[str, ExitStack], Met]:
    """Runs a case as the mail servers of example.test."""
    (tmp_path / "stranger").mkdir()
    certificates = certificates_of(authority, certificate, tmp_path / "stranger")

    def run(name: str, stack: ExitStack) -> Met:
        case = CASES[name]
        met = serve(case, certificates, stack)
        imap, smtp = (143, 587) if case.is_starttls else (993, 465)
        example_test_at(
            {
                f"imap.example.test:{imap}": f"127.0.0.1:{met.ports['imap']}",
                f"smtp.example.test:{smtp}": f"127.0.0.1:{met.ports['smtp']}",
            },
            "starttls" if case.is_starttls else "implicit",
        )
        return met

    return run


def unfit(shown: str) -> list[str]:
    """What must not reach a screen or a file: the secret, tracebacks, and steering characters."""
    forms = [form for form in (*forms_of(SECRET, ALICE), "Traceback") if form in shown]
    return forms + [
        repr(character)
        for character in shown
        if unicodedata.category(character) in ("Cc", "Cf") and character != "\n"
    ]


def stored(home: Path) -> int:
    with closing(sqlite3.connect(home / "data" / "inboxlink.db")) as database:
        return int(database.execute("select count(*) from connection").fetchone()[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_person_reads_what_a_hostile_server_did(
    program: Program, place: Callable[[str, ExitStack], Met], home: Path, name: str
) -> None:
    """Each ends in time with the status of its code, in 80 columns, with nothing unfit shown."""
    # F15, F18-F22, F26; G1, G3, G4
    with ExitStack() as stack:
        met = place(name, stack)
        began = time.monotonic()
        ran = program(
            *("--lang", ("en", "ja")[len(name) % 2], *CONNECT),
            typed=SECRET + "\n",
            environ={"COLUMNS": "80"},
        )
        assert time.monotonic() - began < 15
    assert unfit(ran.out + ran.err) == []
    assert [line for line in (ran.out + ran.err).splitlines() if cell_len(line) > 80] == []
    assert met.plaintext == b""
    assert max(met.uses) <= 1
    if CASES[name].code is None:
        assert (ran.status, stored(home)) == (0, 1), ran
        return
    code = re.findall(r"^  \[(\w+)\]$", ran.err, re.MULTILINE)[-1]
    assert CASES[name].code in (code, ANY)
    assert (ran.status, stored(home)) == (STATUS[CODES[code][0]], 0), ran


@pytest.mark.parametrize("name", ["imap_echo_login", "smtp_echo", "imap_list_with_escapes"])
def test_a_script_reads_what_a_hostile_server_did(
    program: Program, place: Callable[[str, ExitStack], Met], name: str
) -> None:
    """The one JSON document holds the server's words without escapes and without the secret."""
    # F22; G3
    with ExitStack() as stack:
        place(name, stack)
        ran = program("--json", *CONNECT, typed=SECRET + "\n")
    assert unfit(ran.out + ran.err) == []
    said = json.dumps(ran.json, ensure_ascii=False)
    assert unfit(said) == []
    if CASES[name].code is None:
        assert ran.status == 0
        return
    assert (ran.status, ran.json["error"]["code"]) == (10, "invalid_credentials")
    assert ran.json["error"]["remedy"]
    assert "•••" in ran.json["error"]["remote"]


def test_a_terminal_is_not_steered_by_a_server(
    place: Callable[[str, ExitStack], Met], home: Path
) -> None:
    """What an echoing server sends reaches the screen without its escapes and the password."""
    # F22
    with ExitStack() as stack:
        place("imap_echo_plain", stack)
        child = pexpect.spawn(
            sys.executable,
            [
                "-c",
                "from inboxlink.cli import main; main()",
                *CONNECT[:-1],
                "--no-inbox-automation",
            ],
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
            dimensions=(50, 80),
            timeout=30,
        )
        screen = b""
        for question, answer in (
            (rb"Continue with IMAP\? \[Y/n\]", "y"),
            (rb"Send a test message", "n"),
            (rb"Password: ", SECRET),
            (rb"Show advanced options\? \[y/N\]", "n"),
            (rb"Try again\? \[Y/n\]", "n"),
        ):
            child.expect(question)
            screen += child.before + child.after
            child.sendline(answer)
        child.expect(pexpect.EOF)
        screen += child.before
        child.close()
    assert child.exitstatus == 10
    assert b"invalid_credentials" in screen
    assert b"you sent" in screen
    for steering in (b"\x1b]", b"\x1b[2J", "\x9b".encode(), b"\x9b31m", b"\x07"):
        assert steering not in screen
    assert [form for form in forms_of(SECRET, ALICE) if form.encode() in screen] == []
