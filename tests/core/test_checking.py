"""The servers that are recommended are greeted first: over verified TLS, and told nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.test_scenarios import AUTOCONFIG, GOOGLE, D, file
from inboxlink.cli.app import run
from inboxlink.connect.host import Host
from inboxlink.detection import Recommendation
from inboxlink.evidence.checking import CHECK_S, MAX_SERVERS, check
from inboxlink.evidence.gathering import GRACE_S
from inboxlink.evidence.lookup import LookupDepth
from inboxlink.network.wire import Network
from inboxlink.testing.peers.ports import CLOSED_PORT, LOOPBACK
from inboxlink.types.address import parse_address
from inboxlink.types.detection import Basis, Endpoint, Lookup, Role, Tls, Trust
from peers.certificates import Authority, Certificate, self_signed
from peers.scripted import Conversation, ScriptedServer
from peers.web import World, page

HOST = f"mail.{D}"
Script = Callable[[Conversation], None]


def imap(conversation: Conversation) -> None:
    """RFC 9051: a greeting, one CAPABILITY, one LOGOUT."""
    conversation.send(b"* OK ready\r\n")
    while line := conversation.read_line():
        tag, _, command = line.partition(b" ")
        if command == b"CAPABILITY":
            conversation.send(b"* CAPABILITY IMAP4rev2 AUTH=PLAIN LOGINDISABLED\x1b[31m\r\n")
        conversation.send(tag + b" OK done\r\n")


def smtp(conversation: Conversation) -> None:
    """RFC 5321: a greeting, EHLO and QUIT; STARTTLS where it is not encrypted yet."""
    conversation.send(b"220 ready\r\n")
    while line := conversation.read_line():
        if line.startswith(b"EHLO") and conversation.is_tls:
            conversation.send(b"250-hello\r\n250-SIZE 1000\r\n250 AUTH PLAIN XOAUTH2\r\n")
        elif line.startswith(b"EHLO"):
            conversation.send(b"250-hello\r\n250 STARTTLS\r\n")
        elif line == b"STARTTLS":
            conversation.send(b"220 go\r\n")
            conversation.start_tls()
        else:
            conversation.send(b"221 bye\r\n")


def silent(conversation: Conversation) -> None:
    conversation.hear_out()


class Mail:
    """A domain that publishes two servers, and these servers."""

    def __init__(self, world: World, servers: dict[int, ScriptedServer]) -> None:
        self.world = world
        self.servers = servers

    def recommended(self, host: Host, **settings: Any) -> Recommendation:
        host.paths.config.write_text(self.world.configuration)
        wanted = host.lookup_settings(LookupDepth.FULL, **{"check": True, **settings})
        return host.recommend(parse_address(f"ann@{D}"), wanted)

    def said(self, port: int) -> bytes:
        (conversation,) = self.servers[port].conversations
        # Who says goodbye waits for no answer, and may be gone before it is read.
        assert conversation.ended.wait(5)
        return conversation.after_tls


Built = Callable[..., Mail]


@pytest.fixture
def mail(authority: Authority, home: Path) -> Iterator[Built]:
    """Builds the domain with a script for each port; None = nobody listens."""
    with ExitStack() as stack:

        def build(
            scripts: dict[int, Script | None],
            certificate: Certificate | None = None,
            content: bytes | None = None,
            **records: str,
        ) -> Mail:
            shown = certificate or authority.issue(HOST)
            servers = {
                port: stack.enter_context(ScriptedServer(each, shown, implicit=port != 587))
                for port, each in scripts.items()
                if each is not None
            }
            world = World(
                *(authority, (f"autoconfig.{D}", D)),
                {D: records.get("mx", "")},
                {AUTOCONFIG: page(content or file())},
            )
            ports = {
                port: servers[port].port if port in servers else CLOSED_PORT for port in scripts
            }
            places = {f"{HOST}:{port}": f"{LOOPBACK}:{at}" for port, at in ports.items()}
            world.settings = replace(world.settings, connect=world.settings.connect | places)
            return Mail(stack.enter_context(world), servers)

        yield build


@pytest.fixture
def host(home: Path) -> Iterator[Host]:
    with Host() as host:
        yield host


def lines(found: Recommendation) -> dict[str, Lookup]:
    return {each.source: each for each in found.evidence.log if "://mail." in each.source}


def test_servers_that_greet_are_told_nothing_and_noted(mail: Built, host: Host) -> None:
    """Each hears a question for what it can do and a goodbye, and the log has its answer."""
    world = mail({993: imap, 465: smtp})
    found = world.recommended(host)
    assert found.best is not None
    assert found.best.basis is Basis.PUBLISHED
    assert found.evidence.warnings == ()
    shown = lines(found)
    assert list(shown) == [f"imap://{HOST}:993", f"smtp://{HOST}:465"]
    outcome = shown[f"imap://{HOST}:993"].outcome
    assert outcome == "greets: IMAP4REV2 AUTH=PLAIN LOGINDISABLED\\x1b[31M"
    assert shown[f"smtp://{HOST}:465"].outcome == "greets: SIZE 1000, AUTH PLAIN XOAUTH2"
    assert {each.trust for each in shown.values()} == {Trust.VERIFIED}
    assert all(each.at_ms > 0 and each.took_ms > 0 for each in shown.values())
    assert world.said(993) == b"a1 CAPABILITY\r\na2 LOGOUT\r\n"
    assert world.said(465) == b"EHLO [127.0.0.1]\r\nQUIT\r\n"


def test_starttls_is_asked_for_and_what_came_before_it_is_not_believed(
    mail: Built, host: Host
) -> None:
    """The extensions that count are those that came over TLS."""
    starttls = file().replace(
        b"<port>465</port>\n<socketType>SSL", b"<port>587</port>\n<socketType>STARTTLS"
    )
    found = mail({993: imap, 587: smtp}, content=starttls).recommended(host)
    assert lines(found)[f"smtp://{HOST}:587"].outcome == "greets: SIZE 1000, AUTH PLAIN XOAUTH2"


UNTRUSTED: dict[str, Callable[[Authority, Path], Certificate]] = {
    "certificate_expired": lambda authority, _: authority.issue(HOST, days_left=-1),
    "certificate_wrong_name": lambda authority, _: authority.issue("www.hoster.net"),
    "certificate_untrusted": lambda _, directory: self_signed(directory, HOST),
}


@pytest.mark.parametrize("code", UNTRUSTED)
def test_a_certificate_that_does_not_hold_is_named(
    mail: Built, host: Host, authority: Authority, tmp_path: Path, code: str
) -> None:
    """The warning names server and reason, and not a byte went through it."""
    # case 28
    world = mail({993: imap, 465: smtp}, UNTRUSTED[code](authority, tmp_path))
    found = world.recommended(host)
    warned = [
        (each.key, each.params["host"], each.params["port"]) for each in found.evidence.warnings
    ]
    assert warned == [(f"error.{code}", HOST, "993"), (f"error.{code}", HOST, "465")]
    assert {each.outcome for each in lines(found).values()} == {code}
    assert {each.trust for each in lines(found).values()} == {Trust.NONE}
    said = [each.after_tls for server in world.servers.values() for each in server.conversations]
    assert said == [b"", b""]


def bye(conversation: Conversation) -> None:
    conversation.send(b"* BYE too busy\r\n")


def preauth(conversation: Conversation) -> None:
    conversation.send(b"* PREAUTH as somebody\r\n")
    conversation.hear_out()


def busy(conversation: Conversation) -> None:
    conversation.send(b"421 too busy\r\n")


def no_ehlo(conversation: Conversation) -> None:
    conversation.send(b"220 ready\r\n")
    conversation.read_line()
    conversation.send(b"502 no\r\n")


def web(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def endless(conversation: Conversation) -> None:
    conversation.send(b"* OK ready\r\n" + b"* OK more\r\n" * 200)
    conversation.hear_out()


def hang_up(conversation: Conversation) -> None:
    conversation.send(b"* OK rea")


@pytest.mark.parametrize(
    ("port", "script", "code"),
    [
        (993, None, "connection_refused"),
        (993, bye, "server_unavailable"),
        (993, preauth, "protocol_error"),
        (993, web, "protocol_error"),
        (993, smtp, "protocol_error"),
        (993, endless, "protocol_error"),
        (993, hang_up, "connection_lost"),
        (465, None, "connection_refused"),
        (465, busy, "server_unavailable"),
        (465, no_ehlo, "protocol_error"),
        (465, imap, "protocol_error"),
    ],
)
def test_a_server_that_cannot_be_used_is_named_and_the_other_is_not(
    mail: Built, host: Host, port: int, script: Script | None, code: str
) -> None:
    """One warning, for the one server, with what it did."""
    found = mail({993: imap, 465: smtp} | {port: script}).recommended(host)
    assert [(each.key, each.params["port"]) for each in found.evidence.warnings] == [
        (f"error.{code}", str(port))
    ]
    assert found.best is not None


def test_silence_costs_the_grace_and_not_the_limit(mail: Built, host: Host) -> None:
    """When one server has greeted the other gets a little time, as with a port that is filtered."""
    began = time.monotonic()
    found = mail({993: imap, 465: silent}).recommended(host)
    took = time.monotonic() - began
    assert [each.key for each in found.evidence.warnings] == ["error.timed_out"]
    assert GRACE_S < took < CHECK_S


def test_silence_of_all_ends_by_the_deadline(mail: Built, authority: Authority) -> None:
    """The limit is for all servers together, and the look-up's own deadline comes first."""
    servers = mail({993: silent, 465: silent}).world.settings
    endpoints = tuple(
        Endpoint(role, HOST, port, Tls.IMPLICIT)
        for role, port in ((Role.IMAP, 993), (Role.SUBMISSION, 465))
    )
    began = time.monotonic()
    found = check(endpoints, Network(servers), began + 0.5)
    assert 0.5 <= time.monotonic() - began < 1.0
    assert [each.problem.code for each in found if each.problem] == ["timed_out"] * 2


def test_only_servers_of_mail_and_few_are_greeted(mail: Built) -> None:
    """What is spoken elsewhere is not known here, and a list has an end."""
    network = Network(mail({993: imap}).world.settings)
    one = Endpoint(Role.IMAP, HOST, 993, Tls.IMPLICIT)
    others = [replace(one, port=port) for port in range(1, 10)]
    deadline = time.monotonic() + 2
    assert check([Endpoint(Role.EWS, HOST, 443, Tls.IMPLICIT)], network, deadline) == ()
    assert len(check([one, *others], network, deadline)) == MAX_SERVERS


@pytest.mark.parametrize("option", [None, "--passive", "--offline", "--dry-run"])
def test_only_a_full_detect_greets(
    mail: Built, home: Path, capsys: Any, option: str | None
) -> None:
    """And its notice names them before; the other ways to look ask less, and say less."""
    world = mail({993: imap, 465: smtp})
    (home / "inboxlink.toml").write_text(world.world.configuration)
    assert run(["detect", f"ann@{D}", *([option] if option else [])]) == 0
    notice = capsys.readouterr().out
    assert ("the mail servers that are recommended" in notice) == (option in (None, "--dry-run"))
    count = 0 if option else 1
    assert [len(each.conversations) for each in world.servers.values()] == [count, count]


def test_connect_leaves_it_to_the_sign_in(mail: Built, home: Path, host: Host) -> None:
    """It looks at the servers itself before it asks for a secret, and never twice."""
    world = mail({993: imap, 465: smtp})
    world.recommended(host, check=False)
    assert not host.lookup_settings(LookupDepth.FULL).check
    assert [each.conversations for each in world.servers.values()] == [[], []]


def test_servers_of_the_table_are_not_greeted(mail: Built, host: Host) -> None:
    """What DNS decides costs one round trip, and nobody else hears of it."""
    world = mail({993: imap, 465: smtp}, mx=GOOGLE)
    found = world.recommended(host)
    assert found.to_check() == ()
    assert lines(found) == {}


def test_what_has_just_greeted_is_not_greeted_again(mail: Built, host: Host) -> None:
    """A guess rests on a greeting, and a second one would show nothing new."""
    world = mail({993: imap, 465: smtp}, content=b"<nothing/>")
    found = world.recommended(host)
    assert found.best is not None
    assert found.best.basis is Basis.GUESS
    assert [len(each.conversations) for each in world.servers.values()] == [1, 1]
