"""How a run ends that did not end well, and what every command shares."""

import errno
import json
import os
import pwd
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inboxlink.cli.app import run
from inboxlink.cli.session import Session
from inboxlink.errors import problem
from inboxlink.texts import Words


def stumbling(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The standard library fails in the middle of `consent verify`."""

    def gethostname() -> str:
        raise error

    monkeypatch.setattr(socket, "gethostname", gethostname)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("s3cret"), 1, "internal"),
        (OSError(errno.EIO, "s3cret"), 1, "internal"),
        (OSError(errno.ENOSPC, "s3cret"), 14, "store_full"),
        (OSError(errno.EDQUOT, "s3cret"), 14, "store_full"),
    ],
)
def test_what_nobody_foresaw_is_typed_without_its_words(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
    error: Exception,
    status: int,
    code: str,
) -> None:
    """People and scripts are told where it was; what it says could hold a secret."""
    stumbling(monkeypatch, error)
    assert run(["--json", "consent", "verify"]) == status
    captured = capsys.readouterr()
    told = json.loads(captured.out)["error"]
    assert told["code"] == code
    assert run(["consent", "verify"]) == status
    worded = capsys.readouterr()
    assert f"[{code}]" in worded.err
    assert told["message"] in " ".join(worded.err.split())
    if code == "internal":
        assert f"{type(error).__name__}, {__name__}:" in told["message"]
    assert "s3cret" not in captured.out + captured.err + worded.out + worded.err


def test_a_person_without_a_name_is_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A container may run with a user id that no file knows."""

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert Session(Words("en"), is_json=True).owner == str(os.getuid())


def test_a_run_opens_one_installation(home: Path) -> None:
    """However often it is asked for; its store is closed at the end of the run."""
    with Session(Words("en"), is_json=True) as session:
        host = session.host()
        assert session.host() is host
        assert host.store is not None
    assert "store" not in vars(host)


def test_trouble_without_a_way_out_is_said_with_the_servers_words(capsys: Any) -> None:
    """What a server said is shown where it can steer nothing."""
    words = Words("en")
    trouble = replace(problem("remote_error"), remedy=None, remote="\x1b[31mno")
    Session(words, is_json=False).fail(trouble)
    said = capsys.readouterr().err
    assert words(trouble.message) in said
    assert "\\x1b[31mno" in said
    assert "→" not in said
    Session(words, is_json=True).fail(trouble)
    assert json.loads(capsys.readouterr().out)["error"]["remedy"] is None
