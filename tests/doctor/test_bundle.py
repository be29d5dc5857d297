"""The support bundle: made at four kinds of servers, searched for every secret, and replayed."""

import base64
import json
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from core.custody import sql
from e2e.conftest import Program
from e2e.oauth_mailbox import Mailbox
from e2e.test_exchange import Connect, company, configured, connect
from exchange.test_sign_in import by_domain
from exchange.world import PASSWORD as ANNS
from exchange.world import World
from inboxlink.bundle.pseudonyms import Pseudonyms
from inboxlink.connect.host import Host
from inboxlink.connect.replaying import verify_again_from
from inboxlink.connect.supporting import Supporter, _inside
from inboxlink.errors import HostError, SetupError
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.report import VerifyReport
from peers.dovecot import Dovecot
from peers.fixtures import ALICE, PASSWORDS

__all__ = ["company", "configured", "connect"]

CONNECT = ("connect", ALICE, "--acknowledge", "imap.I@1", "--password-stdin")


def forms(secret: str) -> set[str]:
    """A secret in the clear, encoded for addresses, in hexadecimal, and anywhere in base64."""
    octets = secret.encode()
    found = {secret, quote(secret, safe=""), octets.hex(), octets.hex().upper()}
    for before in range(3):
        text = base64.b64encode(bytes(before) + octets).decode()
        inside = text[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        found |= {inside, inside.replace("+", "-").replace("/", "_")}
    return found


def found_in(text: str, secrets: Iterable[str]) -> list[str]:
    """The secrets that stand in a text, whatever JSON made of it."""
    plain = json.dumps(json.loads(text), ensure_ascii=False)
    both = (text + plain).casefold()
    return [secret for secret in secrets if any(form.casefold() in both for form in forms(secret))]


def checks(report: VerifyReport) -> list[tuple[Any, ...]]:
    return [
        (
            each.chain.value,
            each.stage,
            each.ok,
            each.is_granted,
            None if each.problem is None else each.problem.code,
        )
        for each in report.checks
    ]


def written(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (
            each["chain"],
            each["stage"],
            each["ok"],
            each["granted"],
            None if each["problem"] is None else each["problem"]["code"],
        )
        for each in document["report"]
    ]


def replayed(document: dict[str, Any]) -> VerifyReport:
    """The report of a fresh installation that knows no mailbox."""
    with Host() as host:
        return verify_again_from(host, document)


def bundled(home: Path, program: Program, address: str, status: int = 0, **given: Any) -> str:
    file = home / "bundle.json"
    file.unlink(missing_ok=True)
    ran = program("--json", "doctor", address, "--bundle", str(file), **given)
    assert ran.status == status, ran
    assert ran.json["bundle"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return file.read_text()


def secrets_of(home: Path, connection_id: str) -> set[str]:
    """What the vault has of a connection."""
    with Host() as host:
        credential = host.connections.credential(connection_id)
        return {each.get_secret_value() for each in credential.secrets.values()}


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_mailbox_over_imap(
    program: Program,
    home: Path,
    example_test: Dovecot,
    example_test_at: Callable[..., None],
    tls: str,
) -> None:
    """Dovecot's dialogue is there, the password and the address are not, and it replays."""
    example_test_at(example_test.connect_map("example.test"), tls=tls)
    made = program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    assert made.status == 0, made
    text = bundled(home, program, ALICE)
    assert found_in(text, {PASSWORDS[ALICE], ALICE}) == []
    document = json.loads(text)
    said = {each["role"]: each["turns"] for each in document["conversations"]}
    sent = [turn["sent"] for turn in said["imap"] if "sent" in turn]
    assert any(
        each.endswith(("AUTHENTICATE PLAIN [redacted]", "LOGIN [redacted]")) for each in sent
    )
    assert any("EXAMINE" in each for each in sent)
    greetings = [each.get("greeting") for each in document["conversations"]]
    assert [each is not None for each in greetings] == [tls == "starttls"] * 2
    assert any(turn.get("sent", "").startswith("AUTH ") for turn in said["submission"])
    assert document["connection"]["address"].endswith("@example.test")
    assert document["connection"]["address"] in "".join(
        turn.get("sent", "") for turn in said["submission"]
    ), "the same address has the same name everywhere"
    assert checks(replayed(document)) == written(document)
    assert all(ok for _, _, ok, _, _ in written(document))


def test_offline_it_holds_what_is_kept(program: Program, home: Path, example_test: Dovecot) -> None:
    """Without asking anybody: the stages of the last time, and no address either."""
    program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    # A name at the server that is no address, as some servers show it.
    sql(home / "data", """UPDATE connection SET settings = '{"username": "annabel"}'""")
    sql(
        home / "data",
        "UPDATE connection SET report = replace(report, '\"PLAIN\"', '\"as annabel\"')",
    )
    file = home / "kept.json"
    ran = program("--json", "doctor", ALICE, "--offline", "--bundle", str(file))
    assert ran.status == 0, ran
    text = file.read_text()
    assert found_in(text, {PASSWORDS[ALICE], ALICE, "annabel"}) == []
    document = json.loads(text)
    assert document["conversations"] == []
    assert '"as p' in text, "it stood in a stage"
    assert all(ok for _, _, ok, _, _ in written(document))


def test_what_failed_fails_again(program: Program, home: Path, example_test: Dovecot) -> None:
    """A password that was changed at the server: the refusal is in the bundle, and replays."""
    made = program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    with example_test.changed_password(ALICE, "another one entirely"):
        text = bundled(home, program, ALICE, status=10)
    document = json.loads(text)
    assert document["problem"]["code"] == "invalid_credentials"
    (diagnosis,) = document["diagnosis"]
    assert (diagnosis["stage"], diagnosis["error"]) == ("login", "invalid_credentials")
    assert diagnosis["rule"].startswith("imap.")
    assert diagnosis["steps"]
    assert found_in(text, {PASSWORDS[ALICE], ALICE}) == []
    again = replayed(document)
    assert checks(again) == written(document)
    assert again.first_problem is not None
    assert again.first_problem.code == "invalid_credentials"
    assert made.status == 0


def test_a_server_that_is_not_there(
    program: Program,
    home: Path,
    example_test: Dovecot,
    example_test_at: Callable[..., None],
) -> None:
    """What kept the connection from being made is recorded with its stage, and replays."""
    program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    nowhere = f"127.0.0.1:{CLOSED_PORT}"
    example_test_at(dict.fromkeys(example_test.connect_map("example.test"), nowhere))
    document = json.loads(bundled(home, program, ALICE, status=11))
    again = replayed(document)
    assert checks(again) == written(document)
    assert ("receive", "tcp", False, True, "connection_refused") in written(document)


@pytest.mark.parametrize("name", ["gmail", "outlook"])
def test_a_mailbox_by_an_api(
    name: str, request: pytest.FixtureRequest, home: Path, program: Program
) -> None:
    """Of a whole life at Google and Microsoft no token, code or address stands in the bundle."""
    mailbox: Mailbox = request.getfixturevalue(name)
    recorder = mailbox.recorded()
    connection_id = mailbox.connected()
    sql(home / "data", "UPDATE connection SET expires_at = '2020-01-01T00:00:00.000000+00:00'")
    text = bundled(home, program, mailbox.address, environ=mailbox.environ)
    secrets = recorder.secrets() | secrets_of(home, connection_id) | {mailbox.address}
    secrets |= {mailbox.client[each] for each in mailbox.client if each == "client_secret"}
    cached = [part for each in secrets for part in _inside(each)]
    assert bool(cached) == (name == "outlook"), "msal keeps its tokens in one text"
    secrets |= set(cached)
    assert len(secrets) > 5, "there was much to be found"
    assert found_in(text, secrets) == []
    document = json.loads(text)
    hooks = {each["hook"] for each in document["conversations"]}
    assert hooks == {"refresh", "verify"}, "the renewal is in it, too"
    asked = [
        turn["asked"]
        for each in document["conversations"]
        for turn in each["turns"]
        if "asked" in turn
    ]
    assert {each["headers"].get("Authorization") for each in asked} >= {"Bearer [redacted]"}
    assert checks(replayed(document)) == written(document)
    assert all(ok for _, _, ok, _, _ in written(document))


@pytest.mark.parametrize("scheme", ["basic", "ntlm"])
def test_a_mailbox_at_exchange(
    connect: Connect, company: World, program: Program, home: Path, scheme: str
) -> None:
    """EWS, signed in by a password in a header or by NTLM's handshake, which replays as well."""
    by_domain(company)
    made = connect(f"--set=scheme={scheme}")
    assert made.status == 0, made
    text = bundled(home, program, company.address)
    username = made.json["account"]["username"]
    assert found_in(text, {ANNS, company.address, username}) == []
    document = json.loads(text)
    assert checks(replayed(document)) == written(document)
    assert all(ok for _, _, ok, _, _ in written(document))


@pytest.mark.parametrize("secret", ["correct horse", ALICE])
def test_the_search_finds_what_was_planted(secret: str) -> None:
    """The scan of these tests is not blind: each form that is put into a bundle is found."""
    for form in forms(secret):
        assert found_in(json.dumps({"said": f"x{form}y"}), {secret}) == [secret], form
    assert found_in(json.dumps({"said": "nothing"}), {secret}) == []


def test_a_leak_is_not_written(
    program: Program, home: Path, example_test: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where redaction itself is broken, the last look finds the secret and nothing is written."""
    program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    for planted in (PASSWORDS[ALICE], quote(PASSWORDS[ALICE], safe=""), ALICE):
        with Host() as host:
            connection = host.connections.page(None).items[0]
            supporter = Supporter(host)
            found = supporter.examine(connection, language="en")
            with monkeypatch.context() as broken:
                broken.setattr(Pseudonyms, "prose", lambda _, text, put=planted: f"{text} {put}")
                with pytest.raises(HostError, match="^bundle_unsafe$"):
                    supporter.bundle(examination=found)
            supporter.bundle(examination=found)


def test_a_file_that_is_there_is_not_overwritten(
    program: Program, home: Path, example_test: Dovecot
) -> None:
    """Nor is a link followed, which somebody else may have put there."""
    program("--json", *CONNECT, typed=PASSWORDS[ALICE] + "\n")
    mine = home / "mine"
    mine.write_text("mine")
    (home / "link").symlink_to(home / "elsewhere")
    for path in (mine, home / "link"):
        ran = program("--json", "doctor", ALICE, "--offline", "--bundle", str(path))
        assert (ran.status, ran.json["error"]["code"]) == (12, "bundle_unwritable")
    assert mine.read_text() == "mine"
    assert not (home / "elsewhere").exists()


def test_without_a_name_it_is_named_by_the_time(
    program: Program, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`doctor --bundle` alone is of the installation, and names no path of this machine."""
    monkeypatch.chdir(tmp_path)
    ran = program("doctor", "--offline", "--bundle")
    assert ran.status == 0, ran
    (file,) = tmp_path.glob("inboxlink-bundle-*.json")
    assert file.name in ran.out
    document = json.loads(file.read_text())
    assert document["format"] == "inboxlink-bundle/1"
    assert [each["name"] for each in document["checks"]][:2] == ["config", "versions"]
    assert str(home) not in file.read_text()
    assert "connection" not in document


def test_what_is_no_bundle_is_not_replayed(home: Path) -> None:
    """One of an installation, of another form, or with a member that is none."""
    good = {"format": "inboxlink-bundle/1", "made_at": "2026-11-26T00:00:00+00:00"}
    for document in ({}, good, good | {"connection": {}, "conversations": [{"door": "x"}]}):
        with Host() as host, pytest.raises(SetupError, match="^bundle_invalid$"):
            verify_again_from(host, document)
