"""What the provider makes of evidence."""

from dataclasses import replace

import pytest

from inboxlink.evidence import table
from inboxlink.texts import Words
from inboxlink.types.detection import Basis, Detection, Evidence, HostingFact, Strength
from inboxlink.types.disclosure import Audience
from inboxlink.types.way import Way
from inboxlink_outlook.provider import describe, detect

TENANT = "7a1f2b3c-0000-4000-8000-00000000acac"


def judged(fact: HostingFact) -> Detection | None:
    return detect(Evidence("example.org", hosting=(fact,)))


def hosted(name: str, **changes: object) -> Detection:
    fact = table.fact(name, "mail exchanger mx.example")
    found = judged(replace(fact, **changes))  # type: ignore[arg-type]
    assert found is not None
    return found


def test_it_describes_itself() -> None:
    """It is for one person and for a team, and takes an answer back in each way there is."""
    # req 89
    info = describe()
    assert info.name == "outlook"
    assert info.audiences == frozenset(Audience)
    assert info.ways == frozenset(Way)
    assert info.loopback_host == "localhost"


@pytest.mark.parametrize("domain", ["outlook.com", "hotmail.co.uk", "live.jp", "msn.com"])
def test_microsofts_own_domains_are_known(domain: str) -> None:
    """Personal accounts are told by their domain, without asking, and sign in as consumers."""
    # req 23
    fact = table.of_domain(domain)
    assert fact is not None
    found = judged(fact)
    assert found is not None
    assert found.basis is Basis.OWNED_DOMAIN
    assert found.settings == {"tenant": "consumers"}
    assert found.unsupported is None


def test_microsoft_365_is_told_by_its_exchanger() -> None:
    """A domain whose exchanger is Microsoft's signs in as an organisation's."""
    found = hosted("microsoft_365")
    assert found.basis is Basis.HOSTED_MX
    assert found.settings == {"tenant": "organizations"}


def test_microsoft_365_behind_a_filter_is_less_sure() -> None:
    """What only other records show counts less, and names the tenant that was found."""
    found = hosted("microsoft_365", strength=Strength.LIKELY, tenant=TENANT)
    assert found.basis is Basis.BEHIND_GATEWAY
    assert found.settings == {"tenant": TENANT}


@pytest.mark.parametrize(
    "fact",
    [
        replace(table.fact("microsoft_365", "SPF"), strength=Strength.HINT),
        table.fact("google", "mail exchanger"),
        HostingFact("exchange_onprem", "autodiscover"),
    ],
)
def test_others_are_left_alone(fact: HostingFact) -> None:
    """A hint is not enough, and other hosters' mailboxes are none of this provider's."""
    assert judged(fact) is None


@pytest.mark.parametrize("cloud", ["gcc_high", "dod", "china"])
def test_national_clouds_are_refused(cloud: str) -> None:
    """A mailbox in GCC High, DoD or China is known and refused, with what to do instead."""
    # req 53, 54
    found = hosted("microsoft_365", cloud=cloud)
    assert found.unsupported is not None
    assert found.unsupported.code == "national_cloud_unsupported"
    assert found.unsupported.instead is not None
    named = {"gcc_high": "GCC High", "dod": "DoD", "china": "21Vianet"}[cloud]
    for language in ("en", "ja"):
        words = Words(language, {"outlook": "inboxlink_outlook"})
        assert named in words(found.unsupported.because)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_it_is_said_why_exchange_is_not_offered(language: str) -> None:
    """Beside the recommendation: basic authentication is retired, and EWS is being switched off."""
    # req 66
    words = Words(language, {"outlook": "inboxlink_outlook"})
    said = words(hosted("microsoft_365").because)
    assert "2022" in said
    assert "Exchange Web Services" in said
    assert "mail exchanger mx.example" in said
