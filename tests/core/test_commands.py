"""Commands that ask no server, as the program runs them: what they say and what they change."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import files
from pathlib import Path
from typing import Any

import pytest

from core.custody import a_connection, a_credential
from core.distributions import install
from core.test_flows import begun, play, script
from inboxlink import hookimpl
from inboxlink.cli.app import run
from inboxlink.connect.host import Host
from inboxlink.connect.request import Connected
from inboxlink.store.connections import Connection
from inboxlink.types.provider import RevokeResult
from inboxlink.types.text import Text

GOOD = ("--imap-host", "imap.example.org", "--smtp-host", "smtp.example.org")


def said(capsys: Any, *arguments: str, status: int = 0) -> str:
    """Both outputs of one run, which must end with this status."""
    assert run(arguments) == status
    captured = capsys.readouterr()
    return str(captured.out + captured.err)


def document(capsys: Any, *arguments: str, status: int = 0) -> Any:
    assert run([*arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def connect(scripted: Host, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Connection]:
    """Connects a mailbox of the person who runs the commands."""
    monkeypatch.setenv("LOGNAME", "me")

    def signed_in(typed: str = "me@scripted.test") -> Connection:
        outcome = play(scripted, begun(scripted, typed), script())
        assert isinstance(outcome, Connected)
        return outcome.connection

    return signed_in


def test_presets_come_and_go(home: Path, capsys: Any) -> None:
    """A preset that is written is listed, for people and as JSON, until it is removed."""
    # req 97
    listed = said(capsys, "presets", "list")
    said(
        capsys,
        "presets",
        "set",
        "example.org",
        *GOOD,
        "--smtp-port",
        "587",
        "--smtp-tls",
        "starttls",
    )
    shown = said(capsys, "presets", "list")
    assert shown != listed
    assert all(part in shown for part in ("example.org", "993", "587"))
    presets = document(capsys, "presets", "list")["presets"]
    assert presets["example.org"]["smtp"] == {
        "host": "smtp.example.org",
        "port": 587,
        "tls": "starttls",
    }
    assert document(capsys, "presets", "remove", "example.org")["preset"] is None
    assert said(capsys, "presets", "list") == listed
    assert "preset_unknown" in said(capsys, "presets", "remove", "example.org", status=12)
    said(capsys, "presets", "set", "example.org", *GOOD)
    assert "example.org" in said(capsys, "presets", "remove", "example.org")
    assert home.joinpath("inboxlink.toml").exists()


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        (("--imap-port", "993", "--imap-tls", "starttls"), "imap_port_and_tls"),
        (("--imap-port", "143"), "imap_port_and_tls"),
        (("--smtp-port", "465", "--smtp-tls", "starttls"), "smtp_port_and_tls"),
        (("--smtp-port", "587"), "smtp_port_and_tls"),
        (("--smtp-port", "25"), "smtp_port_25"),
        (("--imap-port", "995"), "pop3_port"),
        (("--username", "everybody"), "username_for_everyone"),
    ],
)
def test_a_preset_that_would_surprise_is_found(
    home: Path, capsys: Any, options: tuple[str, ...], finding: str
) -> None:
    """Each kind of surprise is named, in words too, and only where it is."""
    said(capsys, "presets", "set", "example.org", *GOOD)
    assert document(capsys, "presets", "lint") == {"findings": []}
    clean = said(capsys, "presets", "lint")
    said(capsys, "presets", "set", "example.org", *GOOD, *options)
    found = document(capsys, "presets", "lint", status=12)["findings"]
    assert found == [{"domain": "example.org", "finding": finding}]
    shown = said(capsys, "presets", "lint", status=12)
    assert shown.startswith("✗ example.org: ")
    assert shown != clean


def test_a_preset_for_what_is_no_label_is_found(home: Path, capsys: Any) -> None:
    """A domain that somebody wrote into the file as it is spoken will never be asked for."""
    said(capsys, "presets", "set", "example.org", *GOOD)
    file = home / "inboxlink.toml"
    file.write_text(file.read_text().replace("example.org", "exämple.org", 1))
    findings = document(capsys, "presets", "lint", status=12)["findings"]
    assert findings == [{"domain": "exämple.org", "finding": "domain_not_a_label"}]


def test_the_configuration_is_shown_without_its_secret(home: Path, capsys: Any) -> None:
    """A database's URL can hold a password, and is not shown; everything else is."""
    assert document(capsys, "config", "check")["exists"] is False
    absent = said(capsys, "config", "check")
    (home / "inboxlink.toml").write_text(
        '[application]\nname = "Acme"\n[store]\nurl = "postgresql://me:s3cret@db/x"\n'
    )
    assert document(capsys, "config", "check")["exists"] is True
    assert said(capsys, "config", "check") != absent
    shown = said(capsys, "config", "show")
    assert 'name = "Acme"' in shown
    assert "s3cret" not in shown
    assert document(capsys, "config", "show")["config"]["store"]["url"] == "***"


def test_a_connection_is_shown_switched_and_ended(scripted: Host, capsys: Any) -> None:
    """What is kept of a mailbox is shown in words and as JSON, before and after its end."""
    # req 20, 110
    outcome = play(scripted, begun(scripted), script())
    assert isinstance(outcome, Connected)
    name = outcome.connection.id
    shown = said(capsys, "accounts", "show", name)
    for part in ("me@scripted.test", "imap.scripted.test:993", "scripted.S@1"):
        assert part in shown
    account = document(capsys, "accounts", "show", name)["account"]
    assert (account["address"], account["state"]) == ("me@scripted.test", "active")
    assert document(capsys, "accounts", "automation", name, "on")["account"]["inbox_automation"]
    off = said(capsys, "accounts", "automation", name, "off")
    assert "me@scripted.test" in off
    assert not scripted.connections.get(name).inbox_automation
    assert "active" in document(capsys, "accounts", "verify", name)["account"]["state"]
    assert "me@scripted.test" in said(capsys, "accounts", "verify", name)
    ended = document(capsys, "accounts", "disconnect", name, "--revoke", "--yes")
    assert ended["account"]["state"] == "disconnected"
    assert ended["revoked"] is None
    assert "sign_in_again" in said(capsys, "accounts", "verify", name, status=12)


def test_an_account_is_found_by_its_address_and_by_its_id(
    connect: Callable[..., Connection], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is one of this person's; what is nobody's, or another's, is unknown."""
    mine = connect().id
    for name in (mine, "me@scripted.test"):
        assert document(capsys, "accounts", "show", name)["account"]["id"] == mine
    for name in ("you@scripted.test", "c0815"):
        error = document(capsys, "accounts", "show", name, status=14)["error"]
        assert error["code"] == "connection_unknown"
    monkeypatch.setenv("LOGNAME", "you")
    assert "connection_unknown" in said(capsys, "accounts", "show", "me@scripted.test", status=14)


def test_a_long_list_says_how_it_goes_on(connect: Callable[..., Connection], capsys: Any) -> None:
    """What the words at its end name gives the rest, after which there is no more."""
    addresses = {connect("me@scripted.test").address, connect("you@scripted.test").address}
    first = said(capsys, "accounts", "list", "--limit", "1")
    after = first.rpartition("--after ")[2].split()[0]
    rest = said(capsys, "accounts", "list", "--limit", "1", "--after", after)
    assert "--after" not in rest
    assert {each for each in addresses if each in first} != addresses
    assert {each for each in addresses if each in first + rest} == addresses


def test_a_mailbox_that_was_never_verified_is_shown(scripted: Host, capsys: Any) -> None:
    """There is no report to show, and neither people nor scripts get one made up."""
    scripted.connections.add(a_connection(), a_credential())
    shown = document(capsys, "accounts", "show", "c0001")
    assert (shown["account"]["address"], shown["report"]) == ("me1@example.com", None)
    assert " ms" not in said(capsys, "accounts", "show", "c0001")


def test_a_mailbox_in_trouble_keeps_its_state_and_says_why(
    connect: Callable[..., Connection], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is down is told of at once and afterwards, and breaks nothing."""
    name = connect().id
    from inboxlink_scripted import provider

    real = provider.verify

    def verify(ctx: Any, credential: Any, settings: Any, endpoints: Any) -> Any:
        down = replace(ctx, address=replace(ctx.address, local="broken"))
        return real(down, credential, settings, endpoints)

    monkeypatch.setattr(provider, "verify", hookimpl(verify))
    told = document(capsys, "accounts", "verify", name, status=11)
    assert told["error"]["code"] == "server_unavailable"
    assert told["account"]["state"] == "active"
    assert told["report"]["can_receive"] is False
    worded = said(capsys, "accounts", "verify", name, status=11)
    assert "[server_unavailable]" in worded
    assert "me@scripted.test" in worded
    assert "server_unavailable" in said(capsys, "accounts", "show", name)


ENDED = "ended.there"


@pytest.mark.parametrize(
    ("answer", "revoked", "words"),
    [
        (None, None, "offers no way"),
        (RevokeResult(True, Text(ENDED)), True, ENDED),
        (RevokeResult(False, Text(ENDED)), False, ENDED),
        (RuntimeError("s3cret"), None, "[provider_raised]"),
    ],
)
def test_what_the_provider_made_of_the_end_is_told(
    connect: Callable[..., Connection],
    scripted: Host,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
    answer: RevokeResult | Exception | None,
    revoked: bool | None,
    words: str,
) -> None:
    """Both acts of an ending are told apart, and the ledger has both."""
    # req 110
    addresses = [connect(typed).address for typed in ("me@scripted.test", "you@scripted.test")]
    if answer is not None:
        from inboxlink_scripted import provider

        def revoke(ctx: object, credential: object) -> RevokeResult:
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(provider, "revoke", hookimpl(revoke), raising=False)
    worded = said(capsys, "accounts", "disconnect", addresses[0], "--revoke")
    assert words in worded
    assert "s3cret" not in worded
    assert "is another thing" not in worded, "the end there was asked for"
    ended = document(capsys, "accounts", "disconnect", addresses[1], "--revoke")
    assert (ended["account"]["state"], ended["revoked"]) == ("disconnected", revoked)
    assert (ended["problem"] is None) == (not isinstance(answer, Exception))
    outcomes = [
        each.details["outcome"]
        for each in scripted.ledger.entries()
        if each.kind.value == "revoked"
    ]
    failed = isinstance(answer, Exception)
    assert outcomes == ["failed" if failed else str(revoked).lower()] * 2


def test_an_end_here_names_the_end_there(connect: Callable[..., Connection], capsys: Any) -> None:
    """Whoever did not ask for the end at the provider hears that it is another thing."""
    # req 110
    assert "is another thing" in said(capsys, "accounts", "disconnect", connect().address)


def test_another_provider_comes_with_its_own_disclosure(
    connect: Callable[..., Connection],
    capsys: Any,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mailbox that moves to another provider is not moved on the old one's acknowledgement."""
    # req 67
    name = connect().id
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "inboxlink-scripted,inboxlink-imap")
    file = home / "inboxlink.toml"
    file.write_text(
        file.read_text()
        + '[presets."scripted.test"]\n'
        + 'imap = {host = "imap.scripted.test", port = 993, tls = "implicit"}\n'
        + 'smtp = {host = "smtp.scripted.test", port = 465, tls = "implicit"}\n'
    )
    for provider, reference in (("imap", "imap.I@1"), ("scripted", "scripted.S@1")):
        asked = ("accounts", "reconnect", name, "--provider", provider)
        error = document(capsys, *asked, status=14)["error"]
        assert error["code"] == "acknowledgement_missing"
        assert reference in error["message"]


def test_the_ledger_is_shown_in_words(
    connect: Callable[..., Connection], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty at first; then what was acknowledged and switched, of one mailbox or of all."""
    assert "nothing in the ledger" in said(capsys, "consent", "show")
    connect()
    said(capsys, "accounts", "automation", "me@scripted.test", "on")
    shown = said(capsys, "consent", "show", "me@scripted.test")
    assert "scripted.S@1 (en)" in shown
    assert shown.split()[-1] == "on"
    said(capsys, "accounts", "disconnect", "me@scripted.test", "--revoke")
    shown = said(capsys, "consent", "show").split()
    assert shown[-1] == "disconnected"
    assert shown[shown.index("revoked") + 1] == "none"
    assert "nothing in the ledger" in said(capsys, "consent", "show", "you@scripted.test")


def test_a_rotation_is_told_in_words(connect: Callable[..., Connection], capsys: Any) -> None:
    """The new key and how many secrets it seals, which stay readable."""
    connect()
    before = document(capsys, "vault", "rotate")
    worded = said(capsys, "vault", "rotate")
    assert f"({before['resealed']} secrets anew)" in worded
    assert before["key_id"] not in worded


def test_a_disclosure_is_shown_whole(scripted: Host, capsys: Any) -> None:
    """Its scopes too; with an address only what that one would meet, and no other name."""
    shown = said(capsys, "disclosures", "show", "scripted.S@1", "--address", "me@scripted.test")
    for part in ("What Acme will do", "mail.read", "Disconnect it.", "There is no there."):
        assert part in shown
    for address in ((), ("--address", "me@scripted.test")):
        unknown = document(capsys, "disclosures", "show", "other.X", *address, status=14)
        assert unknown["error"]["code"] == "disclosure_unknown"


def test_a_providers_switch_is_told(place: Path, home: Path, capsys: Any) -> None:
    """In words and as JSON, both ways; nobody is asked where nobody could answer."""
    install(place, "well", "well")
    refused = document(capsys, "providers", "enable", "well", status=12)["error"]
    assert (refused["code"], "--yes" in refused["message"]) == ("value_missing", True)
    worded = said(capsys, "providers", "enable", "Well", "--yes")
    assert "well 1.0 will run with all rights of this program" in " ".join(worded.split())
    assert "well is enabled." in worded
    assert "well is" in said(capsys, "providers", "disable", "well")
    for switch, yes in (("enable", ("--yes",)), ("disable", ())):
        told = document(capsys, "providers", switch, "well", *yes)
        assert told == {"distribution": "well", "enabled": switch == "enable"}
    first_party = document(capsys, "providers", "disable", "inboxlink-imap", status=12)
    assert first_party["error"]["code"] == "provider_first_party"


def test_where_no_provider_is_installed_the_list_says_what_to_install(
    home: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after installing the core alone."""
    # Whatever they import is there from now on; the second one draws.
    document(capsys, "providers", "list")
    assert said(capsys, "accounts", "list")
    (found,) = {
        str(each.locate().parent.parent)
        for each in files("inboxlink-imap") or ()
        if each.name == "entry_points.txt"
    }
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each != found])
    assert document(capsys, "providers", "list") == {"providers": [], "missing": {}}
    assert "pip install inboxlink-imap" in said(capsys, "providers", "list")
