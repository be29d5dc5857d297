"""A sign-in by authorization code, before a token endpoint that answers as it likes."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxlink.errors import (
    CODES,
    InboxlinkError,
    MailboxError,
    SetupError,
    SignInError,
    UnreachableError,
)
from inboxlink.flows.checks import check_step
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.oauth.code_flow import AuthorizationServer, Client, CodeFlow, Tokens
from inboxlink.oauth.token_answer import read_tokens
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.address import parse_address
from inboxlink.types.context import AuthContext, HttpAnswer, Purpose
from inboxlink.types.detection import Basis, Detection
from inboxlink.types.disclosure import Application, Audience
from inboxlink.types.steps import Redirect
from inboxlink.types.text import Text
from peers.certificates import Authority
from peers.scripted import Conversation, ScriptedServer

HOST = "oauth.example.test"
SERVER = AuthorizationServer(
    issuer="https://id.example.test",
    authorization="https://id.example.test/authorize",
    token=f"https://{HOST}/token",
    revocation=f"https://{HOST}/revoke",
    lifetime_s=1800,
)
CLIENT = Client("the-client", "secret&of=the client")
SCOPES = ("mail", "openid", "email")
STATE = "state-of-the-core"
REDIRECT_URI = "http://127.0.0.1:4711/oauth/scripted"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CODE, REFRESH_TOKEN = "code/of+the person", "refresh-token-of-the-person"
GOOD = {
    "access_token": "access-token-of-the-person",
    "token_type": "Bearer",
    "refresh_token": REFRESH_TOKEN,
    "expires_in": 3600,
}


class Endpoint:
    """A token endpoint whose next answer is said beforehand; it keeps every request."""

    def __init__(self, authority: Authority) -> None:
        self.requests: list[bytes] = []
        self.next: bytes | Callable[[Conversation], None] = b""
        self.server = ScriptedServer(self._serve, authority.issue(HOST), implicit=True)
        self._ca_file = authority.ca_file
        self.port = 0

    @property
    def fields(self) -> list[dict[str, str]]:
        """The form of each request."""
        bodies = (each.partition(b"\r\n\r\n")[2].decode() for each in self.requests)
        return [dict(parse_qsl(body, strict_parsing=True)) for body in bodies]

    def answers(self, content: object, status: int = 200, *headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
        self.next = "\r\n".join(head).encode() + body

    def ctx(self, **other: Any) -> AuthContext:
        connect = {f"{HOST}:443": f"127.0.0.1:{self.port or self.server.port}"}
        return AuthContext(
            address=parse_address("ann@example.test", special_domains=("test",)),
            audience=Audience.PERSONAL,
            language="en",
            application=Application("Acme"),
            wanted=frozenset(),
            deadline=time.monotonic() + 5,
            wire=Network(NetworkSettings(ca_file=self._ca_file, connect=connect)),
            clock=lambda: NOW,
            random_token=token_urlsafe,
            purpose=Purpose.CONNECT,
            detection=Detection("scripted", Basis.GUESS, Text("x")),
            **{"redirect_uri": REDIRECT_URI, "oauth_state": STATE, **other},
        )

    def _serve(self, conversation: Conversation) -> None:
        while conversation.read_line():
            pass  # head and form come in one record of TLS
        self.requests.append(conversation.after_tls)
        if callable(self.next):
            self.next(conversation)
        else:
            conversation.send(self.next)


@pytest.fixture
def endpoint(authority: Authority) -> Iterator[Endpoint]:
    endpoint = Endpoint(authority)
    endpoint.answers(GOOD)
    with endpoint.server:
        yield endpoint


@pytest.fixture
def flow() -> CodeFlow:
    return CodeFlow(SERVER, CLIENT, "scripted")


def exchange(flow: CodeFlow, endpoint: Endpoint, **params: str) -> Tokens:
    ctx = endpoint.ctx()
    kept = flow.begin(ctx, SCOPES).kept
    return flow.exchange(ctx, {"code": CODE, "state": STATE, **params}, kept, SCOPES)


def id_token(**claims: object) -> str:
    said = {
        "iss": SERVER.issuer,
        "aud": CLIENT.id,
        "sub": "1",
        "exp": NOW.timestamp() + 60,
        **claims,
    }
    parts = ({"alg": "RS256"}, said)
    encoded = (base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in parts)
    return b".".join((*encoded, b"signature")).decode()


def test_the_request_holds_what_the_core_asks_for(flow: CodeFlow, endpoint: Endpoint) -> None:
    """The core takes the address: its state, its redirect address, and a challenge by S256."""
    # OA4, OA5
    begun = flow.begin(endpoint.ctx(), SCOPES, {"login_hint": "ann@example.test"})
    step = Redirect(step="x", url=begun.url, scopes=SCOPES, state=begun.kept)
    assert (
        check_step(
            step,
            provider="scripted",
            disclosed=("mail",),
            oauth_state=STATE,
            redirect_uri=REDIRECT_URI,
        )
        == step
    )
    query = parse_qs(urlsplit(begun.url).query)
    assert urlsplit(begun.url)._replace(query="").geturl() == SERVER.authorization
    assert query["scope"] == ["mail openid email"]
    assert query["login_hint"] == ["ann@example.test"]
    assert query["nonce"] == [begun.kept["nonce"]]
    challenge = hashlib.sha256(begun.kept["verifier"].encode()).digest()
    assert query["code_challenge"] == [base64.urlsafe_b64encode(challenge).decode().rstrip("=")]
    assert begun.kept["verifier"] not in begun.url
    assert begun.kept["verifier"] not in repr(begun)


def test_verifier_and_nonce_are_of_one_request(flow: CodeFlow, endpoint: Endpoint) -> None:
    """No two requests share a verifier or a nonce, and without `openid` there is no nonce."""
    ctx = endpoint.ctx()
    kept = [flow.begin(ctx, SCOPES).kept for _ in range(20)]
    assert len({each["verifier"] for each in kept} | {each["nonce"] for each in kept}) == 40
    assert {len(each["verifier"]) for each in kept} == {43}
    assert "nonce" not in flow.begin(ctx, ("mail",)).url


@pytest.mark.parametrize("missing", ["redirect_uri", "oauth_state"])
def test_a_host_without_a_place_for_the_answer_is_told(
    flow: CodeFlow, endpoint: Endpoint, missing: str
) -> None:
    """Without a redirect address or a state there is no request."""
    with pytest.raises(SetupError) as caught:
        flow.begin(endpoint.ctx(**{missing: None}), SCOPES)
    assert caught.value.code == "way_unavailable"


def test_a_code_becomes_tokens(flow: CodeFlow, endpoint: Endpoint) -> None:
    """The code goes out with verifier, redirect address and client, and tokens come back."""
    # OA4
    endpoint.answers({**GOOD, "scope": "email mail", "refresh_token_expires_in": 604799})
    ctx = endpoint.ctx()
    kept = flow.begin(ctx, SCOPES).kept
    tokens = flow.exchange(ctx, {"code": CODE, "state": STATE}, kept, SCOPES)
    assert endpoint.fields == [
        {
            "grant_type": "authorization_code",
            "code": CODE,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": kept["verifier"],
            "client_id": CLIENT.id,
            "client_secret": CLIENT.secret,
        }
    ]
    assert endpoint.requests[0].startswith(b"POST /token HTTP/1.1\r\n")
    assert tokens == Tokens(
        access_token="access-token-of-the-person",
        refresh_token=REFRESH_TOKEN,
        scopes=("email", "mail"),
        expires_at=NOW + timedelta(hours=1),
        grant_ends_at=NOW + timedelta(seconds=604799),
        claims={},
    )
    assert "of-the-person" not in repr(tokens)


def test_a_public_client_has_no_secret(endpoint: Endpoint) -> None:
    """Where the operator has no secret none is sent, not even an empty one."""
    exchange(CodeFlow(SERVER, Client("public"), "scripted"), endpoint)
    assert endpoint.fields[0]["client_id"] == "public"
    assert "client_secret" not in endpoint.fields[0]


def test_what_the_server_leaves_out_is_what_was_asked(flow: CodeFlow, endpoint: Endpoint) -> None:
    """Without `scope` it is the requested one, without `expires_in` the documented time."""
    # OA13; RFC 6749 section 5.1
    endpoint.answers({"access_token": "a", "token_type": "bearer"})
    tokens = exchange(flow, endpoint)
    assert tokens.scopes == SCOPES
    assert tokens.expires_at == NOW + timedelta(seconds=1800)
    assert tokens.refresh_token is None
    assert tokens.grant_ends_at is None


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [
        ("3600", 3600),
        (59.5, 59.5),
        (0, 0),
        (-1, 0),
        (-(10**400), 0),
        (1e12, 366 * 86400),
        (10**400, 366 * 86400),
        (float("inf"), 366 * 86400),
        ("abc", 1800),
        ("1" * 5000, 1800),
        (float("nan"), 1800),
        (True, 1800),
        (None, 1800),
        ([3600], 1800),
    ],
)
def test_an_odd_lifetime_is_bounded(
    flow: CodeFlow, endpoint: Endpoint, expires_in: object, seconds: float
) -> None:
    """What is no number says nothing, what is past has ended, and nothing lasts beyond a year."""
    # F47
    endpoint.answers({**GOOD, "expires_in": expires_in})
    assert exchange(flow, endpoint).expires_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><title>Welcome</title>access_token=a&token_type=bearer",
        b"access_token=a&token_type=bearer",
        b"",
        b"[]",
        b'"access_token"',
        b"[" * 100_000,
        b"1" * 5000,
        b"\xff\xfe{",
        {},
        {**GOOD, "access_token": ""},
        {**GOOD, "access_token": None},
        {**GOOD, "access_token": ["a"]},
        {**GOOD, "access_token": "a b"},
        {**GOOD, "access_token": "a\x01auth=Bearer b"},
        {**GOOD, "access_token": "a\r\nX: y"},
        {**GOOD, "access_token": "ü"},
        {**GOOD, "access_token": "a" * 16_385},
        {**GOOD, "refresh_token": ""},
        {**GOOD, "refresh_token": 7},
        {**GOOD, "token_type": "mac"},
        {**GOOD, "token_type": None},
        {**GOOD, "scope": ["mail"]},
        {**GOOD, "scope": "mail \x1b]0;x\x07"},
        {**GOOD, "id_token": 7},
    ],
)
def test_what_is_no_token_answer_is_refused(
    flow: CodeFlow, endpoint: Endpoint, content: object
) -> None:
    """A 200 that gives no token fit to be used is an error, whatever stands in it."""
    # F47
    endpoint.answers(content)
    with pytest.raises(MailboxError) as caught:
        exchange(flow, endpoint)
    assert caught.value.code == "protocol_error"
    assert caught.value.problem.remote is None


def test_an_answer_of_20_mb_is_not_read(flow: CodeFlow, endpoint: Endpoint) -> None:
    """A flood ends at the cap of the door."""
    # F47
    endpoint.answers(b'{"access_token": "' + b"a" * 20_000_000 + b'"}')
    with pytest.raises(MailboxError) as caught:
        exchange(flow, endpoint)
    assert caught.value.code == "response_too_large"


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (400, {"error": "invalid_grant"}, "grant_ended"),
        (401, {"error": "invalid_client"}, "client_refused"),
        (400, {"error": "invalid_request"}, "remote_error"),
        (400, {"error": "temporarily_unavailable"}, "server_unavailable"),
        (400, {"error": {"code": 7}}, "remote_error"),
        (400, b"<html>", "remote_error"),
        (404, b"", "remote_error"),
        (302, b"", "remote_error"),
        (204, b"", "remote_error"),
        (429, {"error": "invalid_grant"}, "rate_limited"),
        (500, {"error": "invalid_grant"}, "server_unavailable"),
        (503, b"<html>", "server_unavailable"),
    ],
)
def test_a_refusal_has_a_code(
    flow: CodeFlow, endpoint: Endpoint, status: int, content: object, code: str
) -> None:
    """A definite no is told from a server in trouble, and what is unknown is not guessed."""
    # F47
    endpoint.answers(content, status, "Retry-After: 7", f"Location: https://{HOST}/elsewhere")
    with pytest.raises(InboxlinkError) as caught:
        exchange(flow, endpoint)
    assert caught.value.code == code
    assert len(endpoint.requests) == 1
    is_told = code in ("rate_limited", "server_unavailable") and status >= 429
    assert caught.value.problem.retry_after_s == (7 if is_told else None)


def test_nothing_that_was_sent_comes_back_in_an_error(flow: CodeFlow, endpoint: Endpoint) -> None:
    """A server that repeats code, verifier and secret in its words puts none into the error."""

    def echo(conversation: Conversation) -> None:
        said = " ".join(endpoint.fields[-1].values())
        body = json.dumps({"error": "invalid_grant", "error_description": said}).encode()
        conversation.send(b"HTTP/1.1 400 X\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    endpoint.next = echo
    with pytest.raises(SignInError) as caught:
        exchange(flow, endpoint)
    said = repr(caught.value.problem)
    sent = endpoint.fields[0]
    assert sent["code_verifier"] not in said
    assert CODE not in said
    assert sent["client_secret"] not in said
    assert CLIENT.id in said


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"error": "access_denied", "code": ""}, "consent_declined"),
        ({"error": "server_error"}, "server_unavailable"),
        ({"code": ""}, "callback_invalid"),
    ],
)
def test_a_refusal_of_the_person_or_the_server_goes_no_further(
    flow: CodeFlow, endpoint: Endpoint, params: dict[str, str], code: str
) -> None:
    """After an error, or without a code, no token endpoint hears of it."""
    # F44
    with pytest.raises(InboxlinkError) as caught:
        exchange(flow, endpoint, **params)
    assert caught.value.code == code
    assert endpoint.requests == []


def test_the_id_token_of_this_sign_in_is_read(flow: CodeFlow, endpoint: Endpoint) -> None:
    """The claims come out where audience, issuer and nonce are of this sign-in."""
    ctx = endpoint.ctx()
    kept = flow.begin(ctx, SCOPES).kept
    endpoint.answers({**GOOD, "id_token": id_token(nonce=kept["nonce"], email="ann@example.test")})
    tokens = flow.exchange(ctx, {"code": CODE}, kept, SCOPES)
    assert tokens.claims["email"] == "ann@example.test"
    assert tokens.claims["sub"] == "1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another-client"},
        {"aud": ["the-client", "another-client"]},
        {"iss": "https://evil.example.test"},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": NOW.timestamp() - 3600},
        {"exp": "soon"},
        None,
    ],
)
def test_an_id_token_of_somewhere_else_is_refused(
    flow: CodeFlow, endpoint: Endpoint, wrong: dict[str, object] | None
) -> None:
    """One for another client, issuer, sign-in or time ends the sign-in, and its tokens with it."""
    # F47, OA12
    ctx = endpoint.ctx()
    kept = flow.begin(ctx, SCOPES).kept
    token = "no.id.token" if wrong is None else id_token(**{"nonce": kept["nonce"], **wrong})
    endpoint.answers({**GOOD, "id_token": token})
    with pytest.raises(SignInError) as caught:
        flow.exchange(ctx, {"code": CODE}, kept, SCOPES)
    assert caught.value.code == "wrong_account"


def test_an_issuer_may_have_a_second_name(endpoint: Endpoint) -> None:
    """What the provider lists beside its issuer counts in an ID token."""
    server = AuthorizationServer(
        "https://id.example.test",
        SERVER.authorization,
        SERVER.token,
        None,
        1800,
        issuer_aliases=frozenset({"id.example.test"}),
    )
    flow = CodeFlow(server, CLIENT, "scripted")
    endpoint.answers({**GOOD, "id_token": id_token(iss="id.example.test")})
    assert flow.refresh(endpoint.ctx(), REFRESH_TOKEN, SCOPES).claims["sub"] == "1"


def test_a_refresh_renews(flow: CodeFlow, endpoint: Endpoint) -> None:
    """The refresh token goes out with the client and nothing else; scopes stay as they were."""
    endpoint.answers({"access_token": "new", "token_type": "Bearer", "expires_in": 60})
    tokens = flow.refresh(endpoint.ctx(), REFRESH_TOKEN, ("mail",))
    assert endpoint.fields == [
        {
            "grant_type": "refresh_token",
            "refresh_token": REFRESH_TOKEN,
            "client_id": CLIENT.id,
            "client_secret": CLIENT.secret,
        }
    ]
    assert (tokens.access_token, tokens.refresh_token, tokens.scopes) == ("new", None, ("mail",))


def test_a_refresh_that_was_never_sent_is_told_apart(flow: CodeFlow, endpoint: Endpoint) -> None:
    """No connection is an `UnreachableError`, a lost answer is not: nobody knows what it did."""
    endpoint.port = CLOSED_PORT
    with pytest.raises(UnreachableError):
        flow.refresh(endpoint.ctx(), REFRESH_TOKEN, SCOPES)
    endpoint.port = 0
    endpoint.next = lambda _: None
    with pytest.raises(MailboxError) as caught:
        flow.refresh(endpoint.ctx(), REFRESH_TOKEN, SCOPES)
    assert not isinstance(caught.value, UnreachableError)
    assert caught.value.code == "http_failed"


@pytest.mark.parametrize(("status", "content"), [(200, b""), (400, {"error": "invalid_token"})])
def test_a_revocation_ends_what_may_have_ended(
    flow: CodeFlow, endpoint: Endpoint, status: int, content: object
) -> None:
    """A token that is revoked, and one that was already, are the same success."""
    # OA14; RFC 7009 section 2.2
    endpoint.answers(content, status)
    flow.revoke(endpoint.ctx(), REFRESH_TOKEN)
    assert endpoint.requests[0].startswith(b"POST /revoke HTTP/1.1\r\n")
    assert endpoint.fields[0]["token"] == REFRESH_TOKEN


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (400, {"error": "unsupported_token_type"}, "remote_error"),
        (503, b"", "server_unavailable"),
        (404, b"<html>", "remote_error"),
    ],
)
def test_a_revocation_that_failed_is_no_success(
    flow: CodeFlow, endpoint: Endpoint, status: int, content: object, code: str
) -> None:
    """A refused or failed revocation is raised, so that the person can end it by hand."""
    # OA14
    endpoint.answers(content, status)
    with pytest.raises(InboxlinkError) as caught:
        flow.revoke(endpoint.ctx(), REFRESH_TOKEN)
    assert caught.value.code == code


#: Of each kind, but not deep: that is held by an example of its own.
_JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        name: _JSON | st.sampled_from(["Bearer", "a.b", "mail openid", "3600", 3600])
        for name in (*GOOD, "scope", "id_token", "error", "refresh_token_expires_in")
    },
)


@settings(deadline=None)  # its time says nothing on a busy machine
@given(
    status=st.sampled_from([200, 204, 302, 400, 401, 429, 500]),
    body=st.binary() | _FIELDS.map(lambda fields: json.dumps({**GOOD, **fields}).encode()),
)
def test_whatever_answers_is_tokens_or_a_code(status: int, body: bytes) -> None:
    """Any answer gives tokens fit for a header and a message, or an error that is worded."""
    # F47
    answer = HttpAnswer(url=SERVER.token, status=status, headers={}, body=body)
    try:
        found = read_tokens(answer, host=HOST, provider="x", app="Acme", secrets=(), now=NOW)
    except InboxlinkError as error:
        code = error.code
    else:
        code = None
    if code is not None:
        assert code in CODES
        return
    assert status == 200
    for token in (found.access_token, found.refresh_token or "-"):
        assert token.isascii()
        assert token.isprintable()
        assert " " not in token
    for end in (found.expires_at, found.grant_ends_at):
        assert end is None or NOW <= end <= NOW + timedelta(days=366)
    assert all(scope.isascii() and scope.isprintable() for scope in found.scopes or ())
