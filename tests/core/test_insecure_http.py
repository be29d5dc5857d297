"""Plain http: heard where somebody chose so and nothing else was found, and worth nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.test_scenarios import AUTOCONFIG, D, file, look
from inboxlink.cli.app import run
from inboxlink.connect.host import Host
from inboxlink.evidence import autoconfig
from inboxlink.evidence.lookup import LookupDepth
from inboxlink.types.detection import Basis, Evidence, Strength, Trust
from peers.certificates import Authority
from peers.web import Page, World, page, redirect

PLAIN, PLAIN_WELL_KNOWN = autoconfig.plain_addresses(D)
WEB = (f"autoconfig.{D}", D)
AUTODISCOVER = f"http://autodiscover.{D}/autodiscover/autodiscover.xml"


def heard(authority: Authority, pages: dict[str, Page], **settings: Any) -> tuple[Evidence, World]:
    hosts = (*WEB, f"autodiscover.{D}", "elsewhere.net")
    with World(authority, hosts, pages=pages, plain=True) as world:
        return look(world, **settings), world


def test_nobody_is_asked_in_the_clear_unless_it_was_chosen(authority: Authority) -> None:
    """By default the file of plain http is not fetched, though nothing else was found."""
    evidence, world = heard(authority, {PLAIN: page(file())})
    assert evidence.insecure is None
    assert not [url for url in world.fetched if url.startswith("http:")]


def test_what_came_in_the_clear_is_worth_nothing(authority: Authority, home: object) -> None:
    """Its servers have no trust, the person is warned, and even the own domain is confirmed."""
    evidence, world = heard(authority, {PLAIN: page(file())}, insecure_http=True)
    assert {each.trust for each in evidence.insecure or ()} == {Trust.NONE}
    assert "detection.warning.insecure" in [each.key for each in evidence.warnings]
    assert not any(b"@" in request for request in world.requests)
    with Host() as host:
        recommendation = host.judge(evidence)
    best = recommendation.best
    assert best is not None
    assert best.basis is Basis.INSECURE
    assert best.because.key == "imap.because.insecure"
    assert recommendation.to_confirm(best) == (D,)


def test_https_at_the_end_does_not_mend_http_at_the_start(authority: Authority) -> None:
    """A redirect from plain http stays worth nothing, and the log has the whole way."""
    pages: dict[str, Page] = {
        PLAIN: redirect(PLAIN_WELL_KNOWN),
        PLAIN_WELL_KNOWN: redirect("https://elsewhere.net/f"),
        "https://elsewhere.net/f": page(file("imap.elsewhere.net")),
    }
    evidence, _ = heard(authority, pages, insecure_http=True)
    assert {(each.host, each.trust) for each in evidence.insecure or ()} == {
        ("imap.elsewhere.net", Trust.NONE)
    }
    (line,) = [each for each in evidence.log if each.source == PLAIN and "HTTP" in each.outcome]
    assert line.trust is Trust.NONE
    assert line.outcome.endswith(f" → {PLAIN_WELL_KNOWN} → https://elsewhere.net/f")


def test_there_is_no_way_from_https_back_to_http(authority: Authority) -> None:
    """Even where plain http was chosen, a redirect of https does not lead into it."""
    # case 13
    pages: dict[str, Page] = {
        PLAIN: redirect(f"https://{D}/f"),
        f"https://{D}/f": redirect("http://elsewhere.net/f"),
        "http://elsewhere.net/f": page(file()),
    }
    evidence, world = heard(authority, pages, insecure_http=True)
    assert not evidence.insecure
    assert "http://elsewhere.net/f" not in world.fetched


def test_what_is_found_safely_makes_plain_http_needless(authority: Authority) -> None:
    """Where the domain publishes over https, nobody is asked in the clear."""
    pages: dict[str, Page] = {AUTOCONFIG: page(file()), PLAIN: page(file("imap.evil.net"))}
    evidence, world = heard(authority, pages, insecure_http=True)
    assert evidence.published
    assert evidence.insecure is None
    assert not [url for url in world.fetched if url.startswith("http:")]


def test_an_address_within_is_refused_in_the_clear_as_well(authority: Authority) -> None:
    """The policy for addresses is the same for both."""
    pages: dict[str, Page] = {PLAIN: redirect("http://127.0.0.1/f"), f"http://{D}": page(b"")}
    evidence, world = heard(authority, pages, insecure_http=True)
    outcomes = {each.source: each.outcome for each in evidence.log}
    assert outcomes[PLAIN] == "address_blocked"
    assert "http://127.0.0.1/f" not in world.fetched


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (
            "https://mail.hoster.net/autodiscover/autodiscover.xml",
            f"{AUTODISCOVER} → mail.hoster.net",
        ),
        ("https://autodiscover.com.br/autodiscover/autodiscover.xml", None),
        ("https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml", None),
        ("http://mail.hoster.net/autodiscover/autodiscover.xml", None),
        ("https://user@mail.hoster.net/", None),
    ],
)
def test_a_redirect_of_autodiscover_is_a_hint_that_nobody_follows(
    authority: Authority, location: str, shown: str | None
) -> None:
    """The other host is told of as seen, gets no request, and is never one above a domain."""
    # case 25
    evidence, world = heard(authority, {AUTODISCOVER: redirect(location)}, insecure_http=True)
    facts = [(each.shown_by, each.strength, each.servers) for each in evidence.hosting]
    assert [fact for fact in facts if "→" in fact[0]] == (
        [] if shown is None else [(shown, Strength.HINT, ())]
    )
    assert AUTODISCOVER in world.fetched
    assert not any("hoster" in url or "outlook" in url for url in world.fetched)


@pytest.fixture
def plain_world(authority: Authority, home: Path) -> Any:
    """A domain that says something by plain http alone, and an installation that reaches it."""
    pages: dict[str, Page] = {PLAIN: page(file(f"post.{D}"))}
    with World(authority, WEB, pages=pages, plain=True) as world:
        (home / "inboxlink.toml").write_text(world.configuration)
        yield world


def said(capsys: Any, *arguments: str) -> dict[str, Any]:
    run(["--json", *arguments])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_what_came_in_the_clear_is_not_connected_without_a_yes(
    plain_world: World, capsys: Any
) -> None:
    """Without a terminal the domain is named for confirmation, before any server is looked for."""
    arguments = ("connect", f"ann@{D}", "--lookup", "full", "--acknowledge", "imap.I@1")
    assert said(capsys, *arguments)["error"]["code"] == "provider_undetected"
    error = said(capsys, *arguments, "--insecure-http")["error"]
    assert error["code"] == "domain_unconfirmed"
    assert f"--accept-domain {D}" in error["remedy"]
    assert not any(name == f"post.{D}" for name, _ in plain_world.names.questions)


def test_an_operator_may_choose_it_too(plain_world: World, home: Path, capsys: Any) -> None:
    """`[lookup] insecure_http` does what the option does, and the notice says so."""
    assert said(capsys, "detect", f"ann@{D}")["candidates"] == []
    config = home / "inboxlink.toml"
    config.write_text(f"[lookup]\ninsecure_http = true\n{config.read_text()}")
    (candidate,) = said(capsys, "detect", f"ann@{D}")["candidates"]
    assert (candidate["basis"], candidate["to_confirm"]) == ("insecure", [D])
    asked = said(capsys, "detect", f"ann@{D}", "--dry-run")["asks"]
    assert any("without encryption" in each["host"] for each in asked)


@pytest.mark.parametrize("other", ["--passive", "--offline"])
def test_it_is_no_option_where_no_web_server_is_asked(home: Path, other: str) -> None:
    """What cannot be done is refused rather than left out in silence."""
    assert run(["detect", f"ann@{D}", "--insecure-http", other]) == 2


def test_one_of_many_never_hears_it(home: Path) -> None:
    """Nobody is there to confirm anything."""
    (home / "inboxlink.toml").write_text("[lookup]\ninsecure_http = true\n")
    with Host() as host:
        assert host.lookup_settings(LookupDepth.FULL).insecure_http
        assert not host.lookup_settings(LookupDepth.FULL, many=True).insecure_http
