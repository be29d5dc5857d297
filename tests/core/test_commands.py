"""Commands that ask no server, as the program runs them: what they say and what they change."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.test_flows import begun, play, script
from inboxlink.cli.app import run
from inboxlink.connect.host import Host
from inboxlink.connect.request import Connected

GOOD = ("--imap-host", "imap.example.org", "--smtp-host", "smtp.example.org")


def said(capsys: Any, *arguments: str, status: int = 0) -> str:
    """Both outputs of one run, which must end with this status."""
    assert run(arguments) == status
    captured = capsys.readouterr()
    return str(captured.out + captured.err)


def document(capsys: Any, *arguments: str, status: int = 0) -> Any:
    assert run([*arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


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
