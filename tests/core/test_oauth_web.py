"""Libraries built on requests, taken through the core's own door to the network."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPMessage
from pathlib import Path
from secrets import token_urlsafe

import pytest
import requests

from inboxlink.errors import InboxlinkError, MailboxError, UnreachableError
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.oauth.web import quiet_loggers, web_session
from inboxlink.testing.peers.web import Answer, Request, WebServer
from inboxlink.types.context import HookContext
from peers.certificates import Authority

HOST = "login.example.test"
OTHER = "other.example.test"
PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)


class Heard:
    """A server that keeps what it was asked, and answers by path."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer] = lambda _: Answer(200, b"good", PLAIN)

    def __call__(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answer(request)

    @property
    def headers(self) -> HTTPMessage:
        (request,) = self.requests
        return request.headers


@contextmanager
def serving(
    authority: Authority, heard: Heard, *, seconds: float = 5.0, ca: bool = True
) -> Iterator[tuple[requests.Session, WebServer]]:
    """A session for HOST, and the server that stands there and at OTHER."""
    with WebServer(authority.issue(HOST, OTHER), heard) as front:
        there = f"127.0.0.1:{front.port}"
        settings = NetworkSettings(
            ca_file=authority.ca_file if ca else None,
            connect={f"{HOST}:443": there, f"{OTHER}:443": there},
        )
        context = HookContext(
            deadline=time.monotonic() + seconds,
            wire=Network(settings),
            clock=lambda: datetime.now(UTC),
            random_token=token_urlsafe,
        )
        yield web_session(context, {HOST}), front


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_a_request_goes_through(authority: Authority, heard: Heard) -> None:
    """What a library posts arrives so, and its answer comes back as requests has it."""
    with serving(authority, heard) as (session, _):
        heard.answer = lambda _: Answer(200, '{"a": "é"}'.encode(), PLAIN)
        answer = session.post(
            f"https://{HOST}/token",
            params={"q": "1 2"},
            data={"code": "a+b/c="},
            headers={"Accept": "application/json"},
        )
    (request,) = heard.requests
    assert (request.method, request.path, request.query) == ("POST", "/token", "q=1+2")
    assert request.form == {"code": "a+b/c="}
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"
    assert answer.status_code == 200
    assert answer.json() == {"a": "é"}
    assert answer.text == '{"a": "é"}'
    assert answer.url == f"https://{HOST}/token?q=1+2"
    assert answer.request.method == "POST"


@pytest.mark.parametrize(
    "url",
    [
        f"https://{OTHER}/token",
        f"http://{HOST}/token",
        f"https://{HOST}:8443/token",
        f"https://{HOST}.evil.example/token",
        f"https://{HOST}@{OTHER}/token",
    ],
)
def test_only_the_named_host_is_asked(authority: Authority, heard: Heard, url: str) -> None:
    """Another host, another port and plain http are refused before anything is sent."""
    # OA10
    refused = pytest.raises((MailboxError, requests.exceptions.InvalidSchema))
    with serving(authority, heard) as (session, _), refused:
        session.post(url, data={"code": "secret"})
    assert heard.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(authority: Authority, heard: Heard, status: int) -> None:
    """A redirect is an answer like any other: what was sent goes nowhere else."""
    with serving(authority, heard) as (session, _):
        heard.answer = lambda _: Answer(status, b"", [("Location", f"https://{HOST}/there")])
        answer = session.post(f"https://{HOST}/token", data={"code": "secret"})
    assert answer.status_code == status
    assert not answer.history
    assert len(heard.requests) == 1


def test_the_environment_and_earlier_answers_add_nothing(
    authority: Authority, heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No proxy, no netrc, no bundle of roots, no cookie and no encoding."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login ann password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing.pem"))
    with serving(authority, heard) as (session, _):
        cookie = ("Set-Cookie", "session=1; Secure")
        heard.answer = lambda _: Answer(200, b"", [*PLAIN, cookie])
        session.get(f"https://{HOST}/first")
        session.get(f"https://{HOST}/second")
    for request in heard.requests:
        assert request.headers["Authorization"] is None
        assert request.headers["Cookie"] is None
        assert request.headers["Accept-Encoding"] == "identity"
        assert request.headers["User-Agent"].startswith("inboxlink/")


def test_an_untrusted_server_hears_nothing(authority: Authority, heard: Heard) -> None:
    """Whatever a library says of `verify`, the certificate must be trusted."""
    with serving(authority, heard, ca=False) as (session, _):
        session.verify = False
        with pytest.raises(UnreachableError) as caught:
            session.post(f"https://{HOST}/token", data={"code": "secret"}, verify=False)
    assert caught.value.code == "certificate_untrusted"
    assert heard.requests == []


def test_an_answer_has_a_limit(authority: Authority, heard: Heard) -> None:
    """Megabytes are not read to their end."""
    with serving(authority, heard) as (session, _):
        heard.answer = lambda _: Answer(200, b"x" * (3 << 20), PLAIN)
        with pytest.raises(InboxlinkError) as caught:
            session.get(f"https://{HOST}/")
    assert caught.value.code == "response_too_large"


def test_the_deadline_holds_whatever_the_library_waits(authority: Authority, heard: Heard) -> None:
    """A timeout that a library sets, or does not, changes nothing."""
    with serving(authority, heard, seconds=1.0) as (session, _):

        def slow(_: Request) -> Answer:
            time.sleep(2)
            return Answer(200, b"late", PLAIN)

        heard.answer = slow
        with pytest.raises(InboxlinkError) as caught:
            session.get(f"https://{HOST}/", timeout=None)
    assert caught.value.code == "timed_out"


def test_loggers_of_the_libraries_are_silent() -> None:
    """Making a session is enough, whatever level the host's logging has, and below as well."""
    # LG1
    quiet_loggers()
    for name in ("msal", "msal.application", "requests_oauthlib", "urllib3.connectionpool"):
        assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)
    assert logging.getLogger("inboxlink").isEnabledFor(logging.CRITICAL)
