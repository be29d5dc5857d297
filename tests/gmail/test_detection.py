"""What the provider makes of evidence, and where it stands among others."""

import dataclasses

import pytest

from inboxlink.connect.host import Host
from inboxlink.evidence import table
from inboxlink.evidence.lookup import known
from inboxlink.types.detection import (
    Basis,
    Evidence,
    HostingFact,
    MailExchange,
    PublishedServer,
    Strength,
    Tls,
)
from inboxlink.types.disclosure import Audience
from inboxlink.types.way import Way
from inboxlink_gmail.provider import describe, detect

IMAPS = PublishedServer("imap", "imap.acme.test", 993, Tls.IMPLICIT)
SMTPS = PublishedServer("smtp", "smtp.acme.test", 465, Tls.IMPLICIT)


def workspace(strength: Strength = Strength.DECISIVE) -> Evidence:
    fact = dataclasses.replace(
        table.fact("google", "mail exchanger smtp.google.com"), strength=strength
    )
    return Evidence("acme.test", hosting=(fact,))


def providers(evidence: Evidence) -> list[str]:
    with Host() as host:
        return [each.provider for each in host.judge(evidence).candidates]


def test_what_the_provider_is(home: object) -> None:
    """It serves persons and teams, and every way but a code on another device."""
    # req 89
    info = describe()
    assert info.name == "gmail"
    assert info.audiences == {Audience.PERSONAL, Audience.TEAM}
    assert info.ways == {Way.LOOPBACK, Way.REDIRECT, Way.PASTE}
    assert info.loopback_host == "127.0.0.1"


@pytest.mark.parametrize("domain", ["gmail.com", "googlemail.com"])
def test_gmail_is_known_without_asking_anybody(domain: str, home: object) -> None:
    """For Google's own domains Gmail is recommended first, and IMAP stays a choice."""
    # req 23, 25
    evidence = known(domain, {})
    found = detect(evidence)
    assert found is not None
    assert found.basis is Basis.OWNED_DOMAIN
    assert (found.because.key, found.because.params["domain"]) == ("gmail.because.owned", domain)
    assert providers(evidence) == ["gmail", "imap"]


def test_a_domain_of_workspace_is_told_by_its_exchangers(home: object) -> None:
    """A company whose mail exchangers are Google's is recommended Gmail, with what shows it."""
    # req 23
    found = detect(workspace())
    assert found is not None
    assert found.basis is Basis.HOSTED_MX
    assert found.because.params["shown_by"] == "mail exchanger smtp.google.com"
    assert providers(workspace()) == ["gmail", "imap"]


def test_a_company_behind_a_filter_is_likely(home: object) -> None:
    """Signs that agree are enough for a recommendation that says that it is only likely."""
    found = detect(workspace(Strength.LIKELY))
    assert found is not None
    assert found.basis is Basis.BEHIND_GATEWAY
    assert found.because.key == "gmail.because.likely"


def test_a_hint_claims_nothing() -> None:
    """Google's name in one record alone is no reason to offer it."""
    assert detect(workspace(Strength.HINT)) is None


def test_what_the_administrator_set_comes_first(home: object) -> None:
    """A preset leads to the servers that it names, and Gmail stays the other choice."""
    # req 97
    evidence = dataclasses.replace(workspace(), preset=(IMAPS, SMTPS))
    assert providers(evidence) == ["imap", "gmail"]


def test_somebody_elses_mailboxes_are_not_claimed() -> None:
    """Neither another hoster, nor a look-alike, nor nothing at all is Gmail; junk does no harm."""
    for evidence in (
        Evidence("acme.test"),
        Evidence("notgmail.com", mx=(MailExchange(1, "mx.notgmail.com"),)),
        Evidence("", hosting=(HostingFact("", ""),), published=()),
        Evidence("acme.test", hosting=(table.fact("microsoft_365", "x"),)),
        Evidence("acme.test", hosting=(HostingFact("gateway", "x"),)),
    ):
        assert detect(evidence) is None


def test_no_evidence_moves_googles_addresses(home: object) -> None:
    """A detection has no endpoints, whatever servers the evidence names: nothing to confirm."""
    evidence = dataclasses.replace(workspace(), published=(IMAPS, SMTPS))
    found = detect(evidence)
    assert found is not None
    assert found.endpoints == ()
    with Host() as host:
        recommendation = host.judge(evidence)
        assert recommendation.best == found
        assert recommendation.to_confirm(found) == ()
        assert recommendation.not_installed == ()


def test_without_the_provider_its_absence_is_told(
    home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only IMAP is installed, the person hears which distribution would be right."""
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "inboxlink-imap")
    with Host() as host:
        recommendation = host.judge(known("gmail.com", {}))
    assert [each.provider for each in recommendation.candidates] == ["imap"]
    assert [each.command for each in recommendation.not_installed] == [
        "pip install inboxlink-gmail"
    ]
