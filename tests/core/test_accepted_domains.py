"""Servers of another domain that only unsigned DNS leads to hear nothing before a yes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inboxlink.cli.app import run
from inboxlink.testing.peers.nameserver import NameServer

ELSEWHERE = {
    "_imaps._tcp.acme.org": "_imaps._tcp.acme.org. 60 IN SRV 0 1 993 imap.elsewhere.co.uk.",
    "_submissions._tcp.acme.org": (
        "_submissions._tcp.acme.org. 60 IN SRV 0 1 465 smtp.elsewhere.co.uk."
    ),
}


@pytest.fixture
def names(home: Path) -> Iterator[NameServer]:
    with NameServer(ELSEWHERE) as server:
        (home / "inboxlink.toml").write_text(
            f'[network]\nnameservers = ["127.0.0.1:{server.port}"]\n'
        )
        yield server


def connect(capsys: Any, *arguments: str) -> dict[str, Any]:
    run(["--json", "connect", "ann@acme.org", "--acknowledge", "imap.I@1", *arguments])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def asked_hosts(names: NameServer) -> set[str]:
    return {name for name, _ in names.questions if name.endswith("elsewhere.co.uk")}


@pytest.mark.parametrize(
    "accepted", [(), ("--accept-domain", "co.uk"), ("--accept-domain", "x.org")]
)
def test_an_unconfirmed_domain_is_not_connected(
    home: Path, names: NameServer, capsys: Any, accepted: tuple[str, ...]
) -> None:
    """Without a terminal the exact registered domain is named, or nothing of it is looked up."""
    error = connect(capsys, *accepted)["error"]
    assert error["code"] == "domain_unconfirmed"
    assert "elsewhere.co.uk" in error["message"]
    assert "--accept-domain elsewhere.co.uk" in error["remedy"]
    assert asked_hosts(names) == set()


def test_a_confirmed_domain_is_gone_on_with(home: Path, names: NameServer, capsys: Any) -> None:
    """With its domain accepted the server is looked for, which does not exist here."""
    error = connect(capsys, "--accept-domain", "elsewhere.co.uk")["error"]
    assert error["code"] != "domain_unconfirmed"
    assert "imap.elsewhere.co.uk" in asked_hosts(names)
