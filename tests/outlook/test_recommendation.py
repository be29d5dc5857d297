"""What a person is offered when this provider is installed beside the one for IMAP."""

from pathlib import Path

import pytest

from inboxlink.connect.host import Host
from inboxlink.evidence import table
from inboxlink.types.detection import Basis, Evidence, PublishedServer, Tls

SERVERS = (
    PublishedServer("imap", "imap.example.org", 993, Tls.IMPLICIT),
    PublishedServer("smtp", "smtp.example.org", 465, Tls.IMPLICIT),
)


def offered(evidence: Evidence) -> list[str]:
    with Host() as host:
        return [
            each.provider
            for each in host.judge(evidence).candidates
            if each.provider in ("outlook", "imap")
        ]


@pytest.mark.parametrize("name", ["microsoft_365", "outlook_com"])
def test_outlook_comes_first_and_imap_stays(home: object, name: str) -> None:
    """Of two that are equally sure, the hoster's own provider is recommended."""
    # req 23, 66
    evidence = Evidence("example.org", hosting=(table.fact(name, "mx"),))
    assert offered(evidence) == ["outlook", "imap"]


def test_an_administrators_servers_come_before_it(home: object) -> None:
    """A preset is the administrator's word, whoever keeps the mail."""
    hosting = (table.fact("microsoft_365", "mx"),)
    evidence = Evidence("example.org", preset=SERVERS, hosting=hosting)
    assert offered(evidence) == ["imap", "outlook"]
    with Host() as host:
        best = host.judge(evidence).best
    assert best is not None
    assert best.basis is Basis.ADMIN_PRESET


def test_the_operators_order_comes_before_it(home: Path) -> None:
    """An operator who prefers IMAP is heard."""
    (home / "inboxlink.toml").write_text('[providers]\nallow = ["imap", "outlook"]\n')
    evidence = Evidence("example.org", hosting=(table.fact("microsoft_365", "mx"),))
    assert offered(evidence) == ["imap", "outlook"]
