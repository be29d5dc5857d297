"""What is recommended in each kind of world, and whom it was asked of."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import pytest

from inboxlink.connect.host import Host
from inboxlink.detection import Recommendation
from inboxlink.evidence import autoconfig, community, tenant
from inboxlink.evidence.lookup import LookupDepth, LookupSettings, known, look_up
from inboxlink.types.detection import Basis, Evidence, Trust
from peers.certificates import Authority
from peers.scripted import Conversation
from peers.web import Page, World, html, page, redirect

D = "acme.org"
AUTOCONFIG, WELL_KNOWN = autoconfig.addresses(D)
ISPDB = community.address(D)
GOOGLE = f"{D}. 60 IN MX 1 aspmx.l.google.com.\n{D}. 60 IN MX 5 alt1.aspmx.l.google.com."


def file(host: str = f"mail.{D}", domain: str = D) -> bytes:
    return f"""<clientConfig version="1.1"><emailProvider id="{domain}"><domain>{domain}</domain>
<incomingServer type="imap"><hostname>{host}</hostname><port>993</port>
<socketType>SSL</socketType><username>%EMAILADDRESS%</username>
<authentication>password-cleartext</authentication></incomingServer>
<outgoingServer type="smtp"><hostname>{host}</hostname><port>465</port>
<socketType>SSL</socketType><username>%EMAILADDRESS%</username>
<authentication>password-cleartext</authentication></outgoingServer>
</emailProvider></clientConfig>""".encode()


def hang(conversation: Conversation) -> None:
    conversation.hear_out()


def drip(conversation: Conversation) -> None:
    for octet in page(file()):
        conversation.send(bytes((octet,)))
        time.sleep(0.5)


#: How Microsoft's clouds say that they have no such tenant.
NO_TENANT: dict[str, Page] = dict.fromkeys(tenant.HOSTS, page(b"{}", status=b"400 Bad Request"))


def tenancy(instance: str, number: int, scope: str = "") -> bytes:
    """A cloud's word that the domain has a tenant there."""
    return page(
        json.dumps(
            {
                "issuer": f"https://{tenant.HOSTS[0]}/{number:08}-2222-3333-4444-555555555555/v2.0",
                "cloud_instance_name": instance,
                "tenant_region_sub_scope": scope,
            }
        ).encode()
    )


BEHIND_FILTER = {
    D: f"{D}. 60 IN MX 1 mx1.acme.pphosted.com.\n{D}. 60 IN TXT "
    '"v=spf1 include:spf.protection.outlook.com -all"',
    f"autodiscover.{D}": f"autodiscover.{D}. 60 IN CNAME autodiscover.outlook.com.",
}
WORKMAIL = "autodiscover.mail.eu-west-1.awsapps.com"


@dataclass(frozen=True)
class Scenario:
    """A world, and what is expected of a full look-up in it."""

    basis: Basis | None
    imap: str | None
    hosts: tuple[str, ...] = (f"autoconfig.{D}", D, community.HOST)
    records: dict[str, str] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()
    refused: str | None = None
    missing: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()
    asks_web: bool = True


SCENARIOS = {
    "the domain publishes": Scenario(
        Basis.PUBLISHED, f"mail.{D}", pages={AUTOCONFIG: page(file())}
    ),
    "the database alone knows it": Scenario(
        Basis.COMMUNITY_DB, "imap.hoster.net", pages={ISPDB: page(file("imap.hoster.net"))}
    ),
    "Google's exchangers": Scenario(
        Basis.HOSTED_MX, "imap.gmail.com", records={D: GOOGLE}, facts=("google",), asks_web=False
    ),
    "SRV records within the domain": Scenario(
        Basis.SERVICE_RECORDS,
        f"imap.{D}",
        hosts=(),
        records={
            f"_imaps._tcp.{D}": f"_imaps._tcp.{D}. 60 IN SRV 0 1 993 imap.{D}.",
            f"_submissions._tcp.{D}": f"_submissions._tcp.{D}. 60 IN SRV 0 1 465 smtp.{D}.",
        },
    ),
    "SRV records that lead elsewhere": Scenario(
        Basis.SERVICE_RECORDS,
        "imap.elsewhere.co.uk",
        hosts=(),
        records={f"_imaps._tcp.{D}": f"_imaps._tcp.{D}. 60 IN SRV 0 1 993 imap.elsewhere.co.uk."},
        confirm=("elsewhere.co.uk",),
    ),
    "nothing": Scenario(None, None, hosts=()),
    "Google's exchangers and a silent web server": Scenario(
        *(Basis.HOSTED_MX, "imap.gmail.com"),
        records={D: GOOGLE},
        pages={f"autoconfig.{D}": hang, D: hang},
        facts=("google",),
        asks_web=False,
    ),
    "Google's exchangers and a web page for everything": Scenario(
        *(Basis.HOSTED_MX, "imap.gmail.com"),
        records={D: GOOGLE},
        pages={f"autoconfig.{D}": html(), D: html()},
        facts=("google",),
        asks_web=False,
    ),
    "a mailconf record": Scenario(
        Basis.PUBLISHED,
        f"mail.{D}",
        records={D: f'{D}. 60 IN TXT "mailconf=https://{D}/mail.xml"'},
        pages={f"https://{D}/mail.xml": page(file())},
    ),
    "a mailconf record for servers elsewhere": Scenario(
        Basis.PUBLISHED,
        "imap.hoster.net",
        records={D: f'{D}. 60 IN TXT "mailconf=https://{D}/mail.xml"'},
        pages={f"https://{D}/mail.xml": page(file("imap.hoster.net"))},
        confirm=("hoster.net",),
    ),
    "a web page before the file": Scenario(
        Basis.PUBLISHED, f"mail.{D}", pages={AUTOCONFIG: html(), WELL_KNOWN: page(file())}
    ),
    "the file, called a web page": Scenario(
        Basis.PUBLISHED,
        f"mail.{D}",
        pages={AUTOCONFIG: page(file(), b"Content-Type: text/html")},
    ),
    "a redirect to another host": Scenario(
        Basis.PUBLISHED,
        f"mail.{D}",
        pages={AUTOCONFIG: redirect(f"https://{D}/f"), f"https://{D}/f": page(file())},
    ),
    "the hoster's own file, by its exchanger": Scenario(
        Basis.COMMUNITY_DB,
        "imap.hoster.net",
        hosts=("autoconfig.hoster.net",),
        records={D: f"{D}. 60 IN MX 1 mx1.hoster.net."},
        pages={autoconfig.addresses("hoster.net")[0]: page(file("imap.hoster.net", "hoster.net"))},
        confirm=("hoster.net",),
    ),
    "Microsoft behind a filter": Scenario(
        Basis.BEHIND_GATEWAY,
        "outlook.office365.com",
        hosts=tenant.HOSTS,
        records=BEHIND_FILTER,
        pages=NO_TENANT,
        facts=("gateway", "microsoft_365"),
    ),
    "a filter, and nothing more": Scenario(
        None,
        None,
        hosts=(),
        records={D: f"{D}. 60 IN MX 1 mx1.acme.pphosted.com."},
        facts=("gateway",),
    ),
    "Microsoft's cloud of the US government, behind a filter": Scenario(
        None,
        None,
        hosts=tenant.HOSTS,
        records=BEHIND_FILTER,
        pages=NO_TENANT | {tenant.addresses(D)[0]: tenancy("microsoftonline.us", 1, "DODCON")},
        facts=("gateway", "microsoft_365"),
        refused="national_cloud_unsupported",
    ),
    "tenants in two of Microsoft's clouds": Scenario(
        Basis.BEHIND_GATEWAY,
        "outlook.office365.com",
        hosts=tenant.HOSTS,
        records=BEHIND_FILTER,
        pages=NO_TENANT
        | {
            tenant.addresses(D)[0]: tenancy("microsoftonline.com", 1),
            tenant.addresses(D)[2]: tenancy("partner.microsoftonline.cn", 2),
        },
        warnings=("detection.warning.several_clouds",),
    ),
    "Amazon takes the mail": Scenario(
        None,
        None,
        hosts=(),
        records={D: f"{D}. 60 IN MX 1 inbound-smtp.eu-west-1.amazonaws.com."},
        facts=("amazon_ses",),
        refused="amazon_ses_unsupported",
    ),
    "Amazon keeps the mail": Scenario(
        None,
        None,
        hosts=(),
        records={
            D: f"{D}. 60 IN MX 1 inbound-smtp.eu-west-1.amazonaws.com.",
            f"autodiscover.{D}": f"autodiscover.{D}. 60 IN CNAME {WORKMAIL}.",
        },
        facts=("amazon_workmail",),
        refused="amazon_workmail_unsupported",
    ),
    "a hoster that also sells Microsoft's": Scenario(
        Basis.BEHIND_GATEWAY,
        "imap.secureserver.net",
        hosts=tenant.HOSTS,
        records={
            D: f"{D}. 60 IN MX 1 smtp.secureserver.net.",
            f"autodiscover.{D}": f"autodiscover.{D}. 60 IN CNAME autodiscover.outlook.com.",
            f"selector1._domainkey.{D}": f"selector1._domainkey.{D}. 60 IN CNAME "
            "selector1-acme-org._domainkey.acme.onmicrosoft.com.",
        },
        pages=NO_TENANT,
        facts=("godaddy", "microsoft_365"),
        missing=("inboxlink-outlook",),
    ),
    "a file that is for other domains": Scenario(
        Basis.PUBLISHED,
        "imap.hoster.net",
        pages={AUTOCONFIG: page(file("imap.hoster.net", "other.org"))},
        confirm=("hoster.net",),
        warnings=("detection.warning.other_domains",),
    ),
    "an Exchange server of its own": Scenario(
        None,
        None,
        hosts=(f"autodiscover.{D}",),
        pages={
            f"autodiscover.{D}": page(
                b"",
                *(b"WWW-Authenticate: Negotiate", b"WWW-Authenticate: NTLM"),
                *(b"X-FEServer: EX1", b"X-OWA-Version: 15.2.1544.4"),
                status=b"401 Unauthorized",
            )
        },
        facts=("exchange_onprem",),
        missing=("inboxlink-exchange",),
    ),
    "a domain that accepts no mail": Scenario(
        None,
        None,
        hosts=(),
        records={D: f"{D}. 60 IN MX 0 ."},
        warnings=("detection.warning.null_mx",),
    ),
    "a hoster of the table by its exchanger": Scenario(
        Basis.HOSTED_MX,
        "imap.fastmail.com",
        records={D: f"{D}. 60 IN MX 1 in1-smtp.messagingengine.com."},
        facts=("fastmail",),
        asks_web=False,
    ),
    "a name that all names lead to": Scenario(
        None,
        None,
        records={f"autodiscover.{D}": f"autodiscover.{D}. 60 IN A 192.0.2.1"},
        pages={host: html() for host in (f"autoconfig.{D}", D, community.HOST)},
    ),
}


def look(world: World, **settings: Any) -> Evidence:
    return look_up(
        known(D, {}), LookupSettings(LookupDepth.FULL, **settings), lambda: world.settings
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_right_thing_is_recommended(
    name: str, authority: Authority, home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of world has its answer, and the web is asked only where DNS does not decide."""
    # case 4, 5, 6, 9, 10, 12, 13, 18, 23, 24, 25, 31
    # req 23, 25
    # With the provider for any server alone: one that is made for a hoster stands before it, and
    # tests of its own hold where.
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "inboxlink-imap")
    scenario = SCENARIOS[name]
    with World(authority, scenario.hosts, scenario.records, scenario.pages) as world:
        evidence = look(world)
    with Host() as host:
        recommendation = host.judge(evidence)
    hold(scenario, recommendation)
    assert bool(world.requests) <= scenario.asks_web
    for request in world.requests:
        assert b"@" not in request
        assert not {b"authorization:", b"cookie:"} & {
            line.split()[0].lower() for line in request.split(b"\r\n")[1:] if line
        }
    assert not any("@" in question for question, _ in world.names.questions)
    assert not any("@" in f"{each.source}{each.outcome}" for each in evidence.log)


def test_a_tenant_that_was_told_is_kept(authority: Authority, home: object) -> None:
    """Behind a filter, the fact names the domain's tenant; of two tenants it names none."""
    one = {tenant.addresses(D)[0]: tenancy("microsoftonline.com", 1)}
    two = one | {tenant.addresses(D)[2]: tenancy("partner.microsoftonline.cn", 2)}
    for pages, told in (
        (NO_TENANT, None),
        (NO_TENANT | one, "00000001-2222-3333-4444-555555555555"),
        (NO_TENANT | two, None),
    ):
        with World(authority, tenant.HOSTS, BEHIND_FILTER, pages) as world:
            fact = look(world).hosted_by("microsoft_365")
        assert fact is not None
        assert (fact.tenant, fact.cloud) == (told, None)
        assert fact.servers


def hold(scenario: Scenario, recommendation: Recommendation) -> None:
    conclusive = {fact.name for fact in recommendation.evidence.hosting if fact.strength != "hint"}
    assert conclusive >= set(scenario.facts)
    warnings = [each.key for each in recommendation.evidence.warnings]
    # Worlds without a record for the domain itself are worlds where it does not exist.
    is_there = D in scenario.records or D in scenario.hosts
    missing_domain = () if is_there else ("detection.warning.no_domain",)
    assert warnings == [*missing_domain, *scenario.warnings]
    codes = [each.unsupported.code for each in recommendation.candidates if each.unsupported]
    assert codes == ([] if scenario.refused is None else [scenario.refused])
    if scenario.missing is not None:
        missing = [each.distribution for each in recommendation.not_installed]
        assert missing == [*scenario.missing]
    best = recommendation.best
    if scenario.basis is None:
        assert best is None
        return
    assert best is not None
    assert (best.basis, best.endpoints[0].host) == (scenario.basis, scenario.imap)
    assert recommendation.to_confirm(best) == scenario.confirm


MISSES: dict[str, Page] = {
    "nothing": page(b""),
    "no content": page(b"", status=b"204 No Content"),
    "JSON": page(b'{"a": 1}'),
    "XHTML": page(b'<html xmlns="http://www.w3.org/1999/xhtml"><head/></html>'),
    "a document type": page(b'<!DOCTYPE a [<!ENTITY b "c">]>' + file()),
    "an external entity": page(b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + file()),
    "too much": page(b"<clientConfig>" + b" " * 10_000_000),
    "packed": page(b"\x1f\x8b" + b"0" * 100, b"Content-Encoding: gzip"),
    "nested": page(b"<clientConfig>" * 3000),
    "a lie about its length": page(file())[:-20],
    "servers without TLS": page(file().replace(b"SSL", b"plain")),
    "an error": page(file(), status=b"500 No"),
    "a redirect to plain http": redirect(f"http://{D}/"),
    "a redirect in a circle": redirect(AUTOCONFIG),
    "a redirect to a file": redirect("file:///etc/passwd"),
    "a redirect to ftp": redirect(f"ftp://{D}/"),
    "a redirect to another port": redirect(f"https://{D}:22/"),
    "a redirect to an address within": redirect("https://127.0.0.1/"),
}


@pytest.mark.parametrize("name", MISSES)
def test_what_is_no_file_is_passed_over(name: str, authority: Authority) -> None:
    """The second place is heard although the first answers with something else."""
    # case 11, 12, 13, 14
    pages: dict[str, Page] = {AUTOCONFIG: MISSES[name], WELL_KNOWN: page(file())}
    with World(authority, (f"autoconfig.{D}", D), pages=pages) as world:
        evidence = look(world)
    assert [each.host for each in evidence.published or ()] == [f"mail.{D}"] * 2
    assert {each.trust for each in evidence.published or ()} == {Trust.VERIFIED}


@pytest.mark.parametrize("page_", [hang, drip], ids=["silent", "dripping"])
def test_a_world_that_hangs_ends_by_the_deadline(authority: Authority, page_: Page) -> None:
    """Whatever hangs, the look-up ends, and says that not everything was heard."""
    # case 15
    hosts = (f"autoconfig.{D}", D, community.HOST)
    with World(authority, hosts, pages=dict.fromkeys(hosts, page_)) as world:
        started = time.monotonic()
        evidence = look(world, deadline_s=1.5)
        took = time.monotonic() - started
    assert took < 1.5 * 1.1 + 0.2
    assert evidence.published in ((), None)


def test_a_good_answer_does_not_wait_for_silence(authority: Authority) -> None:
    """What the domain publishes is not held up by the database or by the other place."""
    hosts = (f"autoconfig.{D}", D, community.HOST)
    pages: dict[str, Page] = {AUTOCONFIG: page(file()), D: hang, community.HOST: hang}
    with World(authority, hosts, pages=pages) as world:
        started = time.monotonic()
        evidence = look(world)
        took = time.monotonic() - started
    assert evidence.published
    assert took < 1.5


def test_a_database_that_answers_first_waits_a_little_for_better(authority: Authority) -> None:
    """The domain's own word, within the grace, goes before the database's."""

    def late(conversation: Conversation) -> None:
        time.sleep(0.3)
        conversation.send(page(file()))

    pages: dict[str, Page] = {AUTOCONFIG: late, ISPDB: page(file("imap.hoster.net"))}
    with World(authority, (f"autoconfig.{D}", D, community.HOST), pages=pages) as world:
        evidence = look(world)
    assert evidence.published
    assert evidence.community


def test_what_was_not_heard_is_said(authority: Authority) -> None:
    """A published name whose server breaks is no domain without a file; it is one warning."""
    hosts = (f"autoconfig.{D}", D, community.HOST)
    broken = (f"autoconfig.{D}", community.HOST)
    pages: dict[str, Page] = dict.fromkeys(broken, lambda conversation: conversation.reset())
    with World(authority, hosts, pages=pages) as world:
        evidence = look(world)
    assert [each.key for each in evidence.warnings] == ["detection.warning.incomplete"]
    assert evidence.warnings[0].params["sources"] == ", ".join(broken)


def test_the_databases_answers_are_kept(authority: Authority, tmp_path: Any) -> None:
    """A second look-up asks it no more, unless it is told to."""
    pages: dict[str, Page] = {ISPDB: page(file("imap.hoster.net"))}
    with World(authority, (D, community.HOST), pages=pages) as world:
        for refresh, times in ((False, 1), (False, 1), (True, 2)):
            evidence = look(world, cache=tmp_path / "kept", refresh=refresh)
            assert evidence.community
            assert world.fetched.count(ISPDB) == times


def test_who_opts_out_tells_the_database_nothing(authority: Authority) -> None:
    """Neither DNS nor the web hears its name."""
    with World(authority, (D, community.HOST), pages={ISPDB: page(file())}) as world:
        evidence = look(world, community=False)
    assert not evidence.community
    assert not any(community.HOST in name for name, _ in world.names.questions)
    assert ISPDB not in world.fetched


WITHIN = [
    *("127.0.0.1", "127.1.2.3", "10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.254"),
    *("192.168.0.1", "192.168.255.254", "169.254.169.254", "169.254.0.1", "100.64.0.1"),
    *("100.127.255.254", "0.0.0.0", "0.1.2.3", "192.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *("::1", "::", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"),
    *("64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:7f00:1::80ff:fffe"),
    *("::127.0.0.1", "64:ff9b:1::1", "100::1", "2001:10::1", "3fff::1", "5f00::1"),
]
SPELLINGS = [
    *("127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001"),
    *("0", "00.00.00.00", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    *(
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[0:0:0:0:0:0:0:1]",
        "[fe80::1%25lo]",
        "127。0。0。1",
    ),
    *("①②⑦.0.0.1", "169.254.169.254", "[64:ff9b::7f00:1]"),
]


@pytest.fixture
def connected() -> Iterator[Callable[[], list[Any]]]:
    """The addresses that this process connects to or sends to, while the test runs."""
    seen: list[Any] = []
    _WATCHED.append(seen)
    yield lambda: list(seen)
    _WATCHED.remove(seen)


_WATCHED: list[list[Any]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    # The servers of the tests answer in threads of their own.
    is_own = threading.current_thread() is threading.main_thread()
    if event in ("socket.connect", "socket.sendto") and is_own:
        for each in _WATCHED:
            each.append(arguments[1])


sys.addaudithook(_hook)


@pytest.mark.parametrize("address", WITHIN)
def test_a_name_for_an_address_within_is_not_connected(
    authority: Authority, address: str, connected: Callable[[], list[Any]]
) -> None:
    """No packet leaves for an address that is private or special, however a name wraps it."""
    # case 16
    kind = "AAAA" if ":" in address else "A"
    records = {f"autoconfig.{D}": f"autoconfig.{D}. 60 IN {kind} {ip_address(address).exploded}"}
    with World(authority, (), records) as world:
        evidence = look(world, guess=False)
    outcome = {each.source: each.outcome for each in evidence.log}[AUTOCONFIG]
    assert outcome == "address_blocked"
    assert {each[1] for each in connected()} <= {world.names.port}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_redirect_within_is_not_followed(
    authority: Authority, spelling: str, connected: Callable[[], list[Any]]
) -> None:
    """No spelling of an address within gets a packet."""
    # case 13, 16
    pages: dict[str, Page] = {AUTOCONFIG: redirect(f"https://{spelling}/canary")}
    with World(authority, (f"autoconfig.{D}",), pages=pages) as world:
        evidence = look(world, guess=False)
        web = {int(each.rpartition(":")[2]) for each in world.settings.connect.values()}
    assert evidence.published == ()
    assert {each[1] for each in connected()} <= {world.names.port} | web


def test_the_environment_has_no_say(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies of the environment are not used."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    with World(authority, (f"autoconfig.{D}",), pages={AUTOCONFIG: page(file())}) as world:
        assert look(world).published
