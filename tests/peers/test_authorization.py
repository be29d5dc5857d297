"""The authorization server of the kit, held to the RFCs that it names."""

import base64
import hashlib
import json
import socket
import ssl
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest

from inboxlink.testing.peers.authorization import AuthorizationServer, Client
from inboxlink.testing.peers.browser import Browser
from inboxlink.testing.peers.faults import busy, changed, redirected_with, unavailable
from inboxlink.testing.peers.metadata import DEVICE_GRANT
from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.world import World

BACK = "http://127.0.0.1:4711/oauth/example"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
ASKED = {
    "response_type": "code",
    "client_id": "inboxlink-test",
    "redirect_uri": BACK,
    "scope": "openid mail.read mail.send",
    "state": "s/t?a=t",
    "nonce": "once",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Application:
    """Asks the server as an application does."""

    def __init__(self, world: World, server: AuthorizationServer, browser: Browser) -> None:
        self._tls = ssl.create_default_context(cafile=str(world.authority.ca_file))
        self.server = server
        self.browser = browser

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, Any, Any]:
        """Status, document and headers of an answer."""
        connection = HTTPSConnection(self.server.host, timeout=10)
        raw = socket.create_connection((LOOPBACK, self.server.port), 10)
        connection.sock = self._tls.wrap_socket(raw, server_hostname=self.server.host)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        is_json = answer.getheader("Content-Type", "").startswith("application/json")
        return answer.status, json.loads(said) if is_json else said, answer.headers

    def post(self, path: str, **form: str) -> tuple[int, Any]:
        """Status and document of an answer to a form."""
        given = {"client_id": "inboxlink-test"} | form
        return self.ask("POST", path, urlencode(given))[:2]

    def address(self, **changes: str) -> str:
        """An authorization request."""
        return f"{self.server.issuer}/authorize?{urlencode(ASKED | changes)}"

    def code(self, **changes: str) -> str:
        """The code that a person comes back with."""
        return self.browser.answer(self.address(**changes))["code"]

    def exchange(self, code: str, **changes: str) -> tuple[int, Any]:
        """What comes of a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
        }
        return self.post("/token", **(form | changes))

    def tokens(self) -> Any:
        """What a whole sign-in gives."""
        status, found = self.exchange(self.code())
        assert status == 200
        return found

    def renew(self, token: str, **more: str) -> tuple[int, Any]:
        """What comes of a refresh token."""
        return self.post("/token", grant_type="refresh_token", refresh_token=token, **more)

    def is_active(self, token: str) -> bool:
        """What the server says of an access token over the wire."""
        found = self.post("/introspect", token=token)[1]["active"]
        assert isinstance(found, bool)
        return found


@pytest.fixture
def application(
    inboxlink_world: World,
    inboxlink_authorization: AuthorizationServer,
    inboxlink_browser: Browser,
) -> Application:
    return Application(inboxlink_world, inboxlink_authorization, inboxlink_browser)


def test_a_person_comes_back_with_code_state_and_issuer(application: Application) -> None:
    """The state comes back as it was sent, with a code and the issuer (RFC 9207)."""
    found = application.browser.answer(application.address())
    assert found.keys() == {"code", "state", "iss"}
    assert (found["state"], found["iss"]) == ("s/t?a=t", "https://login.example.test")


def test_a_code_gives_tokens_once_and_its_second_use_ends_them(application: Application) -> None:
    """What a code gave counts no more when the code is used again (RFC 6749 section 4.1.2)."""
    code = application.code()
    status, tokens = application.exchange(code)
    assert (status, tokens["token_type"], tokens["scope"]) == (200, "Bearer", ASKED["scope"])
    assert application.is_active(tokens["access_token"])
    assert application.exchange(code)[1]["error"] == "invalid_grant"
    assert not application.is_active(tokens["access_token"])


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": BACK + "x"},
        {"code": "another"},
    ],
)
def test_a_code_is_good_with_its_verifier_and_address_alone(
    application: Application, changes: dict[str, str]
) -> None:
    """Another verifier or address, or none, is `invalid_grant` and leaves the code as it was."""
    code = application.code()
    status, found = application.exchange(**({"code": code} | changes))
    assert (status, found["error"]) == (400, "invalid_grant")
    assert application.exchange(code)[0] == 200


def test_a_code_ends(application: Application) -> None:
    """A code is `invalid_grant` when its time is over."""
    code = application.code()
    application.server.pass_time(application.server.code_s)
    assert application.exchange(code)[1]["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_scope"),
    ],
)
def test_a_request_that_is_not_as_it_must_be_is_led_back(
    application: Application, changes: dict[str, str], error: str
) -> None:
    """Without S256, a code or a scope the person comes back with an error, state and issuer."""
    found = application.browser.answer(application.address(**changes))
    assert (found["error"], found["state"]) == (error, "s/t?a=t")
    assert "code" not in found


@pytest.mark.parametrize(
    "changes", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.test/"}]
)
def test_nobody_is_led_to_an_address_that_is_not_registered(
    application: Application, changes: dict[str, str]
) -> None:
    """An unknown client or address is told on the spot (RFC 6749 section 4.1.2.1)."""
    with pytest.raises(LookupError, match="not registered"):
        application.browser.authorize(application.address(**changes))


def test_a_registered_address_is_taken_as_it_stands(application: Application) -> None:
    """An https address is compared exactly; its own query stays."""
    back = "https://app.test/back?from=login"
    application.server.clients["site"] = Client("site", "s3cret", (back,))
    led = urlsplit(
        application.browser.authorize(application.address(client_id="site", redirect_uri=back))
    )
    assert (led.netloc, dict(parse_qsl(led.query))["from"]) == ("app.test", "login")


def test_a_no_is_led_back(application: Application) -> None:
    """A person who says no comes back with `access_denied`."""
    application.server.person.denies = True
    assert application.browser.answer(application.address())["error"] == "access_denied"


def test_a_scope_that_is_left_out_is_not_granted(application: Application) -> None:
    """The answer and the introspection name what was granted, and no more."""
    application.server.person.withholds = frozenset({"mail.send"})
    tokens = application.tokens()
    assert tokens["scope"] == "openid mail.read"
    found = application.server.introspect(tokens["access_token"])
    assert found["scope"] == "openid mail.read"
    assert found["username"] == "alice@example.test"


def test_each_refresh_token_is_good_once(application: Application) -> None:
    """A renewal gives another one; the second use of the first ends the grant (RFC 9700)."""
    first = application.tokens()
    status, second = application.renew(first["refresh_token"])
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert application.is_active(second["access_token"])
    assert application.renew(first["refresh_token"])[1]["error"] == "invalid_grant"
    assert not application.is_active(second["access_token"])
    assert application.renew(second["refresh_token"])[1]["error"] == "invalid_grant"


def test_a_renewal_gives_no_more_than_was_granted(application: Application) -> None:
    """Fewer scopes are given, others are `invalid_scope` (RFC 6749 section 6)."""
    first = application.tokens()
    found = application.renew(first["refresh_token"], scope="mail.read admin")[1]
    assert found["error"] == "invalid_scope"
    assert application.renew(first["refresh_token"], scope="mail.read")[1]["scope"] == "mail.read"


def test_an_access_token_ends_by_itself_and_the_grant_does_not(application: Application) -> None:
    """After its time it is not active; the refresh token still gives another."""
    tokens = application.tokens()
    application.server.pass_time(application.server.access_s)
    assert not application.is_active(tokens["access_token"])
    assert application.renew(tokens["refresh_token"])[0] == 200


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_all(application: Application, kind: str) -> None:
    """The other one counts no more; an unknown one is 200 too (RFC 7009 section 2.2)."""
    tokens = application.tokens()
    assert application.post("/revoke", token=tokens[kind])[0] == 200
    assert not application.is_active(tokens["access_token"])
    assert application.renew(tokens["refresh_token"])[1]["error"] == "invalid_grant"
    assert application.post("/revoke", token="unknown")[0] == 200


def test_another_client_ends_and_renews_nothing(application: Application) -> None:
    """A token is its client's own (RFC 6749 section 10.4, RFC 7009 section 2.1)."""
    application.server.clients["other"] = Client("other")
    tokens = application.tokens()
    found = application.renew(tokens["refresh_token"], client_id="other")[1]
    assert found["error"] == "invalid_grant"
    application.post("/revoke", token=tokens["refresh_token"], client_id="other")
    assert application.is_active(tokens["access_token"])


@pytest.mark.parametrize("place", ["/token", "/device", "/revoke", "/introspect"])
def test_a_client_must_prove_itself(application: Application, place: str) -> None:
    """An unknown one, and one with a wrong secret, is 401 `invalid_client`."""
    application.server.clients["site"] = Client("site", "s3cret")
    for given in ({"client_id": "nobody"}, {"client_id": "site", "client_secret": "x"}):
        status, found = application.post(place, **given)
        assert (status, found["error"]) == (401, "invalid_client")


def test_a_secret_comes_by_the_header_or_the_form(application: Application) -> None:
    """Both ways of RFC 6749 section 2.3.1 prove a client."""
    application.server.clients["si te"] = Client("si te", "s3:cret")
    given = base64.b64encode(b"si+te:s3%3Acret").decode()
    kind = "application/x-www-form-urlencoded"
    body = urlencode({"scope": "mail.read"})
    headers = {"Authorization": f"Basic {given}", "Content-Type": kind}
    assert application.ask("POST", "/device", body, **headers)[0] == 200
    form = {"client_id": "si te", "client_secret": "s3:cret", "scope": "mail.read"}
    assert application.post("/device", **form)[0] == 200


def test_the_id_token_is_signed_and_of_this_sign_in(application: Application) -> None:
    """PyJWT verifies it by the published key, for this client; the nonce is the one sent."""
    tokens = application.tokens()
    keys = jwt.PyJWKSet.from_dict(application.ask("GET", "/jwks")[1])
    key = keys[jwt.get_unverified_header(tokens["id_token"])["kid"]]
    claims = jwt.decode(
        tokens["id_token"],
        key,
        algorithms=["RS256"],
        audience="inboxlink-test",
        issuer="https://login.example.test",
    )
    assert (claims["sub"], claims["email"]) == ("subject-1", "alice@example.test")
    assert claims["nonce"] == "once"


def test_a_device_waits_until_the_person_typed_the_code(application: Application) -> None:
    """Pending, then tokens, then nothing more (RFC 8628 section 3.5)."""
    server = application.server
    server.pending = 1
    code = application.post("/device", scope="mail.read")[1]["device_code"]
    form = {"grant_type": DEVICE_GRANT, "device_code": code}
    server.pass_time(1)
    assert application.post("/token", **form)[1]["error"] == "authorization_pending"
    server.pass_time(1)
    status, tokens = application.post("/token", **form)
    assert (status, tokens["scope"]) == (200, "mail.read")
    server.pass_time(1)
    assert application.post("/token", **form)[1]["error"] == "invalid_grant"


def test_a_device_that_hurries_is_slowed_down(application: Application) -> None:
    """Asking too early is `slow_down`, and from then on five seconds more are too early."""
    server = application.server
    server.pending = 0
    code = application.post("/device", scope="mail.read")[1]["device_code"]
    form = {"grant_type": DEVICE_GRANT, "device_code": code}
    assert application.post("/token", **form)[1]["error"] == "slow_down"
    server.pass_time(2)
    assert application.post("/token", **form)[1]["error"] == "slow_down"
    server.pass_time(11)
    assert application.post("/token", **form)[0] == 200


def test_a_device_is_told_a_no_and_the_end(application: Application) -> None:
    """`access_denied` where the person said no, `expired_token` where nobody said anything."""
    server = application.server
    codes = [application.post("/device", scope="x")[1]["device_code"] for _ in range(2)]
    server.person.denies, server.pending = True, 0
    server.pass_time(1)
    denied = application.post("/token", grant_type=DEVICE_GRANT, device_code=codes[0])
    assert denied[1]["error"] == "access_denied"
    server.pass_time(server.device_s)
    ended = application.post("/token", grant_type=DEVICE_GRANT, device_code=codes[1])
    assert ended[1]["error"] == "expired_token"


def test_what_it_says_of_itself_is_so(application: Application) -> None:
    """The metadata (RFC 8414) names this issuer, and places that are there."""
    for place in ("oauth-authorization-server", "openid-configuration"):
        status, found, _ = application.ask("GET", f"/.well-known/{place}")
        assert (status, found["issuer"]) == (200, "https://login.example.test")
        places = [found[name] for name in found if name.endswith(("_endpoint", "_uri"))]
        assert len(places) == 6
        for each in places:
            method = "GET" if each.endswith(("jwks", "authorize")) else "POST"
            assert application.ask(method, urlsplit(each).path)[0] != 404
    assert application.ask("GET", "/elsewhere")[0] == 404


def test_tokens_are_not_to_be_cached(application: Application) -> None:
    """What holds a token, or says why there is none, is `no-store` (RFC 6749 section 5.1)."""
    form = {"grant_type": "authorization_code", "code": "x", "client_id": "inboxlink-test"}
    headers = application.ask("POST", "/token", urlencode(form))[2]
    assert headers["Cache-Control"] == "no-store"


def test_all_that_was_given_out_is_known(application: Application) -> None:
    """A test can look for every code and token where none may stand."""
    tokens = application.tokens()
    issued = application.server.issued
    assert {tokens["access_token"], tokens["refresh_token"]} < set(issued)
    assert len(issued) == 3


def test_it_does_wrong_as_it_is_told(application: Application) -> None:
    """Faults stand before each place as often as was said, and then the server is itself again."""
    server = application.server
    server.faults.at_token(busy(3), times=1)
    server.faults.at_token(unavailable(), grant_type="refresh_token", times=1)
    server.faults.at_token(changed(scope=None), grant_type="refresh_token")
    server.faults.at_authorization(redirected_with(iss="https://evil.test"), times=1)
    assert application.browser.answer(application.address())["iss"] == "https://evil.test"
    code = application.code()
    body = urlencode({"grant_type": "authorization_code"})
    status, _, headers = application.ask("POST", "/token", body)
    assert (status, headers["Retry-After"]) == (429, "3")
    tokens = application.exchange(code)[1]
    assert application.renew(tokens["refresh_token"])[0] == 503
    assert "scope" not in application.renew(tokens["refresh_token"])[1]


def test_the_person_can_take_it_back_at_the_provider(application: Application) -> None:
    """After that neither token counts."""
    tokens = application.tokens()
    application.server.end_grants()
    assert not application.is_active(tokens["access_token"])
    assert application.renew(tokens["refresh_token"])[1]["error"] == "invalid_grant"
