"""The same evidence gives the same recommendation, and less trusted evidence changes none (P7)."""

import itertools
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.test_scenarios import AUTOCONFIG, ISPDB, WELL_KNOWN, D, file, look
from inboxlink.connect.host import Host
from inboxlink.detection import Recommendation
from inboxlink.evidence import community
from inboxlink.types.detection import (
    Basis,
    Detection,
    Evidence,
    HostingFact,
    PublishedServer,
    SignIn,
    Strength,
    Tls,
    Trust,
)
from peers.certificates import Authority
from peers.scripted import Conversation
from peers.web import Page, World, page

#: The sources that name servers, by the field of the evidence, with what each of them is worth.
SOURCES = {
    "published": Basis.PUBLISHED,
    "community": Basis.COMMUNITY_DB,
    "services": Basis.SERVICE_RECORDS,
    "guessed": Basis.GUESS,
    "insecure": Basis.INSECURE,
}
#: How far each of them can be trusted at best.
BEST = {
    "published": Trust.VERIFIED,
    "community": Trust.VERIFIED,
    "services": Trust.SIGNED,
    "guessed": Trust.NONE,
    "insecure": Trust.NONE,
}


def _servers(best: Trust = Trust.SHIPPED) -> st.SearchStrategy[tuple[PublishedServer, ...]]:
    server = st.builds(
        PublishedServer,
        protocol=st.sampled_from(["imap", "smtp", "pop3", "jmap"]),
        host=st.sampled_from([f"mail.{D}", f"imap.{D}", "imap.hoster.net", "evil.net"]),
        port=st.sampled_from([993, 143, 465, 587]),
        tls=st.sampled_from([*Tls, None]),
        username=st.sampled_from([None, "{address}", "{local}"]),
        authentication=st.sampled_from([(), ("password-cleartext",), ("OAuth2",), ("GSSAPI",)]),
        trust=st.sampled_from([each for each in Trust if each <= best]),
    )
    return st.lists(server, max_size=4).map(tuple)


_FACTS = st.lists(
    st.builds(
        HostingFact,
        name=st.sampled_from(["hoster", "google", "gateway", "microsoft_365", "exchange_onprem"]),
        shown_by=st.just("MX x"),
        strength=st.sampled_from(Strength),
        cloud=st.sampled_from([None, None, "china"]),
        servers=_servers(),
        sign_in=st.sampled_from([(), (SignIn.PASSWORD,), (SignIn.NONE,)]),
    ),
    max_size=2,
    unique_by=lambda fact: fact.name,
).map(tuple)

_EVIDENCE = st.builds(
    Evidence,
    domain=st.just(D),
    hosting=_FACTS,
    **{name: st.none() | _servers(best) for name, best in BEST.items()},
)

#: The installation is the same for all examples.
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def host(home: object) -> Any:
    with Host() as host:
        yield host


def trusts(found: Recommendation) -> list[Trust]:
    """How far what leads to each server of the best candidate can be forged."""
    best = found.best
    return [found.evidence.trust_of(each.host) for each in best.endpoints] if best else []


@relaxed
@given(_EVIDENCE)
def test_the_same_evidence_is_judged_alike_and_nothing_is_made_up(
    host: Host, evidence: Evidence
) -> None:
    """Every server that is recommended is one that a source names, as it names it, and has TLS."""
    found = host.judge(evidence)
    assert host.judge(evidence) == found
    named = {(each.host, each.port, each.tls) for each in evidence.servers()}
    for candidate in found.candidates:
        for each in candidate.endpoints:
            assert (each.host, each.port, each.tls) in named
        # Providers that sign in by OAuth have their servers from nobody.
        assert not candidate.endpoints or candidate.unsupported is None
        if candidate.provider == "imap":
            assert candidate.endpoints or candidate.unsupported is not None


@relaxed
@given(_EVIDENCE, st.data())
def test_a_less_trusted_source_changes_nothing(
    host: Host, evidence: Evidence, data: st.DataObject
) -> None:
    """Not the decision of a better one, not its trust, and not what has to be confirmed."""
    before = host.judge(evidence)
    if not before.candidates:
        return
    decided = before.candidates[0]
    # A source that is below what decided, and that was not heard before.
    below = [name for name, basis in SOURCES.items() if basis < decided.basis]
    if not below:
        return
    name = data.draw(st.sampled_from(below))
    ceiling = min([BEST[name], *trusts(before)])
    added = (*(getattr(evidence, name) or ()), *data.draw(_servers(ceiling)))
    after = host.judge(replace(evidence, **{name: added}))
    assert after.candidates[0] == decided
    assert trusts(after) == trusts(before)
    assert after.to_confirm(decided) == before.to_confirm(decided)


@relaxed
@given(_EVIDENCE, _servers(Trust.NONE), st.sampled_from(["guessed", "insecure"]))
def test_what_anybody_can_write_never_raises_trust(
    host: Host, evidence: Evidence, servers: tuple[PublishedServer, ...], name: str
) -> None:
    """Plain http and guesses make no server more trusted, wherever else it is named."""
    more = replace(evidence, **{name: servers})
    without = replace(evidence, **{name: None})
    for each in more.servers():
        assert more.trust_of(each.host) == without.trust_of(each.host)


def late(seconds: float, answer: bytes) -> Page:
    def answered(conversation: Conversation) -> None:
        time.sleep(seconds)
        conversation.send(answer)

    return answered


@pytest.mark.parametrize("places", list(itertools.permutations((0.0, 0.1, 0.2))))
def test_it_does_not_matter_who_is_faster(
    authority: Authority, host: Host, places: tuple[float, ...]
) -> None:
    """Whatever order three sources answer in, the same one decides, and all else is alike."""
    answers = {
        AUTOCONFIG: page(file(f"mail.{D}")),
        WELL_KNOWN: page(file("imap.hoster.net")),
        ISPDB: page(file("evil.net")),
    }
    pages = {
        url: late(seconds, answer)
        for seconds, (url, answer) in zip(places, answers.items(), strict=True)
    }
    with World(authority, (f"autoconfig.{D}", D, community.HOST), pages=pages) as world:
        found = host.judge(look(world))
    best = found.best
    assert isinstance(best, Detection)
    assert (best.basis, {each.host for each in best.endpoints}) == (Basis.PUBLISHED, {f"mail.{D}"})
    assert [(each.name, each.strength) for each in found.evidence.hosting] == [
        ("no_mx_implicit", Strength.HINT)
    ]
