"""What the provider makes of evidence."""

import pytest

from inboxlink.evidence import table
from inboxlink.types.detection import (
    Basis,
    Detection,
    Endpoint,
    Evidence,
    HostingFact,
    MailExchange,
    PublishedServer,
    Role,
    Strength,
    Tls,
)
from inboxlink_imap.provider import detect

IMAP = PublishedServer("imap", "imap.example.org", 143, Tls.STARTTLS, "{local}")
IMAPS = PublishedServer("imap", "imap.example.org", 993, Tls.IMPLICIT, "{local}")
SMTP = PublishedServer("smtp", "smtp.example.org", 587, Tls.STARTTLS)
SMTPS = PublishedServer("smtp", "smtp.example.org", 465, Tls.IMPLICIT)
POP3 = PublishedServer("pop3", "pop.example.org", 995, Tls.IMPLICIT)


def published(*servers: PublishedServer) -> Detection | None:
    return detect(Evidence("example.org", published=servers))


def hosted(name: str) -> Detection:
    found = detect(Evidence("example.org", hosting=(table.fact(name, "mail exchanger mx.x"),)))
    assert found is not None
    return found


def test_published_servers_are_taken() -> None:
    """An autoconfig file gives both endpoints, with its user name templates."""
    # req 96
    found = published(IMAPS, SMTPS)
    assert found is not None
    assert found.basis is Basis.PUBLISHED
    assert found.endpoints == (
        Endpoint(Role.IMAP, "imap.example.org", 993, Tls.IMPLICIT, "{local}"),
        Endpoint(Role.SUBMISSION, "smtp.example.org", 465, Tls.IMPLICIT),
    )


def test_implicit_tls_comes_first() -> None:
    """Of two published servers the one with TLS from the start wins, whatever their order."""
    found = published(IMAP, IMAPS, SMTP, SMTPS)
    assert found is not None
    assert {endpoint.port for endpoint in found.endpoints} == {993, 465}


def test_without_encryption_nothing_is_taken() -> None:
    """A published server without TLS is as good as none."""
    # case 24
    assert published(PublishedServer("imap", "imap.example.org", 143, None)) is None


def test_only_password_servers_are_taken() -> None:
    """A server that takes tokens alone is left out; one that names no way is asked later."""
    oauth = PublishedServer("imap", "a.example.org", 993, Tls.IMPLICIT, None, ("OAuth2",))
    both = PublishedServer("imap", "b.example.org", 993, Tls.IMPLICIT, None, ("OAuth2", "plain"))
    assert published(oauth) is None
    found = published(oauth, both)
    assert found is not None
    assert found.endpoints[0].host == "b.example.org"


def test_one_server_alone_is_a_detection() -> None:
    """What is published is filled in, and the rest is asked."""
    found = published(IMAPS)
    assert found is not None
    assert [endpoint.role for endpoint in found.endpoints] == [Role.IMAP]


def test_an_administrators_preset_wins_over_everything() -> None:
    """Servers that the administrator set are taken before hosting facts and published files."""
    # req 97
    found = detect(
        Evidence(
            "example.org",
            preset=(IMAP, SMTP),
            published=(IMAPS, SMTPS),
            hosting=(HostingFact("amazon_ses", "mail exchanger inbound-smtp"),),
        )
    )
    assert found is not None
    assert found.basis is Basis.ADMIN_PRESET
    assert found.unsupported is None
    assert {endpoint.port for endpoint in found.endpoints} == {143, 587}


@pytest.mark.parametrize("name", ["amazon_ses", "amazon_workmail"])
def test_amazon_is_refused(name: str) -> None:
    """A domain at Amazon is known, refused, and pointed to Gmail or Microsoft 365."""
    # req 90, 91, 92
    found = hosted(name)
    assert found.unsupported is not None
    assert found.unsupported.because.key == f"imap.refused.{name}"
    assert found.unsupported.instead is not None
    assert found.endpoints == ()


def test_published_amazon_hosts_are_refused() -> None:
    """The refusal holds for hosts in a published file too."""
    # req 91
    found = published(
        PublishedServer("imap", "imap.mail.eu-west-1.awsapps.com", 993, Tls.IMPLICIT), SMTPS
    )
    assert found is not None
    assert found.unsupported is not None


def test_a_hoster_that_speaks_something_else_hides_nothing() -> None:
    """Of a server with Exchange Web Services nothing follows for IMAP; SRV records still count."""
    exchange = HostingFact(
        "exchange_onprem",
        "autodiscover.example.org answers as Exchange",
        Strength.LIKELY,
        servers=(PublishedServer("ews", "mail.example.org", 443, Tls.IMPLICIT),),
    )
    found = detect(Evidence("example.org", hosting=(exchange,), services=(IMAPS, SMTPS)))
    assert found is not None
    assert found.basis is Basis.SERVICE_RECORDS


def test_pop3_alone_is_refused() -> None:
    """A domain that publishes POP3 and no IMAP cannot be connected, and is told so."""
    # case 24
    found = published(POP3, SMTPS)
    assert found is not None
    assert found.unsupported is not None
    assert found.unsupported.code == "pop3_unsupported"


def test_pop3_beside_imap_is_ignored() -> None:
    """POP3 is no reason against a domain that also has IMAP."""
    found = published(POP3, IMAPS, SMTPS)
    assert found is not None
    assert found.unsupported is None


@pytest.mark.parametrize(
    ("name", "variant", "hosts"),
    [
        ("gmail", "gmail", ["imap.gmail.com:993", "smtp.gmail.com:465"]),
        ("google", "gmail", ["imap.gmail.com:993", "smtp.gmail.com:465"]),
        ("microsoft_365", "outlook", ["outlook.office365.com:993", "smtp.office365.com:587"]),
        ("outlook_com", "outlook", ["outlook.office365.com:993", "smtp-mail.outlook.com:587"]),
    ],
)
def test_hosted_mailboxes_have_known_servers(name: str, variant: str, hosts: list[str]) -> None:
    """Google's and Microsoft's mailboxes are reached at their published servers."""
    found = hosted(name)
    assert found.basis is Basis.HOSTED_MX
    assert [endpoint.authority for endpoint in found.endpoints] == hosts
    assert found.settings == {"variant": variant}


def test_nothing_known_is_no_detection() -> None:
    """Evidence that names no server and no keeper gives nothing, and junk does no harm."""
    junk = PublishedServer("", "", 0, None, "{}", ("",))
    assert detect(Evidence("example.org")) is None
    assert detect(Evidence("example.org", mx=(MailExchange(0, "."),), published=())) is None
    assert detect(Evidence("", published=(junk,), preset=())) is None
