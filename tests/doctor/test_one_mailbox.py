"""`inboxlink doctor ADDRESS`: the stages of one connection, and what to do about them."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.custody import sql
from e2e.conftest import Program
from e2e.oauth_mailbox import Mailbox
from imap.scripts import Peer
from inboxlink.testing.peers.ports import CLOSED_PORT
from peers.certificates import Authority
from peers.dovecot import Dovecot
from peers.fixtures import ALICE, BOB, PASSWORDS
from peers.oauth.microsoft_answers import token_error
from peers.scripted import Conversation, ScriptedServer

CONNECT = ("connect", ALICE, "--acknowledge", "imap.I@1", "--password-stdin")


@pytest.fixture
def connected(program: Program, example_test: Dovecot) -> Dovecot:
    """Alice's mailbox at dovecot, connected."""
    ran = program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    assert ran.status == 0, ran
    return example_test


def test_each_stage_is_shown(program: Program, connected: Dovecot) -> None:
    """Both directions stage by stage, in words with marks, and as JSON."""
    ran = program("--json", "doctor", ALICE)
    assert ran.status == 0, ran
    document = ran.json
    assert document["healthy"] is True
    assert (document["account"]["address"], document["account"]["at_risk"]) == (ALICE, [])
    stages = [each["stage"] for each in document["report"]["checks"] if each["chain"] == "receive"]
    assert stages[:4] == ["dns", "tcp", "tls", "capability"]
    assert all(each["ok"] for each in document["report"]["checks"])
    shown = program("doctor", ALICE)
    assert shown.status == 0
    assert "✓ " in shown.out
    assert f"{ALICE}: active" in shown.out
    assert PASSWORDS[ALICE] not in ran.out + shown.out + shown.err


def test_a_stage_that_fails_is_named_with_who_can_mend_it(
    program: Program, connected: Dovecot
) -> None:
    """The status is that of the trouble, and the stages after it are not reached."""
    with connected.changed_password(ALICE, "another one"):
        ran = program("--json", "doctor", ALICE)
    assert ran.status == 10, ran
    assert (ran.json["healthy"], ran.json["error"]["code"]) == (False, "invalid_credentials")
    assert ran.json["error"]["blame"] == "person"
    assert ran.json["account"]["state"] == "needs_reauth"
    receive = {
        each["stage"]: each["ok"]
        for each in ran.json["report"]["checks"]
        if each["chain"] == "receive"
    }
    assert (receive["tls"], receive["login"], receive["select"]) == (True, False, None)
    again = program("--json", "doctor", ALICE)
    assert (again.status, again.json["error"]["code"]) == (12, "sign_in_again")
    offline = program("--json", "doctor", ALICE, "--offline")
    assert (offline.status, offline.json["error"]["code"]) == (10, "invalid_credentials")


def test_offline_nothing_is_asked(
    program: Program, connected: Dovecot, example_test_at: Callable[..., None]
) -> None:
    """With `--offline` the stages of the last time are shown, whatever the servers do now."""
    nowhere = f"127.0.0.1:{CLOSED_PORT}"
    example_test_at(dict.fromkeys(connected.connect_map("example.test"), nowhere))
    ran = program("--json", "doctor", ALICE, "--offline")
    assert (ran.status, ran.json["healthy"]) == (0, True)
    assert all(each["ok"] for each in ran.json["report"]["checks"])
    assert program("--json", "doctor", ALICE).status == 11


def test_a_mailbox_that_is_not_connected_is_said_to_be_none(
    program: Program, connected: Dovecot
) -> None:
    """A typing error in the address is no fault of a server."""
    ran = program("--json", "doctor", BOB)
    assert (ran.status, ran.json["error"]["code"]) == (14, "connection_unknown")


def test_a_certificate_that_is_late_is_at_risk(
    program: Program,
    home: Path,
    connected: Dovecot,
) -> None:
    """Both directions note how long their server's certificate is valid; a late one is told."""
    ran = program("--json", "doctor", ALICE)
    assert ran.json["account"]["at_risk"] == [], "thirty days of thirty-one are left"
    (row,) = sql(home / "data", "SELECT report FROM connection")
    report = json.loads(row[0])
    seen = [each["certificate"] for each in report["checks"] if each["stage"] == "tls"]
    assert len(seen) == 2
    assert all(seen)
    now = datetime.now(UTC)
    for each in report["checks"]:
        if each["stage"] == "tls":
            each["certificate"]["begins_at"] = (now - timedelta(days=360)).isoformat()
            each["certificate"]["ends_at"] = (now + timedelta(days=5.5)).isoformat()
    sql(home / "data", "UPDATE connection SET report = :r", r=json.dumps(report))
    ran = program("--json", "doctor", ALICE, "--offline")
    assert ran.status == 0, "it is no fault yet"
    assert [(each["what"], each["days_left"]) for each in ran.json["account"]["at_risk"]] == [
        ("certificate", 5),
        ("certificate", 5),
    ]
    text = " ".join(program("doctor", ALICE, "--offline").out.split())
    assert "imap.example.test:993 ends" in text
    assert "5 days left" in text


def test_what_an_administrator_must_mend_comes_with_the_letter(
    outlook: Mailbox,
) -> None:
    """A policy that ends a connection later on: the letter names the way back, without a ticket."""
    connection_id = outlook.connected()
    data = outlook.home / "data"
    sql(data, "UPDATE connection SET expires_at = '2020-01-01T00:00:00.000000+00:00'")
    outlook.world.faults.at_token(token_error(53003))
    document = outlook.run("doctor", outlook.address, status=10)
    assert document["error"]["code"] == "admin_policy"
    handed = document["hand_off"]
    assert handed["ticket"] is None
    for letter in handed["letters"]:
        assert f"inboxlink accounts reconnect {connection_id}" in letter["body"]
        assert re.search("Conditional Access|条件付きアクセス", letter["body"])
    assert outlook.run("connect", "--resume")["tickets"] == []


def without_smtp(conversation: Conversation) -> None:
    """Microsoft's answer where an organisation has switched SMTP with a password off."""

    def refused(peer: Peer, _: bytes) -> None:
        said = b"SmtpClientAuthentication is disabled for the Tenant."
        peer.say(b"535 5.7.139 Authentication unsuccessful, " + said)

    Peer(conversation, []).smtp(auth=refused)


def test_a_direction_that_an_administrator_can_open_comes_with_the_letter(
    program: Program,
    configure: Callable[..., None],
    dovecot: Dovecot,
    authority: Authority,
    tmp_path: Path,
) -> None:
    """Mail is received and SMTP is switched off: the mailbox is kept, with the letter for the rest.

    It holds the command for this one mailbox; the list says until when that would help.
    """
    smtp = "smtp.office365.com"
    with ScriptedServer(without_smtp, authority.issue(smtp), implicit=True) as server:
        configure(
            application={"name": "Acme CRM"},
            network={
                "ca_file": str(authority.ca_file),
                "special_domains": ["example.test"],
                "connect": {
                    **dovecot.connect_map("example.test"),
                    f"{smtp}:465": f"127.0.0.1:{server.port}",
                },
            },
            presets={
                "example.test": {
                    "imap": {"host": "imap.example.test", "port": 993, "tls": "implicit"},
                    "smtp": {"host": smtp, "port": 465, "tls": "implicit"},
                }
            },
        )
        letter = tmp_path / "letter.txt"
        more = ("--accept-partial", f"--letter={letter}")
        ran = program("--json", *CONNECT, *more, typed=PASSWORDS[ALICE] + "\n")
        assert ran.status == 0, ran
        assert (ran.json["connected"], ran.json["account"]["state"]) == (True, "receive_only")
        connection_id = ran.json["account"]["id"]
        command = f"Set-CASMailbox -Identity '{ALICE}' -SmtpClientAuthenticationDisabled $false"
        for said in (ran.json["hand_off"]["letters"][0]["body"], letter.read_text()):
            assert command in said
            assert f"inboxlink accounts reconnect {connection_id}" in said
        assert ran.json["hand_off"]["ticket"] is None, "it is connected already"
        found = program("--json", "doctor", ALICE)
        assert (found.status, found.json["healthy"]) == (0, True)
        assert command in found.json["hand_off"]["letters"][0]["body"]
    (risk,) = program("--json", "accounts", "list").json["accounts"][0]["at_risk"]
    assert risk["what"] == "smtp_password_online"
    assert smtp in risk["message"]


def test_a_letter_that_has_no_place_is_said_before_anything_is_done(
    program: Program, example_test: Dovecot, tmp_path: Path
) -> None:
    """Nobody signs in and then learns that the file is there; there is one document."""
    example_test.forget()
    there = tmp_path / "there.txt"
    there.write_text("mine")
    for path in (there, tmp_path / "no" / "where.txt"):
        ran = program("--json", *CONNECT, f"--letter={path}", typed=PASSWORDS[ALICE] + "\n")
        assert (ran.status, ran.json["error"]["code"]) == (12, "letter_unwritable")
    assert there.read_text() == "mine"
    assert example_test.attempts() == []


def test_the_program_reads_in_japanese(program: Program, connected: Dovecot) -> None:
    """The same marks, and every word in the person's language."""
    with connected.changed_password(ALICE, "another one"):
        ran = program("--lang", "ja", "doctor", ALICE)
    assert ran.status == 10
    assert f"{ALICE}: 再サインインが必要" in ran.out
    assert "✗" in ran.out + ran.err
    assert not re.search(r"\{\w+\}", ran.out + ran.err)
