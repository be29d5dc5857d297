"""The table of hosters: every entry well formed, and only who is meant is found."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink import hosts
from inboxlink.evidence import table
from inboxlink.types.detection import SignIn, Tls, Trust

FILE = Path(table.__file__).with_name("providers.json")
ROWS = table.hosters()
IDS = sorted(ROWS)

NEEDED = {
    *("title", "countries", "domains", "exchanges", "imap", "submission", "username"),
    *("sign_in", "help", "checked"),
}
ALLOWED = NEEDED | {"titles", "zones", "not_exchanges", "pop3_only", "read"}

#: Where a registry gives out names below a second label, as in co.uk or ne.jp.
REGISTRY_LABELS = frozenset(
    re.findall(r"\w+", "ac ad co com ed edu go gob gov gr lg mil ne net or org")
)

EUROPE = frozenset(
    re.findall(r"\w+", "at be bg ch cz de dk es eu fi fr gb gr hu ie it lv nl no pl pt ro se ua")
)

#: Filters, forwarders and the fingerprints of `hosting`: none of them shows a mailbox here.
OTHERS = (
    *("aspmx.l.google.com", "alt1.aspmx.l.google.com", "aspmx2.googlemail.com", "smtp.google.com"),
    *("contoso-com.mail.protection.outlook.com", "contoso.mail.eo.outlook.com"),
    *("contoso-com.a-v1.mx.microsoft", "inbound-smtp.eu-west-1.amazonaws.com"),
    *("mx1-us1.ppe-hosted.com", "mx0a-001.pphosted.com", "eu-smtp-inbound-1.mimecast.com"),
    *("d1.ess.barracudanetworks.com", "mx1.hc1.eu.iphmx.com", "cluster1.eu.messagelabs.com"),
    *("mx01.hornetsecurity.com", "mx.antispameurope.com", "a.mx.seppmail.cloud"),
    *("mx-01-eu-central-1.prod.hydra.sophos.com", "in.tmes.trendmicro.eu", "mx.mx25.net"),
    *("gw.fortimailcloud.com", "mx10.mailspamprotection.com", "mx.spamexperts.com"),
    *("route1.mx.cloudflare.net", "mx1.forwardemail.net", "mx1.improvmx.com"),
    *("eforward1.registrar-servers.com", "mx1-hosting.jellyfish.systems", "mxa.mailgun.org"),
    *("x.mx-verification.google.com", "ex4.mail.ovh.net", "static.1.2.3.4.clients.your-server.de"),
)


def servers(row: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Every server of an entry."""
    yield from (*row["imap"], *row["submission"])


@pytest.mark.parametrize("name", IDS)
def test_every_entry_is_well_formed(name: str) -> None:
    """Names, hosts, ports, TLS words, user names, help pages and dates are what they must be."""
    row = ROWS[name]
    assert set(row) >= NEEDED, NEEDED - set(row)
    assert set(row) <= ALLOWED, set(row) - ALLOWED
    assert re.fullmatch(r"[a-z][a-z0-9_]{1,23}", name)
    assert row["title"].strip() == row["title"] != ""
    # English has no other letters than Latin ones; a name in Japanese may.
    assert all(ord(each) < 0x250 for each in row["title"])
    assert set(row.get("titles", {"ja": ""})) == {"ja"}
    assert row["title"] not in row.get("titles", {}).values()
    assert row["countries"]
    for country in row["countries"]:
        assert re.fullmatch(r"[a-z]{2}|world", country)
    for key in ("domains", "zones", "exchanges", "not_exchanges"):
        for each in row.get(key, ()):
            assert hosts.check_host(each) == each, key
            assert not each.startswith("xn--") or key == "domains"
            assert is_below_a_registry(each), each
    for host, port, tls in servers(row):
        assert hosts.check_port(port) == port
        # RFC 8314 section 7.3; one hoster has TLS at once on the submission port.
        assert Tls(tls) is (Tls.IMPLICIT if port in {993, 465} else Tls.STARTTLS) or port == 587
        if not host.startswith("{"):
            assert hosts.check_host(host) == host
            assert is_below_a_registry(host)
        # A template stands for what is known: the address's domain, or the exchanger.
        elif host == "{exchange}":
            assert row["exchanges"]
            assert not row["domains"]
        else:
            assert host == "{domain}"
            assert row["zones"]
            assert not row["exchanges"]
    assert row["username"] in {None, "{address}", "{local}"}
    assert re.fullmatch(r"https://[a-z0-9.-]+/[!-~]*", row["help"])
    assert hosts.check_host(row["help"].split("/")[2])


@pytest.mark.parametrize("name", IDS)
def test_every_entry_says_what_can_be_signed_in_to(name: str) -> None:
    """Both servers and a way to sign in, or neither."""
    row = ROWS[name]
    ways = [SignIn(each) for each in row["sign_in"]]
    assert ways
    assert len(set(ways)) == len(ways)
    can_sign_in = SignIn.NONE not in ways
    assert can_sign_in or len(ways) == 1
    assert bool(row["imap"]) is can_sign_in
    assert bool(row["submission"]) is can_sign_in
    assert not (row.get("pop3_only") and can_sign_in)
    # RFC 8314 section 3: implicit TLS is preferred, so it stands first where there are both.
    for key in ("imap", "submission"):
        words = [tls for _, _, tls in row[key]]
        assert words == sorted(words)


@pytest.mark.parametrize("name", IDS)
def test_every_entry_says_where_its_facts_are_from(name: str) -> None:
    """What was read has a month, and what was only remembered has none."""
    row = ROWS[name]
    assert row["checked"] in {"help", "directory", "use", "memory"}
    assert ("read" in row) is (row["checked"] != "memory")
    assert re.fullmatch(r"20[2-9][0-9]-(0[1-9]|1[0-2])", row.get("read", "2026-11"))


def test_no_name_leads_to_two_hosters() -> None:
    """A domain, zone or exchanger stands once in the whole file, as ids and titles do."""
    for keys in (("domains", "zones"), ("exchanges", "not_exchanges")):
        names = Counter(each for row in ROWS.values() for key in keys for each in row.get(key, ()))
        assert [each for each, times in names.items() if times > 1] == []
    titles = Counter(row["title"] for row in ROWS.values())
    assert [each for each, times in titles.items() if times > 1] == []
    pairs: list[tuple[str, Any]] = json.loads(FILE.read_bytes(), object_pairs_hook=list)
    assert [name for name, _ in pairs] == list(dict(pairs))


def test_a_domain_stands_in_no_other_hosters_zone() -> None:
    """Names below a zone belong to the hoster that has the zone."""
    for name, row in ROWS.items():
        for domain in row["domains"]:
            found = table.of_domain(domain)
            assert found is not None
            assert found.name == name


def test_the_table_covers_what_matters() -> None:
    """At least 60 hosters, among them the ones of the United States, Europe and Japan."""
    countries = Counter(
        "europe" if each in EUROPE else each
        for row in ROWS.values()
        for each in set(row["countries"])
    )
    assert len(ROWS) >= 60
    assert countries["us"] >= 10
    assert countries["europe"] >= 40
    assert countries["jp"] >= 8
    assert sum(len(row["domains"]) for row in ROWS.values()) >= 500
    assert sum(row["checked"] == "memory" for row in ROWS.values()) <= len(ROWS) / 10
    for domain in ("gmail.com", "hotmail.co.uk", "yahoo.fr", "icloud.com", "t-online.de"):
        assert table.of_domain(domain) is not None
    assert table.of_domain("yahoo.co.jp") != table.of_domain("yahoo.com")


def test_a_fact_has_the_servers_in_their_order() -> None:
    """What the table says crosses to the providers unchanged."""
    found = table.of_domain("gmx.de")
    assert found is not None
    assert found.is_owned
    assert [(each.protocol, each.host, each.port, each.tls) for each in found.servers] == [
        ("imap", "imap.gmx.net", 993, Tls.IMPLICIT),
        ("imap", "imap.gmx.net", 143, Tls.STARTTLS),
        ("smtp", "mail.gmx.net", 465, Tls.IMPLICIT),
        ("smtp", "mail.gmx.net", 587, Tls.STARTTLS),
    ]
    assert {each.username for each in found.servers} == {"{address}"}
    assert {each.trust for each in found.servers} == {Trust.SHIPPED}
    assert found.help_url == ROWS["gmx"]["help"]
    nothing = table.of_domain("proton.me")
    assert nothing is not None
    assert nothing.servers == ()
    assert nothing.sign_in == (SignIn.NONE,)


def test_where_the_domain_is_the_server_it_is_named() -> None:
    """Every customer of such a hoster has a host of their own below its zone."""
    found = table.of_domain("acme.Sakura.ne.jp.")
    assert found is not None
    assert {each.host for each in found.servers} == {"acme.sakura.ne.jp"}
    assert {each.trust for each in found.servers} == {Trust.SHIPPED}
    assert table.fact("sakura", "a preset").servers == ()


def test_every_server_of_every_domain_has_a_name() -> None:
    """What is told of a domain of the table can be connected to as it stands."""
    for name, row in ROWS.items():
        for domain in (*row["domains"], *(f"acme.{zone}" for zone in row.get("zones", ()))):
            found = table.of_domain(domain)
            assert found is not None
            assert found.name == name
            assert bool(found.servers) is (SignIn.NONE not in found.sign_in)
            assert [hosts.check_host(each.host) for each in found.servers] == [
                each.host for each in found.servers
            ]


def test_a_hosters_name_is_a_value_in_every_language() -> None:
    """A text gets the name that people use where they read it; without one, the id."""
    assert table.fact("sakura", "x").named == {
        "title": "Sakura Rental Server",
        "title.ja": "さくらのレンタルサーバ",
    }
    assert table.fact("gmx", "x").named == {"title": "GMX"}
    assert table.fact("gateway", "x").named == {"title": "gateway"}


def test_where_the_exchanger_is_the_server_it_is_named_and_less_trusted() -> None:
    """Such a host is of DNS; without an exchanger there is none to name."""
    found = table.of_exchange("w0123456.kasserver.com")
    assert found is not None
    assert {each.host for each in found.servers} == {"w0123456.kasserver.com"}
    assert {each.trust for each in found.servers} == {Trust.DNS}
    assert table.fact("all_inkl", "a preset").servers == ()


@pytest.mark.parametrize("spelling", ["GMX.de", "gmx.DE", "gmx.de.", "GMX.DE."])
def test_case_and_a_final_dot_do_not_matter(spelling: str) -> None:
    """RFC 4343: names in DNS are the same in any case."""
    assert table.of_domain(spelling) == table.of_domain("gmx.de")
    upper = table.of_exchange("SMTPIN.rzone.de.")
    assert upper == table.of_exchange("smtpin.rzone.de")
    assert upper is not None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "notgmail.com",
            "gmail.com.evil.example",
            "mail.gmail.com",
            "gmail.co",
            "gmail.com..",
            "",
        ),
        *(".", "com", "ne.jp", "co.uk", "xn--gmal-nza.com", "gma\u0456l.com", "hot\u017fmail.com"),
        *("ya.ru.example", " gmail.com", "gmail.com\x00", "notocn.ne.jp", "ocn.ne.jp.example"),
        *("seznam.c\u017f", "outloo\u212a.com", "\uff47mail.com", "localhost", "127.0.0.1"),
    ],
)
def test_look_alikes_of_a_domain_are_not_found(name: str) -> None:
    """Only the name itself is, and what is below a zone."""
    assert table.of_domain(name) is None


@pytest.mark.parametrize(
    "host",
    [
        *("xgmail-smtp-in.l.google.com", "gmail-smtp-in.l.google.com.evil.example", "kasserver.co"),
        *("notkasserver.com", "kasserver.com.example", "rzone.de", "xsmtpin.rzone.de", ".", ""),
        *(
            "com",
            "de",
            "mail.ovh.net",
            "secureserver.net",
            "\u212aasserver.com",
            "w1.\u212aasserver.com",
        ),
        *OTHERS,
    ],
)
def test_look_alikes_filters_and_forwarders_are_not_hosters(host: str) -> None:
    """Suffixes match whole labels, and what stands before mailboxes has none itself."""
    assert table.of_exchange(host) is None


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("alt4.gmail-smtp-in.l.google.com", "gmail"),
        ("eur.olc.protection.outlook.com", "outlook_com"),
        ("in1-smtp.messagingengine.com", "fastmail"),
        ("mx01.mail.icloud.com", "icloud_domain"),
        ("mx01.ionos.de", "ionos"),
        ("mx00.kundenserver.de", "ionos"),
        ("mx00.ionos.es", "ionos_es"),
        ("www123.your-server.de", "hetzner"),
    ],
)
def test_exchangers_lead_to_their_hoster(host: str, name: str) -> None:
    """The name itself, and names below it."""
    # case 30
    found = table.of_exchange(host)
    assert found is not None
    assert found.name == name
    assert not found.is_owned


def test_names_below_a_zone_are_the_hosters_own() -> None:
    """At some providers every customer has a domain below the provider's."""
    for domain in ("ocn.ne.jp", "soleil.ocn.ne.jp", "nyc.rr.com"):
        found = table.of_domain(domain)
        assert found is not None
        assert found.is_owned


@given(st.text(max_size=300) | st.from_regex(r"([a-z0-9-]{1,5}\.){0,20}com\.?", fullmatch=True))
def test_junk_is_never_found_and_never_raises(name: str) -> None:
    """Whatever DNS or a person says, the answer is a fact of the table or none."""
    for found in (table.of_domain(name), table.of_exchange(name)):
        assert found is None or found.name in ROWS


def test_the_file_stays_small() -> None:
    """The first look-up of a program reads all of it: 90 KiB take about 2 ms."""
    assert FILE.stat().st_size <= 128 * 1024


def test_looking_up_loads_nothing_heavy() -> None:
    """The offline answer costs no library beyond the interpreter's small ones."""
    code = (
        "import sys; before = set(sys.modules); from inboxlink.evidence import table; "
        "assert table.of_domain('gmail.com'); print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"importlib.resources", "tempfile", "pathlib", "pydantic", "ssl", "asyncio", "dns"}
    assert heavy.isdisjoint(done.stdout.split())


def is_below_a_registry(name: str) -> bool:
    """Whether a name is more than a public suffix of the registries' own."""
    labels = name.split(".")
    return len(labels) > 2 or (len(labels) == 2 and labels[0] not in REGISTRY_LABELS)
