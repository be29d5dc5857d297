"""Google's accounts: an authorization server at Google's addresses, that answers as Google does.

What is put in Google's way, after https://developers.google.com/identity/protocols/oauth2 and its
pages "web-server", "native-app" and "openid-connect":

- The endpoints lie on several hosts.
- A refresh token comes with `access_type=offline`, once for each consent, and is not rotated.
- The person can leave out any scope but those of signing in.
- A token's scopes name `email` and `profile` by their long names.
- `/revoke` wants no client; it ends refresh token and access token at once.
- A desktop app comes back to any port and path of loopback.

It is stricter than Google in that PKCE is not optional.
"""

from collections.abc import Sequence
from typing import Any

from inboxlink.testing.peers.web import Answer, Request, json_answer
from peers.certificates import Authority
from peers.oauth.authorization import AS_JSON, Account, AuthorizationServer, Client, Settings
from peers.oauth.forward import forward

__all__ = ["DESKTOP", "GMAIL", "ISSUER", "WEB", "WHOLE_MAILBOX", "GoogleAccounts"]

ISSUER = "https://accounts.google.com"
#: What the names of Gmail's scopes begin with.
GMAIL = "https://www.googleapis.com/auth/gmail."
WHOLE_MAILBOX = "https://mail.google.com/"

DESKTOP = Client(
    "1234567890-desktop.apps.googleusercontent.com",
    ("http://127.0.0.1", "http://localhost"),
    secret="GOCSPX-desktop-of-the-loopback",
)
WEB = Client(
    "1234567890-web.apps.googleusercontent.com",
    ("https://app.example.test/oauth/gmail",),
    secret="GOCSPX-web-of-the-loopback",
    is_native=False,
)

_LONG_NAMES = {
    "email": "https://www.googleapis.com/auth/userinfo.email",
    "profile": "https://www.googleapis.com/auth/userinfo.profile",
}
_OF_SIGNING_IN = ("openid", *_LONG_NAMES, *_LONG_NAMES.values())
_SCOPES = (
    *_OF_SIGNING_IN,
    WHOLE_MAILBOX,
    *(
        GMAIL + name
        for name in (
            "readonly",
            "send",
            "modify",
            "compose",
            "insert",
            "labels",
            "metadata",
            "settings.basic",
            "settings.sharing",
        )
    ),
)
_ROUTES = {
    "authorization": "/o/oauth2/v2/auth",
    "token": "/token",
    "revocation": "/revoke",
    "jwks": "/oauth2/v3/certs",
    "userinfo": "/v1/userinfo",
    "introspection": "/introspection",
}
_ACCOUNTS, _OAUTH2 = "accounts.google.com", "oauth2.googleapis.com"
_OPENID, _WWW = "openidconnect.googleapis.com", "www.googleapis.com"
_REVOKED = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}


class GoogleAccounts(AuthorizationServer):
    """See the module."""

    hosts = (_ACCOUNTS, _OAUTH2, _OPENID, _WWW)

    def __init__(
        self,
        authority: Authority,
        accounts: Sequence[Account],
        clients: Sequence[Client] = (DESKTOP, WEB),
    ) -> None:
        super().__init__(authority, accounts, clients, Settings(rotates=False))

    def _setup(self) -> dict[str, Any]:
        email, profile = ["email", "email_verified", "hd"], ["name"]
        return {
            **self._common_setup(),
            "issuer": ISSUER,
            "routes": _ROUTES,
            "scopes": _SCOPES,
            "claims": {
                "openid": ["sub"],
                "email": email,
                _LONG_NAMES["email"]: email,
                "profile": profile,
                _LONG_NAMES["profile"]: profile,
            },
            "always_granted": _OF_SIGNING_IN,
            "is_consent_granular": True,
            "is_offline_by_access_type": True,
            "is_any_loopback_path": True,
        }

    def _claims(self, account: Account) -> dict[str, Any]:
        return {
            "login": account.login,
            "sub": account.sub,
            "email": account.email,
            "email_verified": account.is_email_verified,
            "name": account.name,
            **_organisation(account),
        }

    def _answer(self, request: Request) -> Answer:
        host, path = request.host, request.path
        if host == _ACCOUNTS and path == "/.well-known/openid-configuration":
            return self.faults.apply("metadata", request, lambda: self._metadata(request))
        if host == _ACCOUNTS and path in ("/o/oauth2/v2/auth", "/o/oauth2/auth"):
            self._authorize(request, Answer(200))
            return self._page(request, "/o/oauth2/v2/auth")
        if host == _ACCOUNTS and path.startswith(("/o/oauth2/v2/auth/", "/interaction/")):
            return self._page(request, path)
        if host == _OAUTH2 and path == "/token" and request.method == "POST":
            answer = self.faults.apply("token", request, lambda: self._token(request))
            self._log_token(request, answer)
            return answer
        if host == _OAUTH2 and path == "/revoke":
            return self.faults.apply("revocation", request, lambda: self._revoke(request))
        if (host, path) in ((_OPENID, "/v1/userinfo"), (_WWW, "/oauth2/v3/certs")):
            return self.faults.apply("metadata", request, lambda: forward(self.port, request))
        return Answer(404)

    def _page(self, request: Request, path: str) -> Answer:
        return self.faults.apply(
            "authorization", request, lambda: forward(self.port, request, path)
        )

    def _metadata(self, request: Request) -> Answer:
        said = forward(self.port, request).json
        for name in ("introspection_endpoint", "pushed_authorization_request_endpoint"):
            said.pop(name, None)
        places = {
            "authorization_endpoint": f"https://{_ACCOUNTS}/o/oauth2/v2/auth",
            "token_endpoint": f"https://{_OAUTH2}/token",
            "revocation_endpoint": f"https://{_OAUTH2}/revoke",
            "userinfo_endpoint": f"https://{_OPENID}/v1/userinfo",
            "jwks_uri": f"https://{_WWW}/oauth2/v3/certs",
        }
        said.pop("device_authorization_endpoint", None)
        return json_answer(200, {**said, **places})

    def _token(self, request: Request) -> Answer:
        answer = forward(self.port, request, headers=AS_JSON)
        content = answer.json
        if "scope" in content:
            names = [_LONG_NAMES.get(name, name) for name in content["scope"].split()]
            return json_answer(answer.status, {**content, "scope": " ".join(names)})
        if content.get("error") == "invalid_grant":
            is_refresh = request.form.get("grant_type") == "refresh_token"
            malformed = {"error": "invalid_grant", "error_description": "Malformed auth code."}
            return json_answer(400, _REVOKED if is_refresh else malformed)
        return answer

    def _revoke(self, request: Request) -> Answer:
        token = request.form.get("token") or request.parameters.get("token") or ""
        found = self.introspect(token)
        if not found["active"]:
            said = {"error": "invalid_token", "error_description": "Token expired or revoked"}
            return json_answer(400, said)
        (client,) = (each for each in self.clients if each.client_id == found["client_id"])
        done = self._post("/revoke", {"token": token}, (client.client_id, client.secret or ""))
        assert done.status == 200, done
        return json_answer(200, {})


def _organisation(account: Account) -> dict[str, str]:
    # Of an account of Workspace; an address that others keep has none.
    domain = (account.email or "").rpartition("@")[2]
    is_consumer = domain in ("gmail.com", "googlemail.com")
    return {"hd": domain} if account.is_email_verified and domain and not is_consumer else {}
