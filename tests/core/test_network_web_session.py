"""Requests that may carry a credential: one connection, nothing added, nothing tried twice."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import inboxlink
from inboxlink.errors import MailboxError, SetupError, UnreachableError
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.web_session import MAX_BODY_BYTES
from inboxlink.network.wire import Network
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.context import HttpSession
from peers.certificates import Authority
from peers.scripted import Conversation, ScriptedServer

HOST = "api.example.test"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

#: What the server says to each request of a connection in turn.
Script = Callable[[Conversation], None]


def says(*answers: bytes) -> Script:
    """Reads a request, its body by its length, and gives the next answer."""

    def script(conversation: Conversation) -> None:
        for answer in answers:
            while conversation.read_line():
                pass
            conversation.send(answer)
        conversation.hear_out()

    return script


class Api:
    """One web server on loopback behind the name of an API."""

    def __init__(self, authority: Authority, script: Script, seconds: float = 5) -> None:
        self.server = ScriptedServer(script, authority.issue(HOST), implicit=True)
        self._network = Network(
            NetworkSettings(
                ca_file=authority.ca_file, connect={f"{HOST}:443": f"127.0.0.1:{self.server.port}"}
            )
        )
        self._seconds = seconds

    def __enter__(self) -> "Api":
        self.server.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self.server.__exit__(*raised)  # type: ignore[arg-type]

    def session(self) -> HttpSession:
        return self._network.http(HOST, time.monotonic() + self._seconds)

    @property
    def heard(self) -> list[bytes]:
        return [each.after_tls for each in self.server.conversations]


def test_a_request_is_what_was_given_and_no_more(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte: no netrc, proxy or cookie of the environment is in it."""
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine {HOST} login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter2@127.0.0.1:{CLOSED_PORT}")
    with Api(authority, says(OK)) as api, api.session() as session:
        answer = session.send("POST", "/a?b=c", {"Authorization": "Bearer t"}, b"{}")
        assert (answer.url, answer.status, answer.body) == (f"https://{HOST}/a?b=c", 200, b"ok")
    assert api.heard == [
        b"POST /a?b=c HTTP/1.1\r\n"
        b"Host: api.example.test\r\n"
        b"User-Agent: inboxlink/%b\r\n"
        b"Accept-Encoding: identity\r\n"
        b"Content-Length: 2\r\n"
        b"Authorization: Bearer t\r\n\r\n{}" % inboxlink.__version__.encode()
    ]


def test_requests_follow_one_another_on_one_connection(authority: Authority) -> None:
    """Three requests cost one handshake, whose stages are told."""
    with Api(authority, says(OK, OK, OK)) as api, api.session() as session:
        assert [name for name, _ in session.took_ms] == ["dns", "tcp", "tls"]
        assert session.tls_version == "TLSv1.3"
        for number in range(3):
            assert session.send("GET", f"/{number}").body == b"ok"
    (heard,) = api.heard
    assert heard.count(b"Host: ") == 3


def test_a_server_may_end_the_connection_after_an_answer(authority: Authority) -> None:
    """The next request goes over a new connection (RFC 9112 section 9.6)."""
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with Api(authority, says(closing)) as api, api.session() as session:
        for number in range(2):
            assert session.send("GET", f"/{number}").body == b"ok"
    assert [each.split(b" HTTP")[0] for each in api.heard] == [b"GET /0", b"GET /1"]


def test_a_request_is_never_tried_twice(authority: Authority) -> None:
    """Nobody knows whether a request counted whose answer is missing."""

    def hangs_up(conversation: Conversation) -> None:
        while conversation.read_line():
            pass

    with (
        Api(authority, hangs_up) as api,
        api.session() as session,
        pytest.raises(MailboxError, match="connection_lost|http_failed"),
    ):
        session.send("POST", "/token", None, b"grant_type=refresh_token")
    assert len(api.heard) == 1


def test_a_redirect_is_an_answer(authority: Authority) -> None:
    """What carries a credential goes to no other place."""
    moved = b"HTTP/1.1 307 Moved\r\nLocation: https://evil.test/\r\nContent-Length: 0\r\n\r\n"
    with Api(authority, says(moved)) as api, api.session() as session:
        answer = session.send("GET", "/", {"Authorization": "Bearer t"})
        assert (answer.status, answer.headers["location"]) == (307, "https://evil.test/")
    assert len(api.heard) == 1


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/\r\nX-Injected: 1", {}),
        ("GET", "/a b", {}),
        ("GET", "/é", {}),
        ("GET /x HTTP/1.1\r\nA: b\r\n", "/", {}),
        ("GET", "/", {"A": "b\r\nX-Injected: 1"}),
        ("GET", "/", {"A\r\nX-Injected": "1"}),
    ],
)
def test_nothing_can_be_slipped_into_a_request(
    authority: Authority, method: str, target: str, headers: dict[str, str]
) -> None:
    """A line break in any part is refused before a byte goes out."""
    with Api(authority, says(OK)) as api:
        session = api.session()
        with pytest.raises(MailboxError, match="http_failed"):
            session.send(method, target, headers)
        session.close()
        session.close()
    assert api.heard == [b""]


@pytest.mark.parametrize("more", [0, 1])
def test_an_answer_has_a_largest_size(authority: Authority, more: int) -> None:
    """A body of a MiB is read whole, and one of a byte more is refused."""
    size = MAX_BODY_BYTES + more
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    with Api(authority, says(answer)) as api, api.session() as session:
        if more:
            with pytest.raises(MailboxError, match="response_too_large"):
                session.send("GET", "/")
        else:
            assert len(session.send("GET", "/").body) == size


def test_an_answer_that_drips_ends_at_the_deadline(authority: Authority) -> None:
    """The deadline is absolute, whatever keeps coming."""

    def drips(conversation: Conversation) -> None:
        while conversation.read_line():
            pass
        conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            conversation.send(b"x")
            time.sleep(0.02)

    with (
        Api(authority, drips, seconds=0.5) as api,
        api.session() as session,
        pytest.raises(MailboxError, match="timed_out"),
    ):
        session.send("GET", "/")


def test_a_server_must_prove_its_name_before_the_first_request(authority: Authority) -> None:
    """No credential goes to a host with another certificate, or to one that cannot be reached."""
    with ScriptedServer(lambda _: None, authority.issue("evil.test"), implicit=True) as server:
        connect = {f"{HOST}:443": f"127.0.0.1:{server.port}"}
        network = Network(NetworkSettings(ca_file=authority.ca_file, connect=connect))
        with pytest.raises(UnreachableError, match="certificate_wrong_name"):
            network.http(HOST, time.monotonic() + 5)
        assert server.conversations[0].after_tls == b""
    network = Network(NetworkSettings(connect={f"{HOST}:443": f"127.0.0.1:{CLOSED_PORT}"}))
    with pytest.raises(UnreachableError, match="connection_refused") as caught:
        network.http(HOST, time.monotonic() + 5)
    assert caught.value.stage == "tcp"


def test_private_networks_are_judged_here_too() -> None:
    """An address that the policy forbids is not connected."""
    with pytest.raises(SetupError, match="address_blocked"):
        Network(NetworkSettings()).http("127.0.0.1", time.monotonic() + 5)


def test_the_next_request_names_its_connection(authority: Authority) -> None:
    """Whoever signs a connection in learns that it is over before anything goes on the next."""
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with Api(authority, says(OK, closing)) as api, api.session() as session:
        seen = [session.connection]
        for number in range(3):
            session.send("GET", f"/{number}")
            seen.append(session.connection)
    assert seen == [1, 1, 2, 2]
    assert len(api.heard) == 2
