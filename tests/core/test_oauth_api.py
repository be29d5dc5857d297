"""A JSON API with a bearer token, over the real door to the network."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any

import pytest

from inboxlink.errors import InboxlinkError, Problem, problem
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.oauth.api import Api, Judge
from inboxlink.types.context import HookContext
from peers.certificates import Authority
from peers.oauth.front import Answer, Front, Request, json_answer

HOST = "api.example.test"
TOKEN = "ya29.a-token-that-nobody-else-has"


class Service:
    """An API that answers what it is told, and keeps what it was asked."""

    def __init__(self, authority: Authority) -> None:
        self.answer = json_answer(200, {})
        self.requests: list[Request] = []
        self._front = Front(authority.issue(HOST), self._serve)
        self._settings = NetworkSettings(
            ca_file=authority.ca_file, connect={f"{HOST}:443": f"127.0.0.1:{self._front.port}"}
        )

    def _serve(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answer

    def __enter__(self) -> "Service":
        self._front.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._front.__exit__(None, None, None)

    def call(self, method: str, *arguments: Any, judge: Judge = lambda *_: None) -> Any:
        context = HookContext(
            deadline=time.monotonic() + 10,
            wire=Network(self._settings),
            clock=lambda: datetime.now(UTC),
            random_token=token_urlsafe,
        )
        with context.http(HOST) as session:
            return getattr(Api(session, HOST, TOKEN, judge), method)(*arguments)

    def refusal(self, answer: Answer, judge: Judge = lambda *_: None) -> Problem:
        self.answer = answer
        with pytest.raises(InboxlinkError) as raised:
            self.call("get", "/x", judge=judge)
        return raised.value.problem


@pytest.fixture
def service(authority: Authority) -> Iterator[Service]:
    with Service(authority) as running:
        yield running


def test_a_get_carries_the_token_and_reads_an_object(service: Service) -> None:
    """The token goes as a bearer, and what comes back is the JSON object."""
    service.answer = json_answer(200, {"a": [1]})
    assert service.call("get", "/me?x=1", {"Prefer": "y"}) == {"a": [1]}
    (asked,) = service.requests
    assert (asked.method, asked.path, asked.query) == ("GET", "/me", "x=1")
    assert asked.bearer == TOKEN
    assert asked.headers["Accept"] == "application/json"
    assert asked.headers["Prefer"] == "y"


def test_a_post_carries_json_and_may_bring_nothing(service: Service) -> None:
    """A document goes as JSON; an empty answer is an empty object."""
    service.answer = Answer(202, b"")
    assert service.call("post", "/send", {"raw": "ü"}) == {}
    assert service.call("post", "/stop") == {}
    first, second = service.requests
    assert json.loads(first.body) == {"raw": "ü"}
    assert first.headers["Content-Type"] == "application/json"
    assert (second.body, second.headers["Content-Length"]) == (b"", "0")


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'"x"', b"{", b"[" * 50_000, b"\xff", b'{"a": NaN'],
)
def test_what_is_no_object_is_named(service: Service, body: bytes) -> None:
    """Pages, lists, depth and half a document end as `protocol_error` with the host's name."""
    service.answer = Answer(200, body)
    with pytest.raises(InboxlinkError, match="protocol_error") as raised:
        service.call("get", "/x")
    assert raised.value.problem.message.params["host"] == HOST


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "grant_ended"),
        (429, "rate_limited"),
        (500, "server_unavailable"),
        (503, "server_unavailable"),
        (400, "remote_error"),
        (403, "remote_error"),
        (404, "remote_error"),
        (302, "remote_error"),
    ],
)
def test_statuses_that_say_it_all(service: Service, status: int, code: str) -> None:
    """Each status has its meaning where the provider knows no better, and keeps the words."""
    found = service.refusal(json_answer(status, {"error": {"code": "X", "message": "so"}}))
    assert (found.code, found.remote) == (code, f"{status} X: so")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "wait_s"),
    [("7", 7), ("0", 0), ("999999", 86400), ("-1", None), ("soon", None), ("1.5", None)],
)
def test_patience_is_read(service: Service, status: int, value: str, wait_s: float | None) -> None:
    """`Retry-After` in seconds is passed on, a day at most; anything else is none."""
    found = service.refusal(json_answer(status, {}, Retry_After=value))
    assert found.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("body", "remote"),
    [
        ({"error": {"message": "The mailbox is full"}}, "400 The mailbox is full"),
        ({"error": {"code": "Full", "message": "No room"}}, "400 Full: No room"),
        ({"error": {"code": 400, "message": "No room"}}, "400 No room"),
        ({"error": "plain"}, "400 plain"),
        ({"error": {"message": f"Bearer {TOKEN} is wrong"}}, "400 Bearer ••• is wrong"),
        ({"error": {"message": "\x1b[2J red"}}, "400 [2J red"),
        ({"error": None}, "400"),
        ([1], "400"),
    ],
)
def test_the_servers_words_are_shown_without_the_token(
    service: Service, body: Any, remote: str
) -> None:
    """An unknown refusal carries its words, cleaned, and never what was sent."""
    assert service.refusal(json_answer(400, body)).remote == remote


def test_the_provider_judges_first(service: Service) -> None:
    """What a provider knows of a refusal counts before its status, with the server's patience."""
    asked: list[tuple[int, Mapping[str, Any]]] = []

    def judge(status: int, refusal: Mapping[str, Any]) -> Problem | None:
        asked.append((status, refusal))
        return problem("rate_limited", host=HOST)

    body = {"error": {"code": "X"}}
    assert service.refusal(json_answer(403, body, Retry_After="9"), judge).retry_after_s == 9
    assert service.refusal(json_answer(401, body), judge).code == "rate_limited"
    service.refusal(Answer(500, b"<html>"), judge)
    assert asked == [(403, body), (401, body), (500, {})]


def test_a_judge_keeps_no_token(service: Service) -> None:
    """What a provider kept of the answer is shown without the token, which it does not know."""

    def judge(_: int, refusal: Mapping[str, Any]) -> Problem:
        return problem("admin_policy", remote=str(refusal["error"]))

    answer = json_answer(403, {"error": f"Bearer {TOKEN} may not"})
    found = service.refusal(answer, judge)
    assert (found.code, found.remote) == ("admin_policy", "Bearer ••• may not")
    assert found.retry_after_s is None


def test_a_flood_is_cut(service: Service) -> None:
    """An answer beyond the core's cap ends as one that is too large."""
    service.answer = Answer(200, b'{"x": "' + b"x" * (2 << 20) + b'"}')
    with pytest.raises(InboxlinkError, match="response_too_large"):
        service.call("get", "/x")
