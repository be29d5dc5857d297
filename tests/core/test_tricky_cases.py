"""Domains that other programs got wrong: what each of them is here, and where it is shown.

A test names the cases that it shows in a `# case` comment; the last test holds them to the list.
"""

import ast
import asyncio
import re
import time
from pathlib import Path
from typing import Any

import pytest
from dnslib import QTYPE, RR

from core.test_scenarios import (
    AUTOCONFIG,
    BEHIND_FILTER,
    GOOGLE,
    NO_TENANT,
    WELL_KNOWN,
    D,
    file,
    hang,
    look,
    tenancy,
)
from inboxlink.connect.host import Host
from inboxlink.detection import Recommendation
from inboxlink.evidence import community, tenant
from inboxlink.evidence.gathering import look_into
from inboxlink.evidence.lookup import LookupDepth, LookupSettings, known
from inboxlink.evidence.many import look_into_many
from inboxlink.network.dialer import Dialer
from inboxlink.network.resolver import Resolver
from inboxlink.types.address import parse_address
from inboxlink.types.detection import Basis, Evidence, Strength
from peers.certificates import Authority
from peers.web import Page, World, page

#: The cases, by the numbers under which they were collected; what is right is in their tests.
CASES = {
    1: "internationalised domains, and letters of several alphabets",
    2: "a plus sign or quotes before the @",
    3: "capitals and a dot at the end of the domain",
    4: "Google's exchangers: five, one, mistyped, left over from a verification",
    5: "a filter in front of Microsoft 365 or of an Exchange server",
    6: "a filter, and no sign of what is behind it",
    7: "a tenant at Microsoft, and the mail elsewhere",
    8: "the further names of Microsoft's exchangers",
    9: "Microsoft's national clouds, and a tenant in two of them",
    10: "Amazon takes the mail, or keeps it",
    11: "every name exists, and every page says welcome",
    12: "a web page before the file",
    13: "redirects: to plain http, from it, elsewhere, in circles, to other ports",
    14: "files that unpack, include, nest or never end",
    15: "servers that drip, hang or swallow packets",
    16: "addresses within one's own network, in every spelling",
    17: "what is no domain of the public DNS, or nobody's own",
    18: "a domain that accepts no mail",
    19: "a domain without mail exchangers",
    20: "odd mail exchangers",
    21: "DNS that fails, lies, or sends half",
    22: "hosts of one family of addresses",
    23: "odd SRV records",
    24: "odd autoconfig files",
    25: "Autodiscover that leads astray",
    26: "the file says password, the exchangers say Google",
    27: "a server that wants the whole address",
    28: "certificates that do not hold",
    29: "DNSSEC that fails, and DNSSEC that anybody claims",
    30: "domains that are another one's alias, or a hoster's customer",
    31: "a log that tells nothing of the person",
    32: "many domains, and some that hang",
    33: "a name that steers the terminal",
    34: "two look-ups at once",
    35: "a look-up that is given up",
}


def judged(evidence: Evidence) -> Recommendation:
    with Host() as host:
        return host.judge(evidence)


@pytest.mark.parametrize("address", [f"ann+news@{D}", f"o'neil/x=%@{D}"])
def test_what_stands_before_the_at_is_asked_of_nobody(
    address: str, authority: Authority, home: Path
) -> None:
    """However odd it is: neither DNS, nor the web, nor a mail server, nor the log has it."""
    # case 2, 31
    pages: dict[str, Page] = {AUTOCONFIG: page(file())}
    local = address.partition("@")[0]
    with World(authority, (f"autoconfig.{D}", D), pages=pages) as world, Host() as host:
        host.paths.config.write_text(world.configuration)
        wanted = host.lookup_settings(LookupDepth.FULL, thorough=True, check=True)
        found = host.recommend(parse_address(address), wanted)
    assert found.best is not None
    assert {each.username for each in found.best.endpoints} == {"{address}"}
    said = [*world.fetched, *(name for name, _ in world.names.questions)]
    said += [f"{each.source} {each.outcome}" for each in found.evidence.log]
    said += [request.decode() for request in world.requests]
    assert said
    for text in said:
        assert local not in text
        assert "%40" not in text


def test_an_exchange_server_behind_a_filter_is_found_by_its_own_words(
    authority: Authority, home: object
) -> None:
    """The filter says nothing, autodiscover leads into the domain, and the server is asked."""
    # case 5, 25
    refusal = page(
        b"",
        *(b'WWW-Authenticate: Basic realm="a"', b"X-FEServer: EX1"),
        status=b"401 Unauthorized",
    )
    records = {
        D: f"{D}. 60 IN MX 1 mx1.acme.pphosted.com.",
        f"autodiscover.{D}": f"autodiscover.{D}. 60 IN CNAME owa.{D}.\nowa.{D}. 60 IN A 192.0.2.1",
    }
    host = f"autodiscover.{D}"
    with World(authority, (host, f"owa.{D}"), records, {host: refusal}) as world:
        evidence = look(world)
    facts = {each.name: each.strength for each in evidence.hosting}
    assert facts == {"gateway": Strength.DECISIVE, "exchange_onprem": Strength.LIKELY}
    best = judged(evidence).best
    assert best is not None
    assert (best.provider, best.endpoints[0].host) == ("exchange", host)


def test_a_tenant_alone_moves_nobodys_mail(authority: Authority, home: object) -> None:
    """Where DNS shows nothing of Microsoft's, its clouds are not even asked."""
    # case 7
    records = {D: f"{D}. 60 IN MX 1 mx.hoster.net."}
    pages: dict[str, Page] = {tenant.addresses(D)[0]: tenancy("microsoftonline.com", 1)}
    with World(authority, (D, *tenant.HOSTS), records, pages) as world:
        evidence = look(world)
    assert evidence.hosted_by("microsoft_365") is None
    assert not any("microsoft" in url for url in world.fetched)


@pytest.mark.parametrize(
    "body",
    [
        page(b""),
        page(b"", status=b"204 No Content"),
        page(b"{}"),
        page(b'<html xmlns="http://www.w3.org/1999/xhtml"><head/></html>'),
        page(b"<html>Welcome</html>", b"Content-Type: text/html"),
    ],
)
def test_a_domain_of_which_every_name_exists_shows_nothing(
    authority: Authority, home: object, body: bytes
) -> None:
    """Neither an address of each name nor one page for all of them is a sign of anything."""
    # case 11
    hosts = tuple(f"{label}.{D}" for label in ("autoconfig", "autodiscover", "ua-auto-config"))

    def everything(reply: Any, _: str) -> bytes:
        return made_up(reply, str(reply.q.qname).endswith(f"{D}."))

    with World(
        *(authority, (*hosts, D)), pages=dict.fromkeys((*hosts, D), body), twist=everything
    ) as world:
        evidence = look(world, guess=False)
    assert [each for each in evidence.hosting if each.is_conclusive] == []
    assert not evidence.published
    assert judged(evidence).best is None


def made_up(reply: Any, is_made_up: bool) -> bytes:
    """The reply, with an address in place of "no such name"."""
    if reply.header.rcode == 3 and is_made_up:
        reply.header.rcode = 0
        if reply.q.qtype == QTYPE.A:
            reply.add_answer(*RR.fromZone(f"{reply.q.qname} 60 IN A 192.0.2.1"))
    return bytes(reply.pack())


def test_a_resolver_that_answers_for_names_that_do_not_exist_is_seen_through(
    authority: Authority, home: object
) -> None:
    """It sends every mistyped name to its own page; none of that becomes evidence."""
    # case 21
    hijacked = ("autoconfig", "autodiscover", "imap", "mail", "smtp", "ua-auto-config")
    hosts = (*(f"{label}.{D}" for label in hijacked), D)

    # The page is the resolver's, and so is its certificate.
    stranger = authority.issue("search.isp.net")
    with World(
        *(authority, hosts),
        pages=dict.fromkeys(hosts, page(file("imap.evil.net"))),
        certificate=stranger,
        twist=lambda reply, _: made_up(reply, True),
    ) as world:
        evidence = look(world)
    assert world.requests == []
    assert [each for each in evidence.hosting if each.is_conclusive] == []
    assert (evidence.published, evidence.services, evidence.guessed) == ((), (), ())
    assert "detection.warning.incomplete" in [each.key for each in evidence.warnings]


def test_a_domain_that_accepts_no_mail_says_so_beside_its_file(
    authority: Authority, home: object
) -> None:
    """A null MX is warned of even where servers are published."""
    # case 18
    with World(
        *(authority, (f"autoconfig.{D}",)),
        records={D: f"{D}. 60 IN MX 0 ."},
        pages={AUTOCONFIG: page(file())},
    ) as world:
        evidence = look(world)
    assert evidence.published
    assert "detection.warning.null_mx" in [each.key for each in evidence.warnings]
    assert judged(evidence).best is not None


def test_a_domain_without_exchangers_may_have_mail_all_the_same(
    authority: Authority, home: object
) -> None:
    """Its own address takes the mail (RFC 5321 section 5.1): a hint, and the file is read."""
    # case 19
    pages: dict[str, Page] = {WELL_KNOWN: page(file())}
    with World(authority, (D,), pages=pages) as world:
        evidence = look(world)
    assert [(each.name, each.strength) for each in evidence.hosting] == [
        ("no_mx_implicit", Strength.HINT)
    ]
    assert evidence.published


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        # An exchanger that is an alias (RFC 2181 section 10.3 forbids it) is not followed.
        (f"{D}. 60 IN MX 1 mx.{D}.", set()),
        (f"{D}. 60 IN MX 1 _dc-mx.0123.{D}.", set()),
        (f"{D}. 60 IN MX 1 192.0.2.1.", {"broken_mx"}),
        (f"{D}. 60 IN MX 1 localhost.", {"broken_mx"}),
        (f"{D}. 60 IN MX 1 {D}.", set()),
        (
            f"{GOOGLE.splitlines()[0]}\n{D}. 60 IN MX 1 acme-org.mail.protection.outlook.com.",
            {"google", "microsoft_365"},
        ),
    ],
)
def test_odd_exchangers_are_what_they_are(
    authority: Authority, home: object, lines: str, facts: set[str]
) -> None:
    """None of them makes up a hoster, and of two equal ones both are named."""
    # case 20
    alias = {f"mx.{D}": f"mx.{D}. 60 IN CNAME aspmx.l.google.com."}
    with World(authority, tenant.HOSTS, {D: lines} | alias, dict(NO_TENANT)) as world:
        evidence = look(world, guess=False)
    conclusive = {each.name for each in evidence.hosting if each.strength is not Strength.HINT}
    assert conclusive == facts
    strengths = {each.strength for each in evidence.hosting if each.name in facts}
    assert len(facts) < 2 or strengths == {Strength.LIKELY}


def test_a_certificate_of_another_name_is_no_exchange_server(authority: Authority) -> None:
    """Whatever it would have said: it is not asked."""
    # case 25, 28
    host = f"autodiscover.{D}"
    refusal = page(b"", b"WWW-Authenticate: NTLM", b"X-FEServer: EX1", status=b"401 No")
    certificate = authority.issue("mail.hoster.net")
    with World(authority, (host,), pages={host: refusal}, certificate=certificate) as world:
        evidence = look(world)
    assert world.requests == []
    assert evidence.hosted_by("exchange_onprem") is None


def test_the_exchangers_go_before_the_file_and_both_are_told(
    authority: Authority, home: object
) -> None:
    """A web panel publishes its own servers for mail that Google keeps."""
    # case 26
    pages: dict[str, Page] = {AUTOCONFIG: page(file())}
    with World(authority, (f"autoconfig.{D}", D), {D: GOOGLE}, pages) as world:
        evidence = look(world, thorough=True)
    assert [each.host for each in evidence.published or ()] == [f"mail.{D}"] * 2
    found = judged(evidence)
    assert found.best is not None
    assert (found.best.provider, found.best.basis) == ("gmail", Basis.HOSTED_MX)
    over_imap = found.of("imap")
    assert over_imap is not None
    assert (over_imap.basis, over_imap.endpoints[0].host) == (Basis.HOSTED_MX, "imap.gmail.com")


def test_a_server_that_wants_the_whole_address_does_not_get_it(authority: Authority) -> None:
    """Status 400 is no file; the other place is heard, and nothing is asked a second time."""
    # case 27
    pages: dict[str, Page] = {
        AUTOCONFIG: page(b"emailaddress is missing", status=b"400 Bad Request"),
        WELL_KNOWN: page(file()),
    }
    with World(authority, (f"autoconfig.{D}", D), pages=pages) as world:
        evidence = look(world)
    assert evidence.published
    assert world.fetched.count(AUTOCONFIG) == 1
    assert not any("emailaddress=" in url or "?" in url for url in world.fetched)


def test_domains_that_hang_hold_up_no_other(authority: Authority) -> None:
    """Of two hundred, two never answer: the others come first, and all come within the limit."""
    # case 32
    domains = [f"d{n}.org" for n in range(200)]
    silent = {"d7.org.", "d150.org."}

    def some(reply: Any, _: str) -> bytes | None:
        return None if str(reply.q.qname) in silent else bytes(reply.pack())

    records = {each: f"{each}. 60 IN MX 1 smtp.google.com." for each in domains}
    settings = LookupSettings(LookupDepth.PASSIVE, frugal=True, deadline_s=1.5)

    async def every(world: World) -> list[Evidence]:
        given = (known(each, {}) for each in domains)
        return [each async for each in look_into_many(given, settings, world.settings, 0)]

    with World(authority, records=records, twist=some) as world:
        began = time.monotonic()
        found = asyncio.run(every(world))
        took = time.monotonic() - began
    assert sorted(each.domain for each in found) == sorted(domains)
    assert {each.domain for each in found[-2:]} == {"d7.org", "d150.org"}
    assert all(each.mx is None for each in found[-2:])
    assert all(each.hosted_by("google") for each in found[:-2])
    assert took < 2 * settings.deadline_s + 1


HOSTILE_NAMES = {
    "colours": ("Mail\x1b[31mer", None),
    "references": ("Mail&#x1b;er", None),
    "right to left": ("Mail\u202egro", "Mail\\u202egro"),
    "a C1 control": ("Mail&#x9b;31mer", "Mail\\x9b31mer"),
    "lines": ("Mail\n\n  er\tx", "Mail er x"),
    "without end": ("M" * 30_000, "M" * 79 + "…"),
}


@pytest.mark.parametrize("kind", HOSTILE_NAMES)
def test_a_providers_name_cannot_steer_the_terminal(authority: Authority, kind: str) -> None:
    """It is shown in the log, short and in characters that stand still, with its help page."""
    # case 33
    name, shown = HOSTILE_NAMES[kind]
    more = (
        f"<displayName>{name}</displayName>"
        '<documentation url="javascript:alert(1)"/><documentation url="https://acme.org/help"/>'
    )
    content = file().replace(b"<domain>", more.encode() + b"<domain>", 1)
    with World(authority, (f"autoconfig.{D}",), pages={AUTOCONFIG: page(content)}) as world:
        evidence = look(world)
    outcomes = [each.outcome for each in evidence.log if each.source == AUTOCONFIG]
    if shown is None:  # XML 1.0 has no such character, so that it is no file at all
        assert not evidence.published
        assert not any("help" in each for each in outcomes)
    else:
        assert outcomes[-1] == f'"{shown}", https://acme.org/help'
    assert all(each.isprintable() for each in outcomes)


def test_silent_dns_and_silent_web_end_together(authority: Authority) -> None:
    """Whatever swallows packets, one deadline is for all of it."""
    # case 15
    hosts = (f"autoconfig.{D}", D, community.HOST)

    def quiet(reply: Any, _: str) -> bytes | None:
        return None if str(reply.q.qname) == f"{D}." else bytes(reply.pack())

    with World(authority, hosts, pages=dict.fromkeys(hosts, hang), twist=quiet) as world:
        began = time.monotonic()
        evidence = look(world, deadline_s=1.5)
        took = time.monotonic() - began
    assert took < 1.5 * 1.1 + 0.2
    assert evidence.mx is None
    assert "detection.warning.incomplete" in [each.key for each in evidence.warnings]


def test_a_tenant_in_two_clouds_is_told_in_words(authority: Authority, home: object) -> None:
    """Nothing is picked: the person is told which clouds, and the servers stay a suggestion."""
    # case 9
    pages = NO_TENANT | {
        tenant.addresses(D)[0]: tenancy("microsoftonline.com", 1),
        tenant.addresses(D)[1]: tenancy("microsoftonline.us", 2, "DODCON"),
    }
    with World(authority, tenant.HOSTS, BEHIND_FILTER, pages) as world:
        evidence = look(world)
    (warning,) = [each for each in evidence.warnings if "clouds" in each.key]
    assert warning.params == {"clouds": "Microsoft 365, GCC High"}
    fact = evidence.hosted_by("microsoft_365")
    assert fact is not None
    assert fact.cloud is None


def test_a_broken_look_up_does_not_break_the_next(authority: Authority) -> None:
    """Over one resolver, a look-up that ends in silence leaves the others their answers."""
    # case 34
    settings = LookupSettings(LookupDepth.PASSIVE, deadline_s=1.0)

    def some(reply: Any, _: str) -> bytes | None:
        return None if "quiet" in str(reply.q.qname) else bytes(reply.pack())

    async def both(world: World) -> list[Evidence]:
        resolver = Resolver(world.settings)
        dialer = Dialer(world.settings, resolver)
        try:
            return await asyncio.gather(
                *(
                    look_into(known(each, {}), settings, resolver, dialer)
                    for each in ("quiet.org", D)
                )
            )
        finally:
            await resolver.close()

    with World(authority, records={D: GOOGLE}, twist=some) as world:
        quiet, heard = asyncio.run(both(world))
    assert quiet.mx is None
    assert heard.hosted_by("google")


def test_every_case_has_a_test() -> None:
    """Each number stands in a test, and no test names one that is not there."""
    shown: set[int] = set()
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        source = path.read_text(encoding="utf-8")
        if "# case " not in source:
            continue
        lines = source.splitlines()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                body = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                for listed in re.findall(r"^ +# case ([\d, ]+)$", body, re.M):
                    shown |= {int(number) for number in re.findall(r"\d+", listed)}
    assert shown == CASES.keys()
