"""`inboxlink explain`, as the program runs it."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.distributions import install
from core.test_startup import HEAVY, loaded
from diagnosis.world import ROOT, all_rules
from inboxlink.cli import exits
from inboxlink.cli.app import run
from inboxlink.diagnosis import explain
from inboxlink.texts import Words

MAIN = (sys.executable, "-c", "from inboxlink.cli import main; main()")
PAGE = ROOT / "docs" / "how-to" / "explain-an-error.md"
ROWS = re.findall(r"^\| `(.+)` \| `([a-z0-9_.]+)` \| ([a-z ]+) \|$", PAGE.read_text("utf-8"), re.M)
SAID = "535 5.7.8 Error: authentication failed"


def program(
    home: Path, *arguments: str, typed: bytes = b"", **environ: str
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [*MAIN, *arguments],
        input=typed,
        capture_output=True,
        check=False,
        env={**os.environ, "INBOXLINK_HOME": str(home), "PYTHONWARNINGS": "error", **environ},
    )


def said(capsys: Any, *arguments: str, status: int = 0) -> str:
    assert run(arguments) == status
    captured = capsys.readouterr()
    return str(captured.out + captured.err)


def test_the_page_is_right() -> None:
    """Each of the page's texts, forty at least, answers the rule and the person beside it."""
    assert len({text for text, _, _ in ROWS}) == len(ROWS) >= 40
    words = Words("en")
    for text, rule, who in ROWS:
        found = explain(text, language="en", rules=all_rules())
        assert found.rule == rule, text
        assert found.who is not None, text
        assert words(f"cli.who.{found.who.value}") == who, text


def test_a_known_error_is_told_whole(home: Path, capsys: Any) -> None:
    """Cause, who, every step, the source and the rule's name; the exit status is 0."""
    shown = said(capsys, "explain", SAID)
    found = explain(SAID, language="en", rules=all_rules())
    flat = " ".join(shown.split())
    assert found.cause is not None
    assert found.cause in flat
    assert "To mend by: you" in flat
    assert [step for step in found.steps if f"→ {step}" not in flat] == []
    assert "RFC 4954 section 6" in flat
    assert "[smtp.auth_invalid]" in flat
    assert "\x1b" not in shown


def test_a_link_stands_on_a_line_of_its_own(home: Path, capsys: Any) -> None:
    """It is whole, however narrow the terminal is, so that it can be clicked."""
    shown = said(capsys, "explain", "a1 NO [AUTHENTICATIONFAILED] no", "--host", "imap.mail.me.com")
    assert "  https://support.apple.com/102654" in shown.splitlines()
    assert "[app_password.icloud]" in shown


def test_words_without_quotes_are_one_text(home: Path, capsys: Any) -> None:
    """Who forgets the quotes is understood all the same."""
    assert "[smtp.auth_invalid]" in said(capsys, "explain", "535", "5.7.8", "no")


def test_json_is_one_document(home: Path, capsys: Any) -> None:
    """It holds all that a person reads, and names that stay."""
    document = json.loads(said(capsys, "--json", "explain", SAID))
    found = explain(SAID, language="en", rules=all_rules())
    assert document == {
        "diagnosis": {
            "rule": "smtp.auth_invalid",
            "protocol": "smtp",
            "error": "invalid_credentials",
            "cause": found.cause,
            "who": "person",
            "steps": list(found.steps),
            "link": None,
            "source": "RFC 4954 section 6",
            "read": "2026-11",
            "code": "535 5.7.8",
            "fingerprint": None,
        }
    }


def test_an_unknown_error_has_a_status_and_a_fingerprint(home: Path, capsys: Any) -> None:
    """What no rule knows ends with 11, keeps its code and tells what to do."""
    text = "599 5.9.99 Moon"
    shown = said(capsys, "explain", text, status=exits.STATUS["mailbox"])
    document = json.loads(said(capsys, "--json", "explain", text, status=11))
    found = document["diagnosis"]
    assert found["rule"] is None
    assert found["code"] == "599 5.9.99"
    assert re.fullmatch("[a-z2-7]{8}", found["fingerprint"])
    assert found["fingerprint"] in shown
    assert "[unexplained]" in shown
    assert document["error"]["code"] == "unexplained"
    assert "diagnosis" not in document["error"]


def test_secrets_in_an_unknown_error_are_not_shown(home: Path) -> None:
    """Neither for people nor in JSON, nor in the fingerprint."""
    text = "C: AUTH PLAIN AGFsaWNlAGh1bnRlcjI=\nS: 599 5.9.99 Moon, password=hunter2-Tr0ub4dor"
    runs = [
        program(home, *arguments, typed=text.encode())
        for arguments in (("explain", "-"), ("explain", "-", "--json"))
    ]
    for ran in runs:
        assert ran.returncode == 11
        assert b"AGFsaWNl" not in ran.stdout + ran.stderr
        assert b"hunter2" not in ran.stdout + ran.stderr
    other = program(home, "explain", "-", "--json", typed=text.replace("hunter2", "x9").encode())
    fingerprints = [
        json.loads(each.stdout)["diagnosis"]["fingerprint"] for each in (runs[1], other)
    ]
    assert len(set(fingerprints)) == 1


@pytest.mark.parametrize(
    "typed", [b"535 5.7.8 \xff\xfe no", b"log\n" * 1000 + b"535 5.7.8 no\n", b"535 5.7.8\r\n"]
)
def test_standard_input_may_be_anything(home: Path, typed: bytes) -> None:
    """A log of any encoding is read; the first thing that a rule knows counts."""
    ran = program(home, "explain", "-", typed=typed)
    assert ran.returncode == 0, ran.stderr
    assert b"[smtp.auth_invalid]" in ran.stdout


@pytest.mark.parametrize("typed", [b"", b" \n\t\n"])
def test_nothing_is_no_error_text(home: Path, typed: bytes) -> None:
    """An empty text is missing, which is a slip of whoever typed it."""
    ran = program(home, "explain", "-", typed=typed)
    assert ran.returncode == exits.STATUS["setup"]
    assert b"[value_missing]" in ran.stderr
    assert b"Traceback" not in ran.stderr


def test_without_a_text_the_usage_is_told(home: Path) -> None:
    """The command line is not understood then."""
    assert program(home, "explain").returncode == exits.USAGE


@pytest.mark.parametrize("text", ["\x1b[2J\x1b]0;x\x07 599 5.9.99", "\u202e599 5.9.99 evil"])
def test_a_text_cannot_steer_the_terminal(home: Path, text: str) -> None:
    """What is shown of it is cleaned."""
    ran = program(home, "explain", text)
    assert b"\x1b" not in ran.stdout + ran.stderr
    assert "\u202e".encode() not in ran.stdout + ran.stderr


def test_japanese_is_spoken(home: Path) -> None:
    """The whole answer is in the language that was asked for, by option or environment."""
    for ran in (
        program(home, "--lang", "ja", "explain", SAID, PYTHONIOENCODING="utf-8"),
        program(home, "explain", SAID, LC_ALL="ja_JP.UTF-8", PYTHONIOENCODING="utf-8"),
    ):
        shown = ran.stdout.decode()
        found = explain(SAID, language="ja", rules=all_rules())
        flat = "".join(shown.split())
        assert found.cause is not None
        assert "".join(found.cause.split()) in flat
        assert "対処できる人:あなた" in flat
        assert "Type the password" not in shown


def colours(home: Path, **environ: str) -> bool:
    """Whether the program colours its answer on a terminal."""
    leader, follower = pty.openpty()
    try:
        subprocess.run(
            [*MAIN, "explain", SAID],
            stdout=follower,
            stdin=subprocess.DEVNULL,
            check=True,
            env={**os.environ, "INBOXLINK_HOME": str(home), **environ},
        )
        return b"\x1b[1m" in os.read(leader, 65536)
    finally:
        os.close(leader)
        os.close(follower)


def test_colour_is_for_terminals_and_can_be_refused(home: Path) -> None:
    """A terminal gets it, NO_COLOR and a pipe do not, and no word is lost without it."""
    plain = {"NO_COLOR": ""}
    assert colours(home, **plain)
    assert not colours(home, NO_COLOR="1")
    ran = program(home, "explain", SAID)
    assert b"\x1b" not in ran.stdout
    assert b"[smtp.auth_invalid]" in ran.stdout


def test_nothing_heavy_is_loaded(home: Path) -> None:
    """A known error is explained without a provider, pydantic, rich, ssl or a socket."""
    modules = loaded(home, "explain", SAID)
    assert modules & set(HEAVY) == set()
    assert "inboxlink.diagnosis.matching" in modules


def test_only_providers_that_may_be_used_are_heard(home: Path) -> None:
    """A blocked provider's rules are not read; the standards' are."""
    text = "AADSTS53003: Access has been blocked."
    assert program(home, "explain", text).returncode == 0
    blocked = {"INBOXLINK_BLOCK_PROVIDERS": "inboxlink-outlook"}
    assert program(home, "explain", text, **blocked).returncode == 11
    assert program(home, "explain", SAID, **blocked).returncode == 0


def test_a_broken_configuration_keeps_nobody_from_an_explanation(home: Path) -> None:
    """Nobody knows then who may be used, so that the standards' rules alone count."""
    (home / "inboxlink.toml").write_text("[providers", encoding="utf-8")
    assert program(home, "explain", SAID).returncode == 0
    assert program(home, "explain", "AADSTS53003: no").returncode == 11


def test_somebody_elses_rules_count_once_they_are_enabled(home: Path, tmp_path: Path) -> None:
    """A distribution that was not enabled has no say in what an error means."""
    place = tmp_path / "place"
    package = place / "acme_mail"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    install(place, "acme-mail", "acme", entry="acme_mail.provider")
    rule = json.loads((ROOT / "core/src/inboxlink/diagnosis/rules/smtp.json").read_text("utf-8"))
    moon = rule["rules"][0] | {"id": "acme.moon", "codes": ["599 5.9.99"]}
    (package / "rules.json").write_text(json.dumps({"rules": [moon]}))
    path = {"PYTHONPATH": str(place)}
    assert program(home, "explain", "599 5.9.99 no", **path).returncode == 11
    assert program(home, "providers", "enable", "acme-mail", "--yes", **path).returncode == 0
    ran = program(home, "explain", "599 5.9.99 no", **path)
    assert ran.returncode == 0, ran.stderr
    assert b"[acme.moon]" in ran.stdout
