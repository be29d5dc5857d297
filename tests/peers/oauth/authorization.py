"""An authorization server: oidc-provider, certified for OpenID Connect, at a provider's addresses.

oidc-provider makes and checks what is between the parties: codes, PKCE, grants, tokens, rotation,
devices, revocation, introspection. Ours are the pages of its person, the addresses, and the
provider's own way to put what it says, which `google` and `microsoft` name.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from http.client import HTTPConnection
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

from inboxlink.testing.peers.faults import Fault, Faults
from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.web import Answer, Request, WebServer, json_answer
from peers.certificates import Authority
from peers.oauth.node import NodeProcess

__all__ = ["AS_JSON", "Account", "AuthorizationServer", "Client", "Settings", "TokenCall"]

#: The providers answer programs in JSON whatever they accept; oidc-provider would make a page.
AS_JSON = {"Accept": "application/json"}
RESOURCE_SERVER = ("resource-server", "secret of the resource server")


@dataclass(frozen=True)
class Account:
    """A person who can sign in.

    Attributes:
        login: What is typed to sign in; Microsoft's `preferred_username`.
        sub: Who it is.
        email: Claimed in the id_token; None = not claimed.
        is_email_verified: Google's `email_verified`.
        oid: Microsoft's `oid`: who it is, the same for each application.
        tenant: Microsoft's `tid`; None = the server's own.
        mailbox: Whose mailbox the API opens; None = of `login`.
    """

    login: str
    sub: str
    email: str | None = None
    is_email_verified: bool = True
    name: str = ""
    oid: str = ""
    tenant: str | None = None
    mailbox: str | None = None


@dataclass(frozen=True)
class Client:
    """An application that is registered; without a secret and keys it is a public one."""

    client_id: str
    redirect_uris: tuple[str, ...]
    secret: str | None = None
    is_native: bool = True
    can_use_devices: bool = False
    keys: tuple[Mapping[str, Any], ...] = ()
    name: str = "Acme CRM"

    def registration(self) -> dict[str, Any]:
        """Its metadata (RFC 7591 section 2)."""
        grants = ["authorization_code", "refresh_token"]
        if self.can_use_devices:
            grants.append("urn:ietf:params:oauth:grant-type:device_code")
        method = (
            "client_secret_basic" if self.secret else "private_key_jwt" if self.keys else "none"
        )
        return {
            "client_id": self.client_id,
            "client_name": self.name,
            "application_type": "native" if self.is_native else "web",
            "redirect_uris": list(self.redirect_uris),
            "grant_types": grants,
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            **({"client_secret": self.secret} if self.secret else {}),
            **({"jwks": {"keys": list(self.keys)}} if self.keys else {}),
        }


@dataclass(frozen=True)
class Settings:
    """What can be changed while it runs.

    Attributes:
        access_token_s: How long an access token is good.
        device_code_s: How long a person has to sign in for a device.
        rotates: Whether a refresh token is replaced when it is used.
    """

    access_token_s: int = 3600
    device_code_s: int = 600
    rotates: bool = False


@dataclass(frozen=True)
class TokenCall:
    """One request at the token endpoint, and how it ended. Nothing secret of it is kept.

    Attributes:
        has_verifier: Whether there was a `code_verifier`.
        has_secret: Whether the client proved who it is.
        scopes: What was asked for.
        error: The answer's; None = none.
    """

    grant_type: str
    client_id: str
    has_verifier: bool
    has_secret: bool
    scopes: frozenset[str]
    status: int
    error: str | None


class AuthorizationServer:
    """The part that is the same for each provider.

    Args:
        authority: Signs its certificate.
        accounts: Who can sign in.
        clients: Which applications are registered.
        settings: What it begins with, and goes back to by `reset`.

    Attributes:
        faults: What it does wrong.
        authorizations: The parameters of each authorization request, without `state`, `nonce` and
            the challenge.
        hosts: The names under which it answers.
    """

    hosts: tuple[str, ...] = ()

    def __init__(
        self,
        authority: Authority,
        accounts: Sequence[Account],
        clients: Sequence[Client],
        settings: Settings,
    ) -> None:
        self.faults = Faults()
        self.accounts = tuple(accounts)
        self.clients = tuple(clients)
        self.authorizations: list[dict[str, str]] = []
        self._calls: list[TokenCall] = []
        self._initial = self._settings = settings
        self._key = _signing_key()
        self._node = NodeProcess("server.mjs", first_line=json.dumps(self._setup()))
        self.ca_file = authority.ca_file
        self._front = WebServer(authority.issue(*self.hosts), self._answer)

    def start(self) -> None:
        """Begin to start, so that others can meanwhile."""
        self._node.start()

    def __enter__(self) -> "AuthorizationServer":
        self._node.__enter__()
        self._front.__enter__()
        self._control(people=[self._claims(each) for each in self.accounts])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._front.__exit__(kind, error, trace)
        self._node.__exit__(kind, error, trace)

    @property
    def connect(self) -> dict[str, str]:
        """`[network] connect` for its names."""
        return {f"{host}:443": f"{LOOPBACK}:{self._front.port}" for host in self.hosts}

    @property
    def port(self) -> int:
        """Of the server itself, in plain http: for what stands beside the front."""
        return self._node.port

    @property
    def introspection(self) -> str:
        """Where a mail server asks what a token is good for, with its own name and secret."""
        client, secret = map(quote, RESOURCE_SERVER)
        return f"http://{client}:{secret}@{LOOPBACK}:{self.port}/introspection"

    @property
    def settings(self) -> Settings:
        """As they are now."""
        return self._settings

    def change(self, **settings: Any) -> None:
        """Other `Settings`, for what is issued from now on."""
        self._settings = replace(self._settings, **settings)
        self._control(settings=asdict(self._settings))

    def token_calls(self, grant_type: str | None = None) -> list[TokenCall]:
        """The requests at the token endpoint, of one kind or all, in order."""
        return [each for each in self._calls if grant_type in (None, each.grant_type)]

    def introspect(self, token: str) -> dict[str, Any]:
        """What a token is good for (RFC 7662), as a resource server asks."""
        answer = self._post("/introspection", {"token": token}, RESOURCE_SERVER)
        assert answer.status == 200, answer
        return dict(answer.json)

    def end_grants(self, account: Account) -> None:
        """Take back what a person ever granted, as on their account page, or an administrator."""
        self._control(end_grants_of=account.sub)

    def account(self, login: str) -> Account:
        """Who signs in by this."""
        (found,) = (each for each in self.accounts if each.login == login)
        return found

    def reset(self) -> None:
        """Forget what a test changed and what was logged; what was granted stays."""
        self.faults.clear()
        self.authorizations.clear()
        self._calls.clear()
        if self._settings != self._initial:
            self.change(**asdict(self._initial))

    def id_token_with(self, **claims: Any) -> Fault:
        """A fault for `faults.at_token`: a well signed id_token that says something else."""

        def fault(_: Request, proceed: Any) -> Answer:
            return self._with_claims(proceed(), claims)

        return fault

    # What a provider decides.

    def _setup(self) -> dict[str, Any]:
        """The configuration for server.mjs."""
        raise NotImplementedError

    def _claims(self, account: Account) -> dict[str, Any]:
        """What the id_token says of a person."""
        raise NotImplementedError

    def _answer(self, request: Request) -> Answer:
        """Route a request and put the answer as the provider does."""
        raise NotImplementedError

    # What they share.

    def _common_setup(self) -> dict[str, Any]:
        client_id, secret = RESOURCE_SERVER
        itself = {
            "client_id": client_id,
            "client_secret": secret,
            "grant_types": [],
            "response_types": [],
            "redirect_uris": [],
        }
        return {
            "clients": [*(each.registration() for each in self.clients), itself],
            "jwks": {"keys": [self._key]},
            "settings": asdict(self._settings),
        }

    def _authorize(self, request: Request, answer: Answer) -> Answer:
        kept = {"state", "nonce", "code_challenge"}
        self.authorizations.append(
            {name: value for name, value in request.parameters.items() if name not in kept}
        )
        return answer

    def _log_token(self, request: Request, answer: Answer) -> None:
        form = request.form
        content = answer.json if isinstance(answer.json, dict) else {}
        self._calls.append(
            TokenCall(
                grant_type=form.get("grant_type", ""),
                client_id=form.get("client_id") or _basic_user(request),
                has_verifier=bool(form.get("code_verifier")),
                has_secret=bool(
                    form.get("client_secret")
                    or form.get("client_assertion")
                    or "Authorization" in request.headers
                ),
                scopes=frozenset(form.get("scope", "").split()),
                status=answer.status,
                error=content.get("error"),
            )
        )

    def _with_claims(self, answer: Answer, claims: Mapping[str, Any]) -> Answer:
        content = answer.json
        if answer.status != 200 or not isinstance(content, dict) or "id_token" not in content:
            return answer
        import jwt

        said = jwt.decode(content["id_token"], options={"verify_signature": False})
        merged = {name: value for name, value in {**said, **claims}.items() if value is not None}
        key = jwt.PyJWK(self._key)
        signed = jwt.encode(merged, key.key, algorithm="RS256", headers={"kid": self._key["kid"]})
        return json_answer(200, {**content, "id_token": signed})

    def _control(self, **order: Any) -> None:
        answer = self._exchange("/control", json.dumps(order), {})
        assert answer.status == 204, answer

    def _post(
        self, path: str, fields: Mapping[str, str], client: tuple[str, str] | None = None
    ) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if client is not None:
            pair = ":".join(urlencode({"": part})[1:] for part in client)
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return self._exchange(path, urlencode(fields), headers)

    def _exchange(self, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        connection = HTTPConnection(LOOPBACK, self._node.port, timeout=20)
        try:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.getheaders())
        finally:
            connection.close()


def _basic_user(request: Request) -> str:
    scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    return base64.b64decode(pair).decode().partition(":")[0]


def _signing_key() -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from jwt.algorithms import RSAAlgorithm

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {**RSAAlgorithm.to_jwk(key, as_dict=True), "kid": "loopback", "use": "sig"}
