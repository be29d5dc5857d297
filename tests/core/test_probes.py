"""What providers want asked: once, after DNS, within limits; and whatever a bad one wants."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.distributions import good, install
from core.test_scenarios import AUTOCONFIG, GOOGLE, D, file, hang
from inboxlink.cli.app import run
from inboxlink.connect.host import Host
from inboxlink.detection import Recommendation
from inboxlink.evidence.lookup import LookupDepth
from inboxlink.probes import MAX_PROBES, Probing
from inboxlink.types.address import parse_address
from inboxlink.types.detection import Basis, Evidence, MailExchange, PublishedServer, Tls
from peers.certificates import Authority
from peers.web import Page, World, page

HOST = f"box.{D}"
URL = f"https://{HOST}/version"
MARKED = page(b"", b"X-Product: Example", status=b"401 Unauthorized")

#: It keeps what it was given, and knows its servers by a header.
HOOKS = """
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.web import Probe
CALLS = []

@hookimpl
def detect_probes(evidence):
    CALLS.append(evidence)
    return WANTED

@hookimpl
def detect(evidence):
    for probed in evidence.probes or ():
        if probed.answer and probed.answer.headers.get("x-product") == "Example":
            return Detection("NAME", Basis.FINGERPRINT, Text("NAME.because"))
"""


def provider(name: str, wanted: str) -> str:
    """A provider whose probes are the expression `wanted`."""
    head, rest = good(name).split("@hookimpl\ndef detect(evidence):\n    return None\n")
    return head + HOOKS.replace("WANTED", wanted).replace("NAME", name) + rest


def calls(name: str = "asking") -> list[Evidence]:
    found: list[Evidence] = sys.modules[f"{name}_module"].CALLS
    return found


Installed = Callable[..., Host]


@pytest.fixture
def installed(place: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installed]:
    """Installs providers by their probes, and opens an installation that has them alone."""
    opened: list[Host] = []

    def install_all(**wanted: str) -> Host:
        for name, each in wanted.items():
            install(place, name, name, provider(name, each))
        monkeypatch.setenv("INBOXLINK_PROVIDERS", ",".join(wanted))
        opened.append(Host())
        return opened[-1]

    yield install_all
    for host in opened:
        host.close()


def recommended(
    host: Host, world: World, depth: LookupDepth = LookupDepth.FULL, **settings: Any
) -> Recommendation:
    (host.paths.config).write_text(world.configuration)
    return host.recommend(parse_address(f"ann@{D}"), host.lookup_settings(depth, **settings))


def answering(authority: Authority, pages: dict[str, Page], **records: str) -> World:
    return World(authority, (HOST, D, f"autoconfig.{D}"), {D: records.get("mx", "")}, pages)


def test_a_provider_is_answered_what_it_asked(authority: Authority, installed: Installed) -> None:
    """Its probe is fetched once, it judges by the answer, and it heard DNS before it asked."""
    # req 23
    host = installed(asking=f"(Probe({URL!r}), Probe({URL!r}))")
    mx = f"{D}. 60 IN MX 1 mx.{D}."
    with answering(authority, {URL: MARKED}, mx=mx) as world:
        found = recommended(host, world)
    assert [(each.provider, each.basis) for each in found.candidates] == [
        ("asking", Basis.FINGERPRINT)
    ]
    assert world.fetched.count(URL) == 1
    (request,) = [each for each in world.requests if b"/version" in each]
    assert b"@" not in request
    assert b"authorization" not in request.lower()
    (heard,) = calls()
    assert heard.mx == (MailExchange(1, f"mx.{D}"),)
    assert heard.probes is None
    (probed,) = found.evidence.probes or ()
    assert probed.answer is not None
    assert (probed.url, probed.outcome, probed.answer.status) == (URL, "answered", 401)
    assert URL in [each.source for each in found.evidence.log]


def test_a_probe_that_is_not_answered_says_why(authority: Authority, installed: Installed) -> None:
    """The code stands in place of the answer, so that a provider can tell silence from a no."""
    host = installed(asking=f'(Probe({URL!r}), Probe("https://none.{D}/"))')
    with answering(authority, {URL: lambda conversation: conversation.reset()}) as world:
        found = recommended(host, world)
    outcomes = {each.url: (each.outcome, each.answer) for each in found.evidence.probes or ()}
    assert outcomes == {
        URL: ("connection_lost", None),
        f"https://none.{D}/": ("host_not_found", None),
    }


@pytest.mark.parametrize(
    ("depth", "mx"),
    [(LookupDepth.OFFLINE, ""), (LookupDepth.PASSIVE, ""), (LookupDepth.FULL, GOOGLE)],
)
def test_nobody_is_asked_where_the_web_is_not(
    authority: Authority, installed: Installed, depth: LookupDepth, mx: str
) -> None:
    """Neither in a look-up of DNS alone, nor where DNS decides."""
    host = installed(asking=f"(Probe({URL!r}),)")
    with answering(authority, {URL: MARKED}, mx=mx) as world:
        found = recommended(host, world, depth)
    assert found.evidence.probes is None
    assert calls() == []
    assert URL not in world.fetched


WITHIN_REACH = [
    f"https://{D}/",
    f"https://a.b.{D}/x?y=1",
    "https://mx.hoster.net/",
    "https://imap.hoster.org/",
]
OUT_OF_REACH = [
    *(f"http://{D}/", f"https://{D}:8443/", f"https://ann@{D}/", f"ftp://{D}/", "https:///", D),
    *("https://evil.net/", f"https://{D}.evil.net/", f"https://not{D}/", "https://hoster.net/"),
    *("https://org/", "https://127.0.0.1/", "https://[::1]/", f"https://{D}/ x", f" https://{D}/"),
    *(f"https://bücher.{D}/", f"https://{D}/{'x' * 3000}"),
]


@pytest.mark.parametrize("url", [*WITHIN_REACH, *OUT_OF_REACH])
def test_only_what_belongs_to_the_domain_is_asked(url: str, installed: Installed) -> None:
    """The domain, names below its registered domain, and what the evidence names; over https."""
    host = installed(asking=f"(Probe({f'https://{D}/good'!r}), Probe({url!r}))")
    probing = Probing(host.caller, ["asking"])
    server = PublishedServer("imap", "imap.hoster.org", 993, Tls.IMPLICIT)
    evidence = Evidence(f"mail.{D}", mx=(MailExchange(1, "MX.hoster.net."),), services=(server,))
    wanted = [each.url for each in probing(evidence)]
    if url in WITHIN_REACH:
        assert wanted == [f"https://{D}/good", url]
        assert probing.faults == []
    else:
        # A provider that wants what none may get is in the wrong with all of it.
        assert wanted == []
        assert [each.code for each in probing.faults] == ["provider_result_invalid"]
        assert probing.faults[0].message.params["hook"] == "detect_probes"


BAD = {
    "raises": "1 / 0",
    "hangs": '__import__("threading").Event().wait(20)',
    "gives nothing": "None",
    "gives words": f"({URL!r},)",
    "gives a list": f"[Probe({URL!r})]",
    "gives a number": "(Probe(1),)",
    "ends the program": "exec('raise SystemExit(3)')",
    "wants too much": f"tuple(Probe({URL!r} + str(n)) for n in range({MAX_PROBES + 1}))",
}


@pytest.mark.parametrize("name", BAD)
def test_what_one_provider_does_wrong_costs_the_others_nothing(
    authority: Authority, installed: Installed, name: str
) -> None:
    """The fault is named once, nothing of it is asked, and the good one's probe is answered."""
    host = installed(bad=BAD[name], asking=f"(Probe({URL!r}),)")
    with answering(authority, {URL: MARKED}) as world:
        found = recommended(host, world)
    assert "asking" in [each.provider for each in found.candidates]
    assert [each.url for each in found.evidence.probes or ()] == [URL]
    faults = [each.message.params["provider"] for each in found.faults]
    # Whoever did not end is asked no more, and that is told as well.
    assert faults == ["bad"] * (2 if name == "hangs" else 1)


def test_as_many_as_are_allowed_are_asked(installed: Installed) -> None:
    """The limit is the limit, and not one less."""
    host = installed(asking=f"tuple(Probe({URL!r} + str(n)) for n in range({MAX_PROBES}))")
    assert len(Probing(host.caller, ["asking"])(Evidence(D))) == MAX_PROBES


def test_a_probe_that_hangs_ends_by_the_deadline(
    authority: Authority, installed: Installed
) -> None:
    """And it holds nobody up who has something better."""
    host = installed(asking=f"(Probe({URL!r}),)")
    with answering(authority, {URL: hang, AUTOCONFIG: page(file())}) as world:
        began = time.monotonic()
        found = recommended(host, world, deadline_s=4.0)
        took = time.monotonic() - began
    assert found.evidence.published
    assert took < 3.0


def test_the_notice_names_that_there_are_more_hosts(
    installed: Installed, home: Path, capsys: Any
) -> None:
    """`--dry-run` says so where a provider has probes, and calls none of them."""
    installed(asking=f"(Probe({URL!r}),)")
    assert run(["--json", "detect", f"ann@{D}", "--dry-run"]) == 0
    asks = json.loads(capsys.readouterr().out)["asks"]
    assert any("an installed provider asks" in each["host"] for each in asks)
    assert calls() == []


def test_without_such_a_provider_the_notice_does_not_speak_of_it(home: Path, capsys: Any) -> None:
    """Nobody is warned of what nobody does."""
    assert run(["--json", "detect", f"ann@{D}", "--dry-run"]) == 0
    asks = json.loads(capsys.readouterr().out)["asks"]
    assert not any("installed provider" in each["host"] for each in asks)
