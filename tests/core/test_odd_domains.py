"""Domains whose DNS or web is odd, broken or forged, and look-ups that are given up."""

import asyncio
import gc
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dnslib import QTYPE

from core.test_scenarios import AUTOCONFIG, ISPDB, WELL_KNOWN, D, file, hang, look
from inboxlink.evidence import community
from inboxlink.evidence.gathering import look_into
from inboxlink.evidence.lookup import LookupDepth, LookupSettings, known
from inboxlink.network.dialer import Dialer
from inboxlink.network.resolver import Resolver
from inboxlink.types.detection import Trust
from peers.certificates import Authority, Certificate, self_signed
from peers.web import Page, World, page

WEB = (f"autoconfig.{D}", D)
FILES: dict[str, Page] = {AUTOCONFIG: page(file()), WELL_KNOWN: page(file())}

UNTRUSTED: dict[str, Callable[[Authority, Path], Certificate]] = {
    "ended": lambda authority, _: authority.issue(*WEB, days_left=-1),
    "not yet begun": lambda authority, _: authority.issue(*WEB, starts_in_days=1),
    "of another host": lambda authority, _: authority.issue("www.hoster.net"),
    "its own": lambda _, directory: self_signed(directory, *WEB),
}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_a_file_behind_an_untrusted_certificate_is_not_there(
    name: str, authority: Authority, tmp_path: Path
) -> None:
    """The place is passed over, nothing is asked of it, and the look-up says what it missed."""
    # case 28
    shown = UNTRUSTED[name](authority, tmp_path)
    with World(authority, WEB, pages=FILES, certificate=shown) as world:
        evidence = look(world)
    assert world.requests == []
    assert not evidence.published
    assert not evidence.guessed
    assert "detection.warning.incomplete" in [each.key for each in evidence.warnings]


@pytest.mark.parametrize("count", [2, 30])
def test_many_exchangers_are_one_hoster(authority: Authority, count: int) -> None:
    """However many there are, in whatever order."""
    # case 20
    lines = [f"{D}. 60 IN MX {n} alt{n}.aspmx.l.google.com." for n in range(count, 0, -1)]
    with World(authority, records={D: "\n".join(lines)}) as world:
        evidence = look(world)
    assert [fact.name for fact in evidence.hosting] == ["google"]
    assert evidence.mx is not None
    assert [each.preference for each in evidence.mx] == list(range(1, count + 1))


def test_a_domain_that_is_an_alias_has_the_exchangers_of_the_other(authority: Authority) -> None:
    """RFC 5321 section 5.1: the name that the alias leads to is asked in its place."""
    # case 30
    alias = f"{D}. 60 IN CNAME other.org."
    exchanger = "other.org. 60 IN MX 1 aspmx.l.google.com."

    def followed(reply: Any, _: str) -> bytes:
        if reply.rr and reply.rr[0].rtype == QTYPE.CNAME and reply.q.qtype == QTYPE.MX:
            reply.add_answer(*reply.rr[0].fromZone(exchanger))
        return bytes(reply.pack())

    with World(authority, records={D: alias, "other.org": exchanger}, twist=followed) as world:
        evidence = look(world)
    assert [fact.name for fact in evidence.hosting] == ["google"]


def test_a_server_with_an_address_of_the_sixth_version_alone_is_heard(
    authority: Authority,
) -> None:
    """A host without an A record is a host."""
    # case 22
    records = {name: f"{name}. 60 IN AAAA 2001:4860:4860::8888" for name in (f"autoconfig.{D}", D)}
    with World(authority, WEB, records, FILES) as world:
        evidence = look(world)
    assert [each.host for each in evidence.published or ()] == [f"mail.{D}"] * 2


def test_an_answer_that_fails_validation_is_no_missing_domain(authority: Authority) -> None:
    """A resolver says SERVFAIL where DNSSEC does not hold (RFC 4035 section 5.5)."""
    # case 21, 29

    def bogus(reply: Any, _: str) -> bytes:
        reply.header.rcode = 2
        reply.rr.clear()
        return bytes(reply.pack())

    with World(
        authority, records={D: f"{D}. 60 IN MX 1 aspmx.l.google.com."}, twist=bogus
    ) as world:
        evidence = look(world, deadline_s=3.0)
    assert evidence.mx is None
    assert evidence.hosting == ()
    keys = [each.key for each in evidence.warnings]
    assert "detection.warning.no_domain" not in keys


@pytest.mark.parametrize("trusted", [False, True])
def test_a_validated_answer_counts_only_from_a_resolver_that_is_trusted(
    authority: Authority, trusted: bool
) -> None:
    """Anybody between can set the AD bit (RFC 6840 section 5.8)."""
    # case 29

    def claims(reply: Any, _: str) -> bytes:
        reply.header.ad = 1
        return bytes(reply.pack())

    with World(
        authority, records={D: f"{D}. 60 IN MX 1 aspmx.l.google.com."}, twist=claims
    ) as world:
        world.settings = replace(world.settings, dnssec=trusted)
        evidence = look(world)
    (line,) = [each for each in evidence.log if each.source.startswith("dns:mx")]
    assert (line.trust is Trust.SIGNED) == trusted


def test_a_look_up_that_is_given_up_leaves_nothing_behind(authority: Authority) -> None:
    """No task and no socket: the person pressed Ctrl-C, or the application timed out."""
    # case 35
    hosts = (*WEB, community.HOST)
    settings = LookupSettings(LookupDepth.FULL)

    async def given_up(world: World) -> set[str]:
        before = asyncio.all_tasks()
        resolver = Resolver(world.settings)
        looking = asyncio.create_task(
            look_into(known(D, {}), settings, resolver, Dialer(world.settings, resolver))
        )
        until = time.monotonic() + 5
        while len(world.requests) < 2 and time.monotonic() < until:
            await asyncio.sleep(0.02)
        assert len(world.requests) >= 2
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        await resolver.close()
        return {repr(task) for task in asyncio.all_tasks() - before}

    with World(authority, hosts, pages=dict.fromkeys(hosts, hang)) as world:
        before = descriptors()
        assert asyncio.run(given_up(world)) == set()
        # The servers' own ends are in this process too, and see a moment later that we are gone.
        until = time.monotonic() + 5
        while sockets(descriptors() - before) and time.monotonic() < until:
            time.sleep(0.02)
        assert sockets(descriptors() - before) == set()


def test_giving_up_at_any_moment_leaves_no_question_behind(authority: Authority) -> None:
    """Cancelled after any number of turns of the loop, nothing that was begun is left unasked."""
    # case 35

    async def given_up(world: World, turns: int) -> None:
        before = asyncio.all_tasks()
        resolver = Resolver(world.settings)
        dialer = Dialer(world.settings, resolver)
        settings = LookupSettings(LookupDepth.FULL, deadline_s=20)
        looking = asyncio.ensure_future(look_into(known(D, {}), settings, resolver, dialer))
        for _ in range(turns):
            await asyncio.sleep(0)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        await resolver.close()
        assert asyncio.all_tasks() == before

    with World(authority, WEB) as world, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for turns in (*range(24), *range(24, 240, 12)):
            asyncio.run(given_up(world, turns))
        gc.collect()
    assert [str(each.message) for each in warned] == []


def descriptors() -> set[tuple[str, str]]:
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        try:
            found.add((each.name, str(each.readlink())))
        except OSError:  # the listing's own
            continue
    return found


def sockets(opened: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {each for each in opened if each[1].startswith("socket:")}


def test_two_look_ups_at_once_share_the_answers_of_dns(authority: Authority) -> None:
    """Over one resolver no question is asked twice, and both end alike."""
    # case 34
    pages: dict[str, Page] = {ISPDB: page(file("imap.hoster.net"))}
    settings = LookupSettings(LookupDepth.FULL)

    async def both(world: World) -> list[Any]:
        resolver = Resolver(world.settings)
        dialer = Dialer(world.settings, resolver)
        try:
            return await asyncio.gather(
                *(look_into(known(D, {}), settings, resolver, dialer) for _ in range(2))
            )
        finally:
            await resolver.close()

    with World(authority, (D, community.HOST), pages=pages) as world:
        one, other = asyncio.run(both(world))
        asked = world.names.questions
    assert one.community == other.community != ()
    assert len(asked) == len(set(asked))
