"""Entra ID: an authorization server at Microsoft's addresses, that answers as Microsoft does.

What is put in Microsoft's way, after https://learn.microsoft.com/entra/identity-platform/ and its
pages "v2-oauth2-auth-code-flow" and "v2-oauth2-device-code" (as of 2024-04, read 2026-11-26):

- Each address begins with a tenant: its id or domain, or `common`, `organizations`, `consumers`.
  The issuer that `common` names has `{tenantid}` in it; the id_token's has the person's own.
- A refresh token comes with `offline_access`, which a token's scopes do not name; another one comes
  with each refresh.
- Errors carry an AADSTS code. There is no revocation endpoint, and no `iss` beside the code.
- A device is sent to https://microsoft.com/devicelogin.
- Scopes of Graph may stand with or without the address of Graph before them.

It is stricter than Microsoft, which leaves a used refresh token good and expects that it is thrown
away: here it is refused and ends the grant (RFC 9700 section 4.14.2), so that a client which keeps
the old one is found. Nor does Microsoft insist on PKCE. And consent is asked for each time that
`offline_access` is, because oidc-provider drops it otherwise (OpenID Connect Core section 11).
"""

import re
from collections.abc import Sequence
from typing import Any

from inboxlink.testing.peers.web import Answer, Request, json_answer
from peers.certificates import Authority, Certificate
from peers.oauth.authorization import AS_JSON, Account, AuthorizationServer, Client, Settings
from peers.oauth.forward import forward
from peers.oauth.microsoft_answers import aadsts, sts_error

__all__ = ["CONSUMERS", "PUBLIC", "TENANT", "WEB", "EntraId", "certified"]

TENANT = "7a1f2b3c-0000-4000-8000-00000000acac"
#: The tenant of personal accounts.
CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
_DOMAIN = "example.test"

PUBLIC = Client(
    "00001111-aaaa-4222-8bbb-3333cccc4444",
    ("http://localhost", "http://localhost/oauth/outlook"),
    can_use_devices=True,
)
WEB = Client(
    "11112222-bbbb-4333-8ccc-4444dddd5555",
    ("https://app.example.test/oauth/outlook",),
    secret="web-secret-of-the-loopback",
    is_native=False,
)

_GRAPH = "https://graph.microsoft.com/"
_OUTLOOK = "https://outlook.office.com/"
_OF_SIGNING_IN = ("openid", "profile", "email", "offline_access")
_OF_GRAPH = (
    "User.Read",
    "Mail.Read",
    "Mail.ReadBasic",
    "Mail.ReadWrite",
    "Mail.Send",
    "MailboxSettings.Read",
    "MailboxSettings.ReadWrite",
)
_SCOPES = (
    *_OF_SIGNING_IN,
    *_OF_GRAPH,
    *(_GRAPH + name for name in _OF_GRAPH),
    *(_OUTLOOK + name for name in ("IMAP.AccessAsUser.All", "SMTP.Send")),
)
_ROUTES = {
    "authorization": "/oauth2/v2.0/authorize",
    "token": "/oauth2/v2.0/token",
    "device_authorization": "/oauth2/v2.0/devicecode",
    "code_verification": "/oauth2/v2.0/deviceauth",
    "jwks": "/discovery/v2.0/keys",
    "userinfo": "/userinfo",
    "introspection": "/introspection",
    "revocation": "/revocation",
}
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_LOGIN, _DEVICE = "login.microsoftonline.com", "microsoft.com"
_TENANTS = ("common", "organizations", "consumers", TENANT, CONSUMERS, _DOMAIN)


def certified(certificate: Certificate) -> Client:
    """A client that proves who it is by a key, whose certificate was uploaded."""
    from cryptography import x509
    from jwt.algorithms import RSAAlgorithm

    found = x509.load_pem_x509_certificate(certificate.cert.read_bytes())
    key = RSAAlgorithm.to_jwk(found.public_key(), as_dict=True)  # type: ignore[arg-type]
    return Client(
        "22223333-cccc-4444-8ddd-5555eeee6666",
        WEB.redirect_uris,
        is_native=False,
        keys=({**key, "use": "sig"},),
    )


class EntraId(AuthorizationServer):
    """See the module."""

    hosts = (_LOGIN, _DEVICE)
    #: How long a device waits between its questions, which is 5 at Microsoft.
    device_interval_s = 1

    def __init__(
        self,
        authority: Authority,
        accounts: Sequence[Account],
        clients: Sequence[Client] = (PUBLIC, WEB),
    ) -> None:
        super().__init__(authority, accounts, clients, Settings(rotates=True))

    def _setup(self) -> dict[str, Any]:
        return {
            **self._common_setup(),
            "issuer": f"https://{_LOGIN}/{TENANT}/v2.0",
            "routes": _ROUTES,
            "scopes": _SCOPES,
            "claims": {
                "openid": ["sub", "oid", "tid", "ver"],
                "profile": ["name", "preferred_username"],
                "email": ["email"],
            },
            "always_granted": _OF_SIGNING_IN,
            "is_consent_granular": False,
            "is_offline_by_access_type": False,
            "is_any_loopback_path": False,
        }

    def _claims(self, account: Account) -> dict[str, Any]:
        return {
            "login": account.login,
            "sub": account.sub,
            "oid": account.oid,
            "tid": account.tenant or TENANT,
            "ver": "2.0",
            "preferred_username": account.login,
            "email": account.email,
            "name": account.name,
        }

    def _answer(self, request: Request) -> Answer:
        if request.host == _DEVICE and request.path == "/devicelogin":
            there = f"https://{_LOGIN}/common/oauth2/v2.0/deviceauth"
            return Answer(302, headers=[("Location", there)])
        if request.host != _LOGIN:
            return Answer(404)
        if request.path.startswith("/interaction/"):
            return self._page(request, "", request.path)
        _, tenant, *rest = request.path.split("/")
        path = "/" + "/".join(rest)
        if path == "/v2.0/.well-known/openid-configuration":
            return self.faults.apply("metadata", request, lambda: self._metadata(request, tenant))
        if path not in _ROUTES.values() and not re.match(
            r"/oauth2/v2\.0/(authorize|deviceauth)/", path
        ):
            return Answer(404)
        if path in (_ROUTES["introspection"], _ROUTES["revocation"], _ROUTES["userinfo"]):
            return Answer(404)
        if tenant not in _TENANTS:
            return sts_error(aadsts(90002))
        return self._of_tenant(request, f"/{tenant}", path)

    def _of_tenant(self, request: Request, mount: str, path: str) -> Answer:
        if path == _ROUTES["token"]:
            answer = self.faults.apply("token", request, lambda: self._token(request, mount))
            self._log_token(request, answer)
            return answer
        if path == _ROUTES["device_authorization"]:
            return self.faults.apply("device", request, lambda: self._device(request, mount))
        if path == _ROUTES["jwks"]:
            return self.faults.apply("metadata", request, lambda: self._pass(request, mount, path))
        if path == _ROUTES["authorization"]:
            self._authorize(request, Answer(200))
            request = _asking_for_consent(request)
        return self._page(request, mount, path)

    def _pass(self, request: Request, mount: str, path: str) -> Answer:
        headers = {"X-Mounted-At": mount}
        if path in (_ROUTES["token"], _ROUTES["device_authorization"]):
            headers |= AS_JSON
        return forward(self.port, request, path, headers)

    def _page(self, request: Request, mount: str, path: str) -> Answer:
        def proceed() -> Answer:
            return _without_issuer(self._pass(request, mount, path))

        return self.faults.apply("authorization", request, proceed)

    def _metadata(self, request: Request, tenant: str) -> Answer:
        if tenant not in _TENANTS:
            return sts_error(aadsts(90002))
        said = self._pass(request, f"/{tenant}", "/.well-known/openid-configuration").json
        for name in (
            "introspection_endpoint",
            "revocation_endpoint",
            "authorization_response_iss_parameter_supported",
        ):
            said.pop(name, None)
        own = {"common": "{tenantid}", "organizations": "{tenantid}", "consumers": CONSUMERS}
        issued_by = own.get(tenant, TENANT if tenant == _DOMAIN else tenant)
        said["issuer"] = f"https://{_LOGIN}/{issued_by}/v2.0"
        said["userinfo_endpoint"] = f"{_GRAPH}oidc/userinfo"
        return json_answer(200, said)

    def _device(self, request: Request, mount: str) -> Answer:
        answer = self._pass(request, mount, _ROUTES["device_authorization"])
        content = answer.json
        if answer.status != 200:
            return _as_sts(request, answer)
        content.pop("verification_uri_complete")
        content["verification_uri"] = f"https://{_DEVICE}/devicelogin"
        content["interval"] = self.device_interval_s
        content["message"] = (
            f"To sign in, use a web browser to open the page {content['verification_uri']} and"
            f" enter the code {content['user_code']} to authenticate."
        )
        return json_answer(200, content)

    def _token(self, request: Request, mount: str) -> Answer:
        answer = self._pass(request, mount, _ROUTES["token"])
        if answer.status != 200:
            return _as_sts(request, answer)
        content = dict(answer.json)
        kept = [name for name in content["scope"].split() if name != "offline_access"]
        content["scope"] = " ".join(kept)
        content["ext_expires_in"] = content["expires_in"]
        said = json_answer(200, content)
        token = self.introspect(content["access_token"])
        (account,) = (each for each in self.accounts if each.sub == token["sub"])
        if account.tenant is None:
            return said
        return self._with_claims(said, {"iss": f"https://{_LOGIN}/{account.tenant}/v2.0"})


def _asking_for_consent(request: Request) -> Request:
    asked = request.parameters
    prompts = asked.get("prompt", "").split()
    if "offline_access" not in asked.get("scope", "").split() or {"consent", "none"} & set(prompts):
        return request
    return request.asks(**{**asked, "prompt": " ".join([*prompts, "consent"])})


def _without_issuer(answer: Answer) -> Answer:
    """A redirect as Microsoft makes it, and a page that posts itself as well."""
    location = answer.header("Location")
    if location is not None and re.search(r"[?&](code|error)=", location):
        there, _, query = location.partition("?")
        kept = [pair for pair in query.split("&") if not pair.startswith("iss=")]
        headers = [(k, v) for k, v in answer.headers if k.lower() != "location"]
        moved = ("Location", f"{there}?{'&'.join(kept)}")
        return Answer(answer.status, answer.body, [*headers, moved])
    body = re.sub(rb'<input type="hidden" name="iss" value="[^"]*"\s*/?>', b"", answer.body)
    return Answer(answer.status, body, answer.headers)


#: By what oidc-provider says: (grant type or None for any, its error) -> the code.
_CODES = {
    ("authorization_code", "invalid_grant"): 54005,
    ("refresh_token", "invalid_grant"): 50173,
    (_DEVICE_GRANT, "invalid_grant"): 70018,
    (None, "authorization_pending"): 70016,
    (None, "expired_token"): 70020,
    (None, "access_denied"): 65004,
    (None, "invalid_client"): 7000215,
    (None, "invalid_scope"): 70011,
    (None, "unauthorized_client"): 700016,
}

#: What a device hears in place of the standard's word (RFC 8628 section 3.5).
_OF_A_DEVICE = {"access_denied": "authorization_declined", "invalid_grant": "bad_verification_code"}


def _as_sts(request: Request, answer: Answer) -> Answer:
    content = answer.json
    if not isinstance(content, dict) or "error" not in content:
        return answer
    error, grant_type = content["error"], request.form.get("grant_type")
    code = _CODES.get((grant_type, error)) or _CODES.get((None, error)) or 900144
    if grant_type == _DEVICE_GRANT:
        error = _OF_A_DEVICE.get(error, error)
    return sts_error(aadsts(code, error=error))
