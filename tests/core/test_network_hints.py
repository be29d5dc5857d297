"""What a hook may ask of DNS and of plain http: hints, which carry nothing of the person."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

import pytest

from inboxlink.errors import InboxlinkError, MailboxError
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.nameserver import NameServer
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.context import HookContext
from inboxlink.types.detection import CertificatePin
from inboxlink.types.service import Service
from peers.certificates import Authority, self_signed
from peers.scripted import Conversation, ScriptedServer

NAME = "_autodiscover._tcp.corp.example"
HOST = "autodiscover.corp.example"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def lent(settings: NetworkSettings, seconds: float = 5) -> HookContext:
    return HookContext(
        deadline=time.monotonic() + seconds,
        wire=Network(settings),
        clock=lambda: datetime.now(UTC),
        random_token=token_urlsafe,
    )


def asking(port: int, seconds: float = 5) -> HookContext:
    return lent(NetworkSettings(nameservers=(f"127.0.0.1:{port}",)), seconds)


# --- services ------------------------------------------------------------------------------------


def test_services_come_in_the_order_of_the_standard() -> None:
    """The lowest priority first, then the greatest weight (RFC 2782)."""
    lines = "\n".join(
        f"{NAME}. 60 IN SRV {priority} {weight} 443 {host}.corp.example."
        for priority, weight, host in ((20, 9, "d"), (10, 1, "b"), (10, 7, "a"), (10, 0, "c"))
    )
    with NameServer({NAME: lines}) as names:
        found = asking(names.port).services(NAME)
        assert [each.host.partition(".")[0] for each in found] == ["a", "b", "c", "d"]
        assert found[0] == Service(10, 7, 443, "a.corp.example")


def test_no_services_is_an_answer_and_no_answer_is_none() -> None:
    """That there are none is known; where the server is silent or broken nobody knows."""
    with NameServer({}) as names:
        assert asking(names.port).services(NAME) == ()
    with pytest.raises(MailboxError, match=r"dns_failed|timed_out"):
        asking(CLOSED_PORT, 1).services(NAME)
    with NameServer({}, lambda _, __: None) as silent:
        began = time.monotonic()
        with pytest.raises(MailboxError, match="timed_out"):
            asking(silent.port, 1).services(NAME)
        assert time.monotonic() - began < 2


# --- redirect ------------------------------------------------------------------------------------


@pytest.fixture
def plain() -> Iterator[Callable[[bytes], tuple[HookContext, ScriptedServer]]]:
    """Web servers on plain http that say one thing, and end with the test."""
    servers: list[ScriptedServer] = []

    def begin(answer: bytes) -> tuple[HookContext, ScriptedServer]:
        def script(conversation: Conversation) -> None:
            while conversation.read_line():
                pass
            conversation.send(answer)

        server = ScriptedServer(script)
        servers.append(server)
        server.__enter__()
        settings = NetworkSettings(connect={f"{HOST}:80": f"127.0.0.1:{server.port}"})
        return lent(settings), server

    yield begin
    for each in servers:
        each.__exit__(None, None, None)


Plain = Callable[[bytes], tuple[HookContext, ScriptedServer]]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["https://evil.example/x", "file:///etc/passwd", "//evil"])
def test_a_redirect_is_told_as_it_stands_and_not_followed(
    plain: Plain, status: int, location: str
) -> None:
    """It is for the caller to judge; nothing but the address was sent."""
    head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    ctx, server = plain(head.encode())
    assert ctx.redirect(f"http://{HOST}/autodiscover/autodiscover.xml") == location
    (conversation,) = server.conversations
    lines = conversation.before_tls.split(b"\r\n")
    assert lines[0] == b"GET /autodiscover/autodiscover.xml HTTP/1.1"
    names = {line.partition(b":")[0].lower() for line in lines[1:] if line}
    assert names.isdisjoint({b"authorization", b"cookie", b"referer", b"from"})


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 200 OK\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_what_is_no_redirect_leads_nowhere(plain: Plain, answer: bytes) -> None:
    """A place without the status, or the status without a place, is none."""
    ctx, _ = plain(answer)
    assert ctx.redirect(f"http://{HOST}/") is None


def test_a_server_that_hangs_up_is_typed(plain: Plain) -> None:
    """It could not be asked."""
    ctx, _ = plain(b"")
    with pytest.raises(MailboxError):
        ctx.redirect(f"http://{HOST}/")


# --- http with a pin -----------------------------------------------------------------------------


def test_a_pin_opens_one_server_and_no_other(authority: Authority, tmp_path: Path) -> None:
    """The certificate that was trusted, and none that another authority vouches for."""
    from inboxlink.types.detection import Endpoint, Role, Tls

    def script(conversation: Conversation) -> None:
        while conversation.read_line():
            pass
        conversation.send(OK)

    own, other = self_signed(tmp_path, HOST), authority.issue(HOST)
    with (
        ScriptedServer(script, own, implicit=True) as first,
        ScriptedServer(script, other, implicit=True) as second,
    ):

        def at(server: ScriptedServer) -> HookContext:
            connect = {f"{HOST}:443": f"127.0.0.1:{server.port}"}
            return lent(NetworkSettings(ca_file=authority.ca_file, connect=connect))

        facts = at(first).certificate(Endpoint(Role.EWS, HOST, 443, Tls.IMPLICIT))
        pin = CertificatePin(facts.sha256, facts.der, any_name=False)
        with at(first).http(HOST, pin) as session:
            assert session.send("GET", "/").body == b"ok"
        with pytest.raises(InboxlinkError, match="certificate_"):
            at(first).http(HOST)
        # Its own authority vouches for it, and still it is not the one that was trusted.
        with pytest.raises(InboxlinkError, match="certificate_changed"):
            at(second).http(HOST, pin)
    assert all(b"GET" not in each.after_tls for each in second.conversations)
