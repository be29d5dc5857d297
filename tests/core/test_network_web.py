"""DNS and the web: what is asked, what is followed, what is refused."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inboxlink.errors import InboxlinkError, MailboxError, SetupError
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.nameserver import NameServer
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.detection import Endpoint, Role, Tls
from peers.certificates import Authority
from peers.scripted import Conversation, ScriptedServer

HOST = "web.example.test"


class Web:
    """A web server whose pages are whole answers; it keeps every request."""

    def __init__(self, authority: Authority) -> None:
        self.pages: dict[str, bytes] = {}
        self.requests: list[list[bytes]] = []
        self.server = ScriptedServer(self._serve, authority.issue(HOST), implicit=True)
        connect = {f"{HOST}:443": f"127.0.0.1:{self.server.port}"}
        self._network = Network(NetworkSettings(ca_file=authority.ca_file, connect=connect))

    def get(self, target: str = "/") -> bytes:
        return self._network.get(f"https://{HOST}{target}", time.monotonic() + 5).body

    def _serve(self, conversation: Conversation) -> None:
        lines = []
        while line := conversation.read_line():
            lines.append(line)
        self.requests.append(lines)
        target = lines[0].split()[1].decode()
        conversation.send(self.pages.get(target, b"HTTP/1.1 404 Not Found\r\n\r\n"))


@pytest.fixture
def web(authority: Authority) -> Iterator[Web]:
    web = Web(authority)
    with web.server:
        yield web


def page(body: bytes = b"", headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + body


def to(location: str) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: " + location.encode() + b"\r\n\r\n"


def test_a_request_says_nothing_of_the_person(
    web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No credential, cookie or address goes along, whatever the environment offers."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{CLOSED_PORT}")
    web.pages["/"] = page(b"hello")
    assert web.get() == b"hello"
    (lines,) = web.requests
    assert lines[0] == b"GET / HTTP/1.1"
    names = {line.partition(b":")[0].lower() for line in lines[1:]}
    assert names == {b"host", b"accept-encoding", b"user-agent", b"connection"}
    assert b"Accept-Encoding: identity" in lines


def test_three_redirects_are_followed_and_no_fourth(web: Web) -> None:
    """Redirects within https are followed three times."""
    web.pages = {f"/{n}": to(f"/{n + 1}") for n in range(10)} | {"/3": page(b"there")}
    assert web.get("/0") == b"there"
    web.pages["/3"] = to("/4")
    with pytest.raises(MailboxError, match="http_failed"):
        web.get("/0")
    assert len(web.requests) == 4 + 4


@pytest.mark.parametrize(
    "location",
    [
        *("http://web.example.test/", "//me:secret@web.example.test/", "file:///etc/passwd"),
        *("https://web.example.test:8443/", "https://web.example.test:x/", "javascript:1"),
        *("https://127.1/", "https://web.example.test/a b"),
    ],
)
def test_redirects_elsewhere_are_refused(web: Web, location: str) -> None:
    """A redirect to http, another port, a user, a file or a numeric host is not followed."""
    web.pages["/"] = to(location)
    with pytest.raises(InboxlinkError) as caught:
        web.get()
    assert caught.value.code in ("http_failed", "host_invalid")
    assert len(web.requests) == 1


def test_a_redirect_to_a_private_host_is_judged(web: Web) -> None:
    """The target of a redirect goes through the same policy as any other host."""
    web.pages["/"] = to("https://127.0.0.1/latest/meta-data")
    with pytest.raises(SetupError, match="address_blocked"):
        web.get()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (page(b"x" * 70_000), "response_too_large"),
        (page(b"\x1f\x8b", b"Content-Encoding: gzip\r\n"), "http_failed"),
        (b"junk\r\n\r\n", "http_failed"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "http_failed"),
        (b"", "http_failed"),
    ],
)
def test_answers_that_are_none_are_refused(web: Web, answer: bytes, code: str) -> None:
    """Too large, packed, broken and empty answers are typed."""
    web.pages["/"] = answer
    with pytest.raises(MailboxError, match=code):
        web.get()


@contextmanager
def names(records: dict[str, str]) -> Iterator[tuple[NameServer, Callable[..., Network]]]:
    with NameServer(records) as server:

        def network(**settings: object) -> Network:
            there = (f"127.0.0.1:{server.port}",)
            return Network(NetworkSettings(nameservers=there, **settings))  # type: ignore[arg-type]

        yield server, network


def soon() -> float:
    return time.monotonic() + 5


def test_a_name_for_a_blocked_address_is_not_connected() -> None:
    """A name that resolves to loopback is refused before any connection, and asked for once."""
    with names({"evil.org": "evil.org. 60 IN A 127.0.0.1"}) as (server, network):
        with pytest.raises(SetupError, match="address_blocked"):
            network().open(Endpoint(Role.IMAP, "evil.org", 993, Tls.IMPLICIT), soon())
        assert sorted(server.questions) == [("evil.org", "A"), ("evil.org", "AAAA")]


def test_a_web_host_is_looked_up_and_judged_as_well() -> None:
    """The web goes by the operator's name servers and the same policy, and asks once."""
    with names({"evil.org": "evil.org. 60 IN A 127.0.0.1"}) as (server, network):
        with pytest.raises(SetupError, match="^address_blocked$"):
            network().get("https://evil.org/", soon())
        with pytest.raises(MailboxError, match="^host_not_found$"):
            network().get("https://nowhere.org/", soon())
        hosts = ("evil.org", "nowhere.org")
        assert sorted(server.questions) == [
            (host, kind) for host in hosts for kind in ("A", "AAAA")
        ]


def test_a_name_that_mixes_addresses_is_refused() -> None:
    """One blocked address among good ones blocks the name."""
    mixed = "evil.org. 60 IN A 8.8.8.8\nevil.org. 60 IN A 169.254.169.254"
    with names({"evil.org": mixed}) as (_, network), pytest.raises(SetupError):
        network().open(Endpoint(Role.IMAP, "evil.org", 993, Tls.IMPLICIT), soon())


def test_an_unknown_host_is_named() -> None:
    """A host without an address is `host_not_found`, at the first stage."""
    with names({}) as (_, network), pytest.raises(MailboxError, match="host_not_found") as caught:
        network().open(Endpoint(Role.IMAP, "nowhere.org", 993, Tls.IMPLICIT), soon())
    assert caught.value.stage == "dns"  # type: ignore[attr-defined]


def test_an_operator_can_allow_loopback(authority: Authority) -> None:
    """What the operator lists under `allow` is connected, still with its name checked."""
    from ipaddress import ip_network

    def greet(conversation: Conversation) -> None:
        conversation.send(b"* OK\r\n")
        conversation.read_line()

    records = {"mail.a.org": "mail.a.org. 60 IN A 127.0.0.1"}
    with (
        ScriptedServer(greet, authority.issue("mail.a.org"), implicit=True) as mail,
        names(records) as (_, network),
    ):
        door = network(allow=(ip_network("127.0.0.0/8"),), ca_file=authority.ca_file)
        door.open(Endpoint(Role.IMAP, "mail.a.org", mail.port, Tls.IMPLICIT), soon()).close()
