"""What is gathered about a domain, and how candidates are ranked."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.distributions import good, install
from inboxlink.detection import recommend
from inboxlink.evidence import autoconfig, community
from inboxlink.evidence.lookup import LookupDepth, LookupSettings, known, look_up
from inboxlink.evidence.records import DKIM_SELECTORS, SERVICES
from inboxlink.network.settings import NetworkSettings
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.candidates import installed
from inboxlink.plugins.loading import load
from inboxlink.testing.peers.nameserver import NameServer
from inboxlink.types.detection import Evidence, MailExchange, PublishedServer, Tls, Trust
from peers.certificates import Authority, Certificate
from peers.scripted import Conversation, ScriptedServer

FILE = b"""<?xml version="1.0"?>
<clientConfig version="1.1"><emailProvider id="a.org">
<incomingServer type="imap"><hostname>imap.%EMAILDOMAIN%</hostname><port>993</port>
<socketType>SSL</socketType><authentication>password-cleartext</authentication></incomingServer>
</emailProvider></clientConfig>"""


def shown(name: str) -> str:
    """A name, with a label that was made up at random written as a star."""
    return re.sub(r"^[0-9a-f]{12}\.", "*.", name)


class Web:
    """a.org as its servers are: DNS, and https under both names, all on loopback."""

    def __init__(self, names: NameServer, certificate: Certificate, ca_file: Path) -> None:
        self.pages: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.names = names
        self.server = ScriptedServer(self._serve, certificate, implicit=True)
        port = f"127.0.0.1:{self.server.port}"
        self.network = NetworkSettings(
            ca_file=ca_file,
            connect={"autoconfig.a.org:443": port, "a.org:443": port},
            nameservers=(f"127.0.0.1:{names.port}",),
        )

    @property
    def asked(self) -> set[str]:
        questions = {(kind, shown(name)) for name, kind in self.names.questions}
        return {f"{kind} {name}" for kind, name in questions} | set(self.fetched)

    def _serve(self, conversation: Conversation) -> None:
        target = conversation.read_line().split()[1].decode()
        host = ""
        while line := conversation.read_line():
            if line.lower().startswith(b"host: "):
                host = line[6:].decode()
        url = f"https://{host}{target}"
        self.fetched.append(url)
        body = self.pages.get(url)
        status = b"404 Not Found" if body is None else b"200 OK"
        conversation.send(b"HTTP/1.1 " + status + b"\r\n\r\n" + (body or b""))


@pytest.fixture
def web(authority: Authority) -> Iterator[Web]:
    certificate = authority.issue("a.org", "autoconfig.a.org")
    with NameServer({"a.org": "a.org. 60 IN MX 10 mx.a.org."}) as names:
        web = Web(names, certificate, authority.ca_file)
        with web.server:
            yield web


#: Hosts of a full look-up that are not there: their names are looked up and no more.
MISSING_HOSTS = (
    *(f"{label}.a.org" for label in ("autoconfig", "imap", "smtp", "mail")),
    *("a.org", community.HOST),
)

DNS = {
    "MX a.org",
    "TXT a.org",
    *(f"TXT {selector}._domainkey.a.org" for selector in DKIM_SELECTORS),
    *(f"SRV _{service}._tcp.a.org" for service in SERVICES),
    "A autodiscover.a.org",
    # A name made up at random; what it is called is left out here.
    "A *.a.org",
}


@pytest.mark.parametrize(
    ("depth", "asked"),
    [
        (LookupDepth.OFFLINE, set()),
        (LookupDepth.PASSIVE, DNS),
        (
            LookupDepth.FULL,
            DNS
            | {*autoconfig.addresses("a.org"), "TXT _ua-auto-config.a.org"}
            | {f"{kind} {host}" for kind in ("A", "AAAA") for host in MISSING_HOSTS},
        ),
    ],
)
def test_no_more_is_asked_than_was_allowed(web: Web, depth: LookupDepth, asked: set[str]) -> None:
    """Each depth asks exactly its own sources, and never names the part before the @."""
    evidence = look(web, depth)
    assert web.asked == asked
    assert len(evidence.log) >= 2


def test_a_preset_asks_nobody() -> None:
    """Where the operator set the domain's servers, the network is left alone."""
    # req 97
    server = PublishedServer("imap", "imap.a.org", 993, Tls.IMPLICIT)

    def network() -> NetworkSettings:
        raise AssertionError("asked")

    settings = LookupSettings(LookupDepth.FULL)
    evidence = look_up(known("a.org", {"a.org": (server,)}), settings, network)
    assert evidence.preset == (server,)


def test_exchangers_that_decide_end_the_look_up(web: Web) -> None:
    """Where MX shows who keeps the mail, no server of the domain hears of it."""
    # req 25
    web.names.set("a.org", "a.org. 60 IN MX 1 smtp.google.com.")
    evidence = look(web, LookupDepth.FULL)
    assert [fact.name for fact in evidence.hosting] == ["google"]
    assert web.fetched == []


def test_the_first_place_that_has_servers_counts(web: Web) -> None:
    """A web page in the first place does not hide the file in the second."""
    first, second = autoconfig.addresses("a.org")
    web.pages = {first: b"<html/>", second: FILE}
    evidence = look(web, LookupDepth.FULL)
    assert evidence.published is not None
    assert evidence.published[0].port == 993
    assert evidence.published[0].trust is Trust.VERIFIED
    assert evidence.mx == (MailExchange(10, "mx.a.org"),)


def look(web: Web, depth: LookupDepth) -> Evidence:
    return look_up(known("a.org", {}), LookupSettings(depth), lambda: web.network)


CODE = """
from inboxlink.types.detection import Basis, Detection

@hookimpl
def detect(evidence):
    return {answer}
"""


def test_the_ranking_is_by_evidence_then_preference_then_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stronger evidence comes first, the operator's order breaks a tie, a junk answer is named."""
    answers = {
        "a": 'Detection("a", Basis.PUBLISHED, Text("x"))',
        "b": 'Detection("b", Basis.PUBLISHED, Text("x"))',
        "c": 'Detection("c", Basis.OWNED_DOMAIN, Text("x"))',
        "d": "None",
        "e": '"junk"',
        "f": 'Detection("somebody-else", Basis.ADMIN_PRESET, Text("x"))',
    }
    monkeypatch.syspath_prepend(tmp_path)
    for name, answer in answers.items():
        code = good(name) + CODE.replace("{answer}", answer)
        install(tmp_path, f"ranked-{name}", name, code)
    registry = load(each for each in installed() if each.distribution.startswith("ranked-"))
    found = recommend(Evidence("a.org"), Caller(registry), ["b", "a", "c", "d", "e", "f"])
    assert [each.provider for each in found.candidates] == ["c", "b", "a"]
    assert [fault.message.params["provider"] for fault in found.faults] == ["e", "f"]
    for name in [name for name in sys.modules if name.startswith("ranked_")]:
        del sys.modules[name]
