"""What a fetch follows, what it takes in, and what it says of itself."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import inboxlink
from inboxlink.errors import InboxlinkError, MailboxError, SetupError
from inboxlink.network.fetcher import MAX_BODY_BYTES
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.context import HttpAnswer
from peers.certificates import Authority
from peers.scripted import Conversation, ScriptedServer

HOST = "web.example.test"
NEXT = "next.example.test"
V6 = "2606:4700::1111"
V6_LETTERS = "2606:4700::abcd"


class Web:
    """A web server of several names, whose pages are whole answers; it keeps every request."""

    def __init__(self, authority: Authority) -> None:
        self.pages: dict[str, bytes] = {}
        self.requests: list[bytes] = []
        names = (HOST, NEXT, V6, V6_LETTERS)
        self.server = ScriptedServer(self._serve, authority.issue(*names), implicit=True)
        self._settings = NetworkSettings(
            ca_file=authority.ca_file,
            connect={f"{name}:443": f"127.0.0.1:{self.server.port}" for name in names},
        )

    def get(self, url: str = f"https://{HOST}/", seconds: float = 5) -> HttpAnswer:
        return Network(self._settings).get(url, time.monotonic() + seconds)

    def _serve(self, conversation: Conversation) -> None:
        while conversation.read_line():
            pass
        request = conversation.after_tls
        self.requests.append(request)
        target = request.split()[1].decode()
        conversation.send(self.pages.get(target, b"HTTP/1.1 404 Not Found\r\n\r\n"))


@pytest.fixture
def web(authority: Authority) -> Iterator[Web]:
    web = Web(authority)
    with web.server:
        yield web


def page(body: bytes = b"", *headers: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", *headers, b"", body))


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\n\r\n".encode("latin-1")


def test_the_request_is_the_same_for_everybody(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte: no credential, cookie or person in it, whatever the environment holds."""
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine {HOST} login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    dead_proxy = f"http://me:hunter2@127.0.0.1:{CLOSED_PORT}"
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, dead_proxy)
    web.pages["/a?b=c"] = page(b"hello", b"Set-Cookie: a=b", b"X-Y: z")
    answer = web.get(f"https://{HOST}/a?b=c#part")
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["x-y"] == "z"
    assert web.requests == [
        b"GET /a?b=c HTTP/1.1\r\n"
        b"Host: web.example.test\r\n"
        b"Accept-Encoding: identity\r\n"
        b"User-Agent: inboxlink/%b\r\n"
        b"Connection: close\r\n\r\n" % inboxlink.__version__.encode()
    ]


def test_a_header_in_several_lines_is_one(web: Web) -> None:
    """Nothing that a server offers is lost, and no second line hides the first."""
    web.pages["/"] = page(b"", b"WWW-Authenticate: Negotiate", b"www-authenticate: Basic realm=x")
    assert web.get().headers["www-authenticate"] == "Negotiate, Basic realm=x"
    web.pages["/"] = page(b"", b"Content-Encoding: gzip", b"Content-Encoding: identity")
    with pytest.raises(MailboxError, match="http_failed"):
        web.get()


def test_a_cookie_is_not_carried_to_the_next_hop(web: Web) -> None:
    """What a redirect sets is not sent to where it leads."""
    web.pages = {
        "/": to(f"https://{NEXT}/there").replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n"),
        "/there": page(b"ok"),
    }
    answer = web.get()
    assert (answer.url, answer.body) == (f"https://{NEXT}/there", b"ok")
    assert b"\r\nHost: next.example.test\r\n" in web.requests[1]
    assert not any(b"cookie" in each.lower() or b"referer" in each.lower() for each in web.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_three_redirects_are_followed(web: Web, status: int) -> None:
    """Every kind of redirect is followed, three times and no fourth."""
    web.pages = {f"/{n}": to(f"/{n + 1}", status) for n in range(3)} | {"/3": page(b"there")}
    answer = web.get(f"https://{HOST}/0")
    assert (answer.url, answer.body) == (f"https://{HOST}/3", b"there")
    web.pages["/3"] = to("/4", status)
    with pytest.raises(MailboxError, match="http_failed"):
        web.get(f"https://{HOST}/0")
    assert len(web.requests) == 8


def test_a_loop_of_redirects_ends(web: Web) -> None:
    """A page that leads to itself ends after four requests."""
    web.pages["/"] = to("/")
    with pytest.raises(MailboxError, match="http_failed"):
        web.get()
    assert len(web.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        *("http://web.example.test/", "HTTP://next.example.test/", "ftp://web.example.test/"),
        *("file:///etc/passwd", "javascript:1", "data:text/plain,x", "gopher://127.0.0.1/"),
        *("https://me@web.example.test/", "https://me:secret@web.example.test/"),
        *("https://@web.example.test/", "https://:@web.example.test/"),
        *("https://web.example.test:8443/", "https://web.example.test:80/"),
        *("https://web.example.test:x/", "https://web.example.test:99999/"),
        *("https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/"),
        *("https://[", "https://[::1", "https://[junk]/", "https://[::1%25lo]/", "//[/"),
        *("https://a..b/", "https://web.example.test/a b", "https://web.example.test/\xe9"),
        "https://web.example.test\\@127.0.0.1/",
    ],
)
def test_redirects_elsewhere_are_refused(web: Web, location: str) -> None:
    """To http, a user, another port, a numeric host or junk no redirect is followed."""
    web.pages["/"] = to(location)
    with pytest.raises(InboxlinkError) as caught:
        web.get()
    assert caught.value.code in ("http_failed", "host_invalid")
    assert len(web.requests) == 1


@pytest.mark.parametrize("url", ["http://web.example.test/", "https://[", "", "web.example.test"])
def test_the_first_address_is_judged_as_well(web: Web, url: str) -> None:
    """An address that is not https is refused before anything is connected."""
    with pytest.raises(InboxlinkError):
        web.get(url)
    assert web.server.conversations == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "10.0.0.1",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_a_redirect_to_a_blocked_address_is_refused(web: Web, host: str) -> None:
    """The target of a redirect goes through the same policy as any other host."""
    web.pages["/"] = to(f"https://{host}/latest/meta-data")
    with pytest.raises(SetupError, match="address_blocked"):
        web.get()
    assert len(web.requests) == 1


@pytest.mark.parametrize("address", [V6, V6_LETTERS])
def test_an_address_of_ipv6_is_fetched(authority: Authority, web: Web, address: str) -> None:
    """An IPv6 address in brackets is a host like any other."""
    web.pages["/"] = page(b"six")
    assert web.get(f"https://[{address}]/").body == b"six"
    assert f"\r\nHost: [{address}]\r\n".encode() in web.requests[0]


def test_a_body_may_have_64_kib(web: Web) -> None:
    """A body of 64 KiB is read whole, and one of a byte more is refused."""
    for size in (MAX_BODY_BYTES, MAX_BODY_BYTES + 1):
        web.pages = {
            "/plain": page(b"x" * size),
            "/sized": page(b"x" * size, b"Content-Length: %d" % size),
            "/chunked": page(
                b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size), b"Transfer-Encoding: chunked"
            ),
        }
        for target in web.pages:
            url = f"https://{HOST}{target}"
            if size == MAX_BODY_BYTES:
                assert web.get(url).body == b"x" * size
            else:
                with pytest.raises(MailboxError, match="response_too_large"):
                    web.get(url)


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (page(b"\x1f\x8b", b"Content-Encoding: gzip"), {"http_failed"}),
        (page(b"\x1f\x8b", b"content-encoding: GZIP, identity"), {"http_failed"}),
        (page(b"x", b"Content-Encoding: br"), {"http_failed"}),
        (page(b"short", b"Content-Length: 100"), {"http_failed"}),
        (page(b"5\r\nsho", b"Transfer-Encoding: chunked"), {"http_failed"}),
        (page(b"zz\r\n", b"Transfer-Encoding: chunked"), {"http_failed"}),
        (page(b"x", b"A: " + b"y" * 70_000), {"http_failed", "response_too_large"}),
        (page(b"x", *[b"A: b"] * 200), {"http_failed"}),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000, {"http_failed", "response_too_large"}),
        (b"HTTP/1.1 OK\r\n\r\n", {"http_failed"}),
        (b"HTTP/9 200 OK\r\n\r\n", {"http_failed"}),
        (b"<html>", {"http_failed"}),
        (b"", {"http_failed"}),
        (b"\xff" * 100_000, {"http_failed", "response_too_large"}),
    ],
)
def test_answers_that_are_none_are_typed(web: Web, answer: bytes, codes: set[str]) -> None:
    """Packed, truncated, endless and broken answers are typed."""
    web.pages["/"] = answer
    with pytest.raises(MailboxError) as caught:
        web.get()
    assert caught.value.code in codes


def test_an_answer_that_never_comes_ends_at_the_deadline(authority: Authority) -> None:
    """A web server that takes the request and says nothing is a time-out."""

    def silent(conversation: Conversation) -> None:
        conversation.read_line()
        while conversation.read_line() or not conversation.after_tls.endswith(b"never"):
            pass

    with ScriptedServer(silent, authority.issue(HOST), implicit=True) as server:
        connect = {f"{HOST}:443": f"127.0.0.1:{server.port}"}
        started = time.monotonic()
        with pytest.raises(MailboxError, match="timed_out"):
            Network(NetworkSettings(ca_file=authority.ca_file, connect=connect)).get(
                f"https://{HOST}/", started + 0.5
            )
        assert time.monotonic() - started < 1.5


def test_a_web_server_must_prove_its_name(authority: Authority) -> None:
    """The web is verified as mail is: a wrong name is refused before the request."""
    with ScriptedServer(lambda _: None, authority.issue(NEXT), implicit=True) as server:
        connect = {f"{HOST}:443": f"127.0.0.1:{server.port}"}
        with pytest.raises(MailboxError, match="certificate_wrong_name"):
            Network(NetworkSettings(ca_file=authority.ca_file, connect=connect)).get(
                f"https://{HOST}/", time.monotonic() + 5
            )
        assert server.conversations[0].after_tls == b""


def test_every_fetch_hangs_up(web: Web) -> None:
    """After an answer, good or bad, the connection is closed."""
    web.pages = {"/": page(b"ok"), "/bad": page(b"", b"Content-Encoding: gzip")}
    web.get()
    with pytest.raises(MailboxError):
        web.get(f"https://{HOST}/bad")
