"""What the program tells of a connection that fails: in a report, at its end and as JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from diagnosis.world import all_rules
from imap.scripts import Peer, no
from imap.servers import Servers
from inboxlink.diagnosis import diagnose
from inboxlink.errors import Problem, problem
from inboxlink.texts import Words
from peers.certificates import Authority, Certificate
from peers.dovecot import Dovecot
from peers.fixtures import ALICE, PASSWORDS

MAIN = (sys.executable, "-c", "from inboxlink.cli import main; main()")
CONNECT = ("connect", ALICE, "--acknowledge", "imap.I@1", "--password-stdin")
DOMAIN = ALICE.partition("@")[2]

Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def program(home: Path, authority: Authority) -> Callable[[dict[str, str]], Program]:
    """The program of an installation that finds the mail servers of Alice's domain there."""

    def at(connect: dict[str, str]) -> Program:
        sections: dict[str, Any] = {
            "network": {
                "ca_file": str(authority.ca_file),
                "special_domains": [DOMAIN],
                "connect": connect,
            },
            "presets": {
                DOMAIN: {
                    "imap": {"host": f"imap.{DOMAIN}", "port": 993, "tls": "implicit"},
                    "smtp": {"host": f"smtp.{DOMAIN}", "port": 465, "tls": "implicit"},
                }
            },
        }
        (home / "inboxlink.toml").write_text(tomlkit.dumps(sections))
        return run

    def run(*arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*MAIN, *arguments],
            input=typed,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
            env={**os.environ, "INBOXLINK_HOME": str(home), "PYTHONIOENCODING": "utf-8"},
        )

    return at


@pytest.fixture
def scripted(
    program: Callable[[dict[str, str]], Program], servers: Servers, certificate: Certificate
) -> Callable[..., Program]:
    """The program before servers that follow a script."""

    def at(
        imap: Callable[[Peer], None] = Peer.imap, smtp: Callable[[Peer], None] = Peer.smtp
    ) -> Program:
        places = {"imap": (imap, 993), "smtp": (smtp, 465)}
        return program(
            {
                f"{name}.{DOMAIN}:{port}": f"127.0.0.1:{servers.serve(script)}"
                for name, (script, port) in places.items()
            }
        )

    return at


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_refused_password_is_diagnosed(
    program: Callable[[dict[str, str]], Program], dovecot: Dovecot
) -> None:
    """A real server's no ends in the rule of its code, for a person and as JSON."""
    run = program(dovecot.connect_map(DOMAIN))
    document = json.loads(run("--json", *CONNECT, typed="wrong\n").stdout)
    found = document["error"]["diagnosis"]
    assert found["rule"] == "imap.authenticationfailed"
    assert found["who"] == "person"
    assert found["code"] == "AUTHENTICATIONFAILED"
    stages = {
        each["stage"]: each["problem"] for each in document["report"]["checks"] if each["problem"]
    }
    assert stages["login"]["diagnosis"] == found
    refused = run(*CONNECT, typed="wrong again\n")
    shown = flat(refused.stderr)
    assert flat(found["cause"]) in shown
    assert [step for step in found["steps"] if f"→ {flat(step)}" not in shown] == []
    assert "To mend by: you" in shown
    assert "[invalid_credentials] [imap.authenticationfailed]" in shown


def test_it_is_told_in_japanese_too(scripted: Callable[..., Program]) -> None:
    """Cause, steps and who are in the language that was asked for."""
    run = scripted(imap=lambda peer: peer.imap(authenticate=no(b"[EXPIRED] over")))
    shown = run("--lang", "ja", *CONNECT, typed="old\n").stderr
    rule = next(each for each in all_rules().all if each.id == "imap.expired")
    tight = "".join(shown.split())
    assert "".join(rule.words["ja"].cause.split()) in tight
    assert "対処できる人:あなた" in tight


def test_what_inboxlink_does_not_know_a_rule_may(scripted: Callable[..., Program]) -> None:
    """A rule's cause stands where the error alone would say that nothing is known."""
    run = scripted(imap=lambda peer: peer.imap(authenticate=no(b"[CANNOT] That is not allowed")))
    shown = flat(run(*CONNECT, typed="wrong\n").stderr)
    rule = next(each for each in all_rules().all if each.id == "imap.cannot")
    assert f"✗ {rule.words['en'].cause}" in shown
    assert "not known here" not in shown
    assert "[remote_error] [imap.cannot]" in shown


def test_what_nobody_knows_has_a_fingerprint(scripted: Callable[..., Program]) -> None:
    """The server's words stay, beside a name for the error that can be reported."""
    run = scripted(imap=lambda peer: peer.imap(authenticate=no(b"[X-MOON] phase 3")))
    document = json.loads(run("--json", *CONNECT, typed="wrong\n").stdout)
    found = document["error"]["diagnosis"]
    assert (found["rule"], found["code"]) == (None, "X-MOON")
    shown = flat(run(*CONNECT, typed="wrong again\n").stderr)
    assert f"(fingerprint {found['fingerprint']})" in shown
    assert "[X-MOON] phase 3" in shown


def test_a_kept_mailbox_is_diagnosed(
    program: Callable[[dict[str, str]], Program],
    dovecot: Dovecot,
    servers: Servers,
    certificate: Certificate,
) -> None:
    """Verifying again, and what is kept of it, tell the causes of both directions."""
    run = program(dovecot.connect_map(DOMAIN))
    assert run("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n").returncode == 0
    over = servers.serve(lambda peer: peer.imap(authenticate=no(b"[UNAVAILABLE] later")))
    rejecting = servers.serve(
        lambda peer: peer.smtp(mail=lambda peer, _: peer.say(b"550 5.7.1 Relaying denied"))
    )
    run = program(
        {
            f"imap.{DOMAIN}:993": f"127.0.0.1:{over}",
            f"smtp.{DOMAIN}:465": f"127.0.0.1:{rejecting}",
        }
    )
    verified = run("accounts", "verify", ALICE)
    assert verified.returncode == 11
    causes = {each.id: flat(each.words["en"].cause) for each in all_rules().all}
    assert causes["imap.unavailable"] in flat(verified.stderr)
    # The first is told in full at the end, and the other below its stage.
    assert causes["imap.unavailable"] not in flat(verified.stdout)
    assert causes["smtp.relay_denied"] in flat(verified.stdout)
    kept = json.loads(run("--json", "accounts", "show", ALICE).stdout)
    rules = [
        each["problem"]["diagnosis"]["rule"] for each in kept["report"]["checks"] if each["problem"]
    ]
    assert rules == ["imap.unavailable", "smtp.relay_denied"]
    shown = flat(run("accounts", "show", ALICE).stdout)
    assert causes["imap.unavailable"] in shown
    assert causes["smtp.relay_denied"] in shown


def told(trouble: Problem) -> tuple[str, list[str]]:
    from inboxlink.cli.diagnoses import told as tell

    words = Words("en")
    found = diagnose(trouble, language="en", rules=all_rules())
    title, lines = tell(words, trouble, found if found.rule or found.fingerprint else None)
    return title, [f"{mark}{line}" for mark, line in lines]


def test_nothing_is_said_twice() -> None:
    """Of all that is shown of an error, no sentence stands there a second time."""
    import re

    for trouble in (
        problem("invalid_credentials", remote="[AUTHENTICATIONFAILED] no", host="h", port="1"),
        problem("certificate_expired", host="h", port="1"),
        problem("connection_refused", host="h", port="1"),
        problem("remote_error", remote="[CANNOT] no"),
        problem("remote_error", remote="[X-MOON] no"),
        problem("grant_ended", remote="invalid_grant: gone"),
    ):
        title, lines = told(trouble)
        said = [
            sentence
            for line in (title, *lines)
            for sentence in re.split(r"(?<=[.!?])\s+", line.removeprefix("  ").removeprefix("→ "))
        ]
        assert len(said) == len(set(said)), said


def test_an_error_of_another_kind_is_told_as_before() -> None:
    """A broken store is no connection's failure, and no rule is asked."""
    from inboxlink.cli.diagnoses import is_of_a_connection

    assert not is_of_a_connection(problem("store_corrupt"))
    assert not is_of_a_connection(problem("provider_raised"))
    assert is_of_a_connection(problem("invalid_credentials"))
    assert told(problem("value_missing", field="X"))[1][-1].startswith("  → ")
