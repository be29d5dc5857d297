"""A mailbox at a real dovecot, connected, kept and taken away by the command line."""

import base64
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Program
from inboxlink.testing.peers.ports import CLOSED_PORT
from peers.certificates import Authority
from peers.dovecot import Dovecot, LoginAttempt
from peers.fixtures import ALICE, BOB, PASSWORDS

CONNECT = ("connect", ALICE, "--acknowledge", "imap.I@1", "--password-stdin")


def stored_bytes(home: Path) -> bytes:
    """Every byte that the installation keeps, the key file apart."""
    return b"".join(
        path.read_bytes()
        for path in (home / "data").iterdir()
        if path.is_file() and path.name != "vault.key"
    )


def encodings(password: str) -> dict[str, bytes]:
    """The forms in which a password travels."""
    raw = password.encode()
    return {
        "raw": raw,
        "base64": base64.b64encode(raw),
        "plain": base64.b64encode(b"\0" + ALICE.encode() + b"\0" + raw),
        "login_user": base64.b64encode(ALICE.encode() + b"\0" + raw),
        "hex": raw.hex().encode(),
    }


def settled(dovecot: Dovecot, count: int) -> list[LoginAttempt]:
    """The attempts, once dovecot has logged that many; it does so when a connection ends."""
    deadline = time.monotonic() + 5
    while len(dovecot.attempts()) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return dovecot.attempts()


def test_connects_and_lists_an_active_account(program: Program, example_test: Dovecot) -> None:
    """A scripted connect against dovecot ends in one account that is active."""
    # req 2, 22, 23, 28, 94, 95, 97, 104
    connected = program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    assert connected.status == 0, connected
    assert connected.json["report"]["can_receive"] is True
    assert connected.json["report"]["can_send"] is True
    stages = [(c["chain"], c["stage"]) for c in connected.json["report"]["checks"]]
    assert stages == [
        *(
            ("receive", stage)
            for stage in (
                *("dns", "tcp", "tls", "capability", "login", "identity", "select"),
                "sent_folder",
            )
        ),
        *(("send", stage) for stage in ("dns", "tcp", "tls", "ehlo", "auth", "sender")),
    ]
    listed = program("--json", "accounts", "list").json["accounts"]
    assert [(each["address"], each["state"]) for each in listed] == [(ALICE, "active")]
    assert settled(example_test, 2) == [
        LoginAttempt("imap", ALICE, ok=True),
        LoginAttempt("submission", ALICE, ok=True),
    ]


def test_a_wrong_password_is_tried_once_and_stores_nothing(
    program: Program, example_test: Dovecot, home: Path
) -> None:
    """A wrong password costs one attempt over IMAP and SMTP together, and leaves ledger rows."""
    # req 107, 109
    failed = program("--json", *CONNECT, typed="not the password\n")
    assert failed.status == 10
    assert failed.json["error"]["code"] == "invalid_credentials"
    assert failed.json["error"]["blame"] == "person"
    sent = [c for c in failed.json["report"]["checks"] if c["stage"] == "auth"]
    assert sent[0]["ok"] is None
    assert settled(example_test, 1) == [LoginAttempt("imap", ALICE, ok=False)]
    time.sleep(0.2)  # an attempt too many would be logged a moment later
    assert len(example_test.attempts()) == 1
    database = sqlite3.connect(home / "data" / "inboxlink.db")
    counts = {
        table: database.execute(f"select count(*) from {table}").fetchone()[0]
        for table in ("connection", "connection_secret", "flow", "ledger_entry")
    }
    database.close()
    assert counts == {"connection": 0, "connection_secret": 0, "flow": 0, "ledger_entry": 1}


def test_nothing_is_sent_before_the_acknowledgement(
    program: Program, example_test: Dovecot
) -> None:
    """Without its acknowledgement the connect is refused by name, and no password is used."""
    # req 26, 93, 107
    refused = program("--json", "connect", ALICE, "--password-stdin", typed="x\n")
    assert refused.status == 14
    assert refused.json["error"]["code"] == "acknowledgement_missing"
    assert "imap.I@1" in refused.json["error"]["message"]
    assert example_test.attempts() == []


def test_the_password_is_nowhere_in_the_clear(
    program: Program, example_test: Dovecot, home: Path
) -> None:
    """Raw, base64, SASL and hexadecimal forms of the password: no hit in output or database."""
    outputs = []
    for password in (PASSWORDS[ALICE], "a wrong password"):
        ran = program("--json", *CONNECT, typed=password + "\n")
        outputs.append((ran.out + ran.err).encode())
    outputs += [
        (ran.out + ran.err).encode()
        for ran in (
            program("--json", "accounts", "list"),
            program("--json", "consent", "show"),
            program("consent", "export"),
            program("--json", "config", "show"),
        )
    ]
    haystack = stored_bytes(home) + b"".join(outputs)
    for password in (PASSWORDS[ALICE], "a wrong password"):
        hits = [name for name, form in encodings(password).items() if form in haystack]
        assert hits == []


def test_a_message_to_oneself_is_found_and_removed(program: Program, example_test: Dovecot) -> None:
    """The opted-in message proves both directions and the address, and does not stay."""
    before = len(example_test.messages(ALICE))
    connected = program("--json", *CONNECT, "--send-test-message", typed=PASSWORDS[ALICE] + "\n")
    assert connected.status == 0, connected
    assert connected.json["account"]["identities"] == [
        {"address": ALICE, "proof": "proven", "subject": None}
    ]
    assert len(example_test.messages(ALICE)) == before


def test_the_success_page_names_the_provider(program: Program, example_test: Dovecot) -> None:
    """A person reads that their IMAP inbox is connected, after the stages and not before."""
    # req 27, 28
    shown = program(*CONNECT, typed=PASSWORDS[ALICE] + "\n").out
    assert shown.index("send as this address") < shown.index("Your IMAP inbox is connected.")
    refused = program("--lang", "ja", "connect", BOB, *CONNECT[2:], typed="wrong\n")
    assert "IMAP の受信トレイが接続されました" not in refused.out


def test_one_person_connects_two_mailboxes(program: Program, example_test: Dovecot) -> None:
    """Several mailboxes belong to one person; the same one twice is refused."""
    # req 10
    for address in (ALICE, BOB):
        arguments = ("connect", address, "--acknowledge", "imap.I@1", "--password-stdin")
        assert program(*arguments, typed=PASSWORDS[address] + "\n").status == 0
    again = program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    assert again.json["error"]["code"] == "already_connected"
    assert len(program("--json", "accounts", "list").json["accounts"]) == 2


def test_disconnecting_removes_the_secret_and_explains_both_acts(
    program: Program, example_test: Dovecot, home: Path
) -> None:
    """After disconnecting no secret is left, and revoking at the provider is explained."""
    # req 110
    program(*CONNECT, typed=PASSWORDS[ALICE] + "\n")
    ended = program("accounts", "disconnect", ALICE, "--yes")
    assert ended.status == 0
    assert "changes nothing at the provider" in " ".join(ended.out.split())
    database = sqlite3.connect(home / "data" / "inboxlink.db")
    assert database.execute("select count(*) from connection_secret").fetchone() == (0,)
    database.close()
    shown = program("--json", "consent", "show").json["entries"]
    assert [each["kind"] for each in shown] == ["acknowledged", "automation", "disconnected"]
    assert program("consent", "verify").status == 0


def test_reconnecting_keeps_the_id(program: Program, example_test: Dovecot) -> None:
    """Signing in again replaces the secret and keeps the connection's id."""
    first = program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n").json["account"]["id"]
    arguments = ("accounts", "reconnect", ALICE, "--acknowledge", "imap.I@1", "--password-stdin")
    wrong = program("--json", *arguments, typed="wrong\n")
    assert wrong.json["error"]["code"] == "invalid_credentials"
    assert program("--json", "accounts", "verify", ALICE).status == 0, "the old secret stays"
    again = program("--json", *arguments, typed=PASSWORDS[ALICE] + "\n")
    assert again.json["account"]["id"] == first


def test_automation_is_a_consent_of_its_own(program: Program, example_test: Dovecot) -> None:
    """Inbox automation is off unless asked for, can be switched, and every switch is a row."""
    # req 20
    account = program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n").json["account"]
    assert account["inbox_automation"] is False
    switched = program("--json", "accounts", "automation", ALICE, "on").json["account"]
    assert switched["inbox_automation"] is True
    program("accounts", "automation", ALICE, "off")
    rows = program("--json", "consent", "show").json["entries"]
    assert [each["details"]["on"] for each in rows if each["kind"] == "automation"] == [
        *(False, True, False)
    ]


def test_rotating_the_key_keeps_the_connection(program: Program, example_test: Dovecot) -> None:
    """After a rotation the stored password still signs in."""
    program(*CONNECT, typed=PASSWORDS[ALICE] + "\n")
    before = program("--json", "vault", "rotate").json
    after = program("--json", "vault", "rotate").json
    assert (before["resealed"], after["resealed"]) == (1, 1)
    assert before["key_id"] != after["key_id"]
    assert program("accounts", "verify", ALICE).status == 0


def test_servers_from_the_hand(
    program: Program,
    configure: Callable[..., None],
    dovecot: Dovecot,
    authority: Authority,
) -> None:
    """Where nothing is detected, the servers are set by name and STARTTLS is done."""
    # req 25, 99, 101
    configure(
        network={
            "ca_file": str(authority.ca_file),
            "special_domains": ["example.test"],
            "connect": dovecot.connect_map("example.test"),
        }
    )
    servers = {
        "imap_host": "imap.example.test",
        "imap_port": "143",
        "smtp_host": "smtp.example.test",
        "smtp_port": "587",
    }
    arguments = [*CONNECT, "--lookup", "offline", "--provider", "imap"]
    missing = program("--json", *arguments, typed=PASSWORDS[ALICE] + "\n")
    assert missing.json["error"]["code"] == "value_missing"
    assert "imap_host" in missing.json["error"]["message"]
    for name, value in servers.items():
        arguments += ["--set", f"{name}={value}"]
    connected = program("--json", *arguments, typed=PASSWORDS[ALICE] + "\n")
    assert connected.status == 0, connected
    assert [each["tls"] for each in connected.json["account"]["endpoints"]] == ["starttls"] * 2


def test_a_server_that_is_down_is_named(
    program: Program, configure: Callable[..., None], dovecot: Dovecot, authority: Authority
) -> None:
    """Where a detected server does not answer, that is the error, and not a missing value."""
    servers = dovecot.connect_map("example.test")
    configure(
        network={
            "ca_file": str(authority.ca_file),
            "special_domains": ["example.test"],
            "connect": servers | {"smtp.example.test:465": f"127.0.0.1:{CLOSED_PORT}"},
        },
        presets={
            "example.test": {
                "imap": {"host": "imap.example.test", "port": 993, "tls": "implicit"},
                "smtp": {"host": "smtp.example.test", "port": 465, "tls": "implicit"},
            }
        },
    )
    refused = program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    assert (refused.status, refused.json["error"]["code"]) == (11, "connection_refused")
    other = ("--set", "smtp_host=smtp.example.test", "--set", "smtp_port=587")
    mended = program("--json", *CONNECT, *other, typed=PASSWORDS[ALICE] + "\n")
    assert mended.status == 0, mended


def test_an_unknown_ca_is_trusted_by_exact_pin_only(
    program: Program, configure: Callable[..., None], dovecot: Dovecot, authority: Authority
) -> None:
    """A certificate of an unknown CA is refused, and accepted with its digest alone."""
    # req 102
    configure(
        network={
            "special_domains": ["example.test"],
            "connect": dovecot.connect_map("example.test"),
        },
        presets={
            "example.test": {
                "imap": {"host": "imap.example.test", "port": 993, "tls": "implicit"},
                "smtp": {"host": "smtp.example.test", "port": 465, "tls": "implicit"},
            }
        },
    )
    refused = program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    assert refused.json["error"]["code"] == "certificate_declined"
    assert dovecot.attempts() == []
    digest = leaf_digest(dovecot)
    trust = [
        option
        for endpoint in ("imap.example.test:993", "smtp.example.test:465")
        for option in ("--trust", f"{endpoint}=sha256:{digest}")
    ]
    wrong = [each.replace(digest, "0" * 64) for each in trust]
    again = program("--json", *CONNECT, *wrong, typed=PASSWORDS[ALICE] + "\n")
    assert again.json["error"]["code"] == "certificate_declined"
    connected = program("--json", *CONNECT, *trust, typed=PASSWORDS[ALICE] + "\n")
    assert connected.status == 0, connected
    pins = [each["pin"] for each in connected.json["account"]["endpoints"]]
    assert pins == [f"sha256:{digest}"] * 2
    assert program("accounts", "verify", ALICE).status == 0


def leaf_digest(dovecot: Dovecot) -> str:
    """SHA-256 of the certificate that dovecot shows."""
    import hashlib
    import ssl

    pem = ssl.get_server_certificate(("127.0.0.1", dovecot.imaps))
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"personal_email_access": ["somebody-else"]}, "not_permitted"),  # req 19
        ({"max_mailboxes": 1}, "too_many_mailboxes"),
    ],
)
def test_the_operator_says_who_may_connect(
    program: Program,
    example_test: Dovecot,
    home: Path,
    settings: dict[str, Any],
    code: str,
) -> None:
    """Permission and number are checked before anything is asked."""
    program(*CONNECT, typed=PASSWORDS[ALICE] + "\n")
    import tomlkit

    file = home / "inboxlink.toml"
    file.write_text(file.read_text() + "\n" + tomlkit.dumps({"connect": settings}))
    refused = program("--json", "connect", BOB)
    assert (refused.status, refused.json["error"]["code"]) == (12, code)


def test_a_team_mailbox_is_pointed_to_the_team_flow(
    program: Program, example_test: Dovecot
) -> None:
    """IMAP refuses a shared address and names Gmail and Microsoft 365."""
    # req 11, 12, 89
    refused = program(*CONNECT, "--team", typed=PASSWORDS[ALICE] + "\n")
    assert refused.status == 12
    assert "Microsoft 365" in refused.err
    assert example_test.attempts() == []
