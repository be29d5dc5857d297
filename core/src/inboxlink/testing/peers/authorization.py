"""An authorization server of ours, for signing in without anybody's account.

Written to RFC 6749 (the code grant and renewal), RFC 7636 (PKCE, S256 alone), RFC 8252 section 7.3
(loopback addresses at any port), RFC 9207 (`iss`), RFC 8628 (the device grant), RFC 9700 (each
refresh token is good once), RFC 7009 (revocation), RFC 7662 (introspection), RFC 8414 (metadata)
and OpenID Connect Core 1.0 (the ID token, signed by RS256). It stands for no provider: what yours
does differently, a fault or your own test must show. Its person answers at once.
"""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from inboxlink.testing.peers.certificates import Certificate
from inboxlink.testing.peers.faults import Faults
from inboxlink.testing.peers.grants import Asked, Grant, Grants, Person, Refused
from inboxlink.testing.peers.id_tokens import Signer, base64url
from inboxlink.testing.peers.metadata import DEVICE_GRANT, metadata
from inboxlink.testing.peers.web import Answer, Request, WebServer, json_answer

__all__ = ["AuthorizationServer", "Client", "Person"]

_Act = Callable[[Request], Answer]

#: RFC 8628 section 6.1: twenty letters without vowels, so that no word comes of them.
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True)
class Client:
    """A registered application.

    Args:
        id: What it calls itself.
        secret: None = it is a public client.
        redirect_uris: Compared exactly; addresses of this machine are taken at any port and path.
    """

    id: str = "inboxlink-test"
    secret: str | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()


class AuthorizationServer:
    """Serves https under one name, as a context.

    Args:
        certificate: For its name.
        host: Its name.
        clients: Who is registered.

    Attributes:
        person: Who signs in, and what they say.
        pending: How many polls of a device find that nobody has signed in yet.
        code_s: Seconds that a code lives.
        access_s: Seconds that an access token lives.
        device_s: Seconds that a device code lives.
        device_interval_s: Seconds between two polls of a device.
        faults: What it does wrong.
        asked: The path of each request, in order.
    """

    def __init__(
        self, certificate: Certificate, host: str, clients: tuple[Client, ...] = (Client(),)
    ) -> None:
        self.host = host
        self.issuer = f"https://{host}"
        self.clients = {client.id: client for client in clients}
        self.person = Person()
        self.pending = 1
        self.code_s, self.access_s, self.device_s = 60.0, 3600.0, 60.0
        self.device_interval_s = 1
        self.faults = Faults()
        self.asked: list[str] = []
        self._later_s = 0.0
        self._signer = Signer()
        self._lock = threading.Lock()
        self._grants = Grants(self._now)
        self._web = WebServer(certificate, self._answer)
        self.port = self._web.port

    def __enter__(self) -> "AuthorizationServer":
        self._web.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._web.__exit__(kind, error, trace)

    @property
    def issued(self) -> tuple[str, ...]:
        """Every code and token that was given out: what must show nowhere."""
        with self._lock:
            return tuple(self._grants.issued)

    def pass_time(self, seconds: float) -> None:
        """Let its clock be that much later from now on."""
        self._later_s += seconds

    def end_grants(self) -> None:
        """The person takes every access back at the provider."""
        with self._lock:
            for grant in self._grants.all:
                grant.is_over = True

    def introspect(self, token: str) -> dict[str, Any]:
        """What an access token is good for (RFC 7662 section 2.2): for an API of a test's own.

        Returns:
            `active`, and where it is true `sub`, `username`, `client_id` and `scope`.
        """
        with self._lock:
            return self._facts(token)

    def _facts(self, token: str) -> dict[str, Any]:
        grant = self._grants.of_access(token)
        if grant is None:
            return {"active": False}
        return {
            "active": True,
            "sub": grant.person.subject,
            "username": grant.person.address,
            "client_id": grant.client,
            "scope": " ".join(grant.scopes),
        }

    def _now(self) -> float:
        return time.time() + self._later_s

    def _answer(self, request: Request) -> Answer:
        self.asked.append(request.path)
        places: dict[tuple[str, str], tuple[str, _Act]] = {
            ("GET", "/authorize"): ("authorization", self._authorize),
            ("POST", "/token"): ("token", self._token),
            ("POST", "/device"): ("device", self._device),
            ("POST", "/revoke"): ("revocation", self._revoke),
            ("POST", "/introspect"): ("introspection", self._introspect),
            ("GET", "/jwks"): ("metadata", lambda _: json_answer(200, self._signer.keys)),
            ("GET", "/.well-known/oauth-authorization-server"): ("metadata", self._described),
            ("GET", "/.well-known/openid-configuration"): ("metadata", self._described),
        }
        where, act = places.get((request.method, request.path), ("", lambda _: Answer(404)))
        return self.faults.apply(where, request, lambda: self._acted(act, request))

    def _acted(self, act: _Act, request: Request) -> Answer:
        try:
            with self._lock:
                return act(request)
        except Refused as no:
            # RFC 6749 section 5.1 and 5.2: no-store, and a challenge where a client was refused.
            extra = {"WWW_Authenticate": 'Basic realm="token"'} if no.status == 401 else {}
            said = {"error": no.error, "error_description": no.description or no.error}
            return json_answer(no.status, said, Cache_Control="no-store", **extra)

    # --- where the browser goes -----------------------------------------------------------------

    def _authorize(self, request: Request) -> Answer:
        query = request.parameters
        client = self.clients.get(query.get("client_id", ""))
        back = query.get("redirect_uri", "")
        if client is None or not (_is_loopback(back) or back in client.redirect_uris):
            # Never led to an address that nobody registered (RFC 6749 section 4.1.2.1).
            return Answer(400, b"<p>This application, or its address, is not registered.</p>")
        answer = {"iss": self.issuer}
        if "state" in query:
            answer["state"] = query["state"]
        error = self._objection(query)
        if error is not None:
            answer["error"] = error
        else:
            asked = Asked(
                client.id,
                tuple(query["scope"].split()),
                query["code_challenge"],
                back,
                query.get("nonce"),
            )
            answer["code"] = self._grants.code(asked, self.person, self.code_s)
        joint = "&" if urlsplit(back).query else "?"
        return Answer(303, headers=(("Location", f"{back}{joint}{urlencode(answer)}"),))

    def _objection(self, query: dict[str, str]) -> str | None:
        if query.get("response_type") != "code":
            return "unsupported_response_type"
        if (
            query.get("code_challenge_method") != "S256"
            or len(query.get("code_challenge", "")) != 43
        ):
            return "invalid_request"
        if not query.get("scope"):
            return "invalid_scope"
        return "access_denied" if self.person.denies else None

    # --- where applications go ------------------------------------------------------------------

    def _token(self, request: Request) -> Answer:
        client, form = self._known(request), request.form
        kind = form.get("grant_type")
        if kind == "authorization_code":
            asked, grant = self._by_code(client, form)
        elif kind == "refresh_token":
            return self._renewed(client, form)
        elif kind == DEVICE_GRANT:
            code = form.get("device_code", "")
            asked, grant = self._grants.poll(code, client.id, self._who_typed)
        else:
            raise Refused("unsupported_grant_type")
        return self._granted(grant, asked)

    def _by_code(self, client: Client, form: dict[str, str]) -> tuple[Asked, Grant]:
        found, give = self._grants.redeem(form.get("code", ""), client.id)
        verifier = form.get("code_verifier", "")
        challenge = base64url(hashlib.sha256(verifier.encode()).digest())
        if found.asked.challenge != challenge:
            raise Refused("invalid_grant", "the verifier is not that of the challenge")
        if found.asked.redirect_uri != form.get("redirect_uri"):
            raise Refused("invalid_grant", "the code was asked for another address")
        return found.asked, give()

    def _renewed(self, client: Client, form: dict[str, str]) -> Answer:
        grant = self._grants.renew(form.get("refresh_token", ""), client.id)
        scopes = tuple(form.get("scope", "").split()) or grant.scopes
        if not set(scopes) <= set(grant.scopes):
            raise Refused("invalid_scope", "more than was granted")
        tokens = self._grants.tokens(grant, self.access_s, scopes)
        return json_answer(200, tokens, Cache_Control="no-store")

    def _who_typed(self) -> Person | None:
        if self.pending > 0:
            self.pending -= 1
            return None
        return self.person

    def _granted(self, grant: Grant, asked: Asked) -> Answer:
        tokens = self._grants.tokens(grant, self.access_s)
        if "openid" in grant.scopes:
            now = int(self._now())
            claims = {
                "iss": self.issuer,
                "sub": grant.person.subject,
                "aud": grant.client,
                "iat": now,
                "exp": now + 3600,
                "email": grant.person.address,
                "email_verified": True,
            }
            nonce = {} if asked.nonce is None else {"nonce": asked.nonce}
            tokens["id_token"] = self._signer.sign(claims | nonce)
        return json_answer(200, tokens, Cache_Control="no-store")

    def _device(self, request: Request) -> Answer:
        client = self._known(request)
        scopes = tuple(request.form.get("scope", "").split())
        if not scopes:
            raise Refused("invalid_scope")
        asked = Asked(client.id, scopes)
        code = self._grants.device(asked, self.device_s, self.device_interval_s)
        typed = "".join(secrets.choice(_LETTERS) for _ in range(8))
        address = f"{self.issuer}/device"
        said = {
            "device_code": code,
            "user_code": f"{typed[:4]}-{typed[4:]}",
            "verification_uri": address,
            "verification_uri_complete": f"{address}?user_code={typed[:4]}-{typed[4:]}",
            "expires_in": int(self.device_s),
            "interval": self.device_interval_s,
        }
        return json_answer(200, said, Cache_Control="no-store")

    def _revoke(self, request: Request) -> Answer:
        client = self._known(request)
        self._grants.end(request.form.get("token", ""), client.id)
        return Answer(200)  # of an unknown token too (RFC 7009 section 2.2)

    def _introspect(self, request: Request) -> Answer:
        self._known(request)
        return json_answer(200, self._facts(request.form.get("token", "")))

    def _described(self, _: Request) -> Answer:
        return json_answer(200, metadata(self.issuer))

    def _known(self, request: Request) -> Client:
        """The client that asks, its secret compared (RFC 6749 section 2.3.1)."""
        form = request.form
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            pair = base64.b64decode(given).decode().partition(":")
            name, secret = unquote_plus(pair[0]), unquote_plus(pair[2])
        client = self.clients.get(name)
        wanted = "" if client is None else client.secret or ""
        if client is None or not hmac.compare_digest(secret.encode(), wanted.encode()):
            raise Refused("invalid_client", status=401)
        return client


def _is_loopback(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
