"""Sign in by an authorization code, for providers whose makers offer no library of their own.

RFC 6749 section 4.1 with PKCE by S256 (RFC 7636) and a nonce where an ID token is asked for
(OpenID Connect Core 1.0 section 3.1); renewal (RFC 6749 section 6); revocation (RFC 7009). The
core makes and compares `state` and compares the issuer (RFC 9207). Every request goes through
`ctx.http`, to endpoints that are constants of the provider: nothing that a mail server or an
autoconfig file says can move them.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from inboxlink.errors import InboxlinkError, SetupError, problem
from inboxlink.oauth.callback import authorization_problem
from inboxlink.oauth.id_token import claims
from inboxlink.oauth.token_answer import TokenAnswer, json_object, read_tokens, refusal
from inboxlink.types.context import AuthContext, CallContext, HookContext, HttpAnswer

__all__ = ["AuthorizationServer", "Begun", "Client", "CodeFlow", "Tokens"]

_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

#: 256 random bits are 43 characters of base64url (RFC 7636 section 4.1).
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """Where a provider's people sign in; https addresses on port 443.

    Args:
        issuer: What it calls itself, in answers and in ID tokens.
        authorization: Where the browser is sent.
        token: Where codes and refresh tokens are exchanged.
        revocation: Where a grant is ended; None = it has no such place.
        lifetime_s: Seconds that its access tokens live, where an answer does not say
            (RFC 6749 section 5.1 lets a server document it instead).
        issuer_aliases: What its ID tokens may say in place of the issuer.
    """

    issuer: str
    authorization: str
    token: str
    revocation: str | None
    lifetime_s: int
    issuer_aliases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Client:
    """The operator's registration; `secret` None = it is a public client."""

    id: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """An authorization request, and what the answer needs.

    Args:
        url: For `Redirect.url`.
        kept: For `Redirect.state`, which is sealed: verifier and nonce.
    """

    url: str = field(repr=False)
    kept: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What was granted.

    Args:
        access_token: Printable ASCII without spaces.
        refresh_token: None = none was given; on a renewal the earlier one goes on counting.
        scopes: The granted ones.
        expires_at: When the access token ends.
        grant_ends_at: When the refresh token ends by itself; None = it is not said.
        claims: Of the ID token, which is meant for this client and of this sign-in; empty = there
            was none, and whoever needs to know the person must refuse.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: datetime
    grant_ends_at: datetime | None
    claims: Mapping[str, Any] = field(repr=False)


class CodeFlow:
    """One client at one authorization server.

    Args:
        server: Constants of the provider's.
        client: The operator's. It is named in the body of each request: RFC 6749 section 2.3.1
            leaves that to the server, and Google documents no other way.
        provider: The provider's name, for the words of errors.
    """

    def __init__(self, server: AuthorizationServer, client: Client, provider: str) -> None:
        self._server = server
        self._client = client
        self._provider = provider

    def begin(
        self, ctx: AuthContext, scopes: Iterable[str], extra: Mapping[str, str] | None = None
    ) -> Begun:
        """Make an authorization request.

        Args:
            ctx: Gives state and redirect address.
            scopes: What is asked for.
            extra: Further parameters, such as `login_hint`.

        Raises:
            SetupError: `way_unavailable`: the host has no place for the answer.
        """
        if ctx.redirect_uri is None or ctx.oauth_state is None:
            ways = ", ".join(sorted(ctx.ways)) or "-"
            raise SetupError(
                problem("way_unavailable", provider=self._provider, way=ways, ways="-")
            )
        asked = tuple(scopes)
        kept = {"verifier": ctx.token_urlsafe(_RANDOM_BYTES)}
        challenge = hashlib.sha256(kept["verifier"].encode()).digest()
        query = {
            **(extra or {}),
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": ctx.redirect_uri,
            "scope": " ".join(asked),
            "state": ctx.oauth_state,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if "openid" in asked:
            query["nonce"] = kept["nonce"] = ctx.token_urlsafe(_RANDOM_BYTES)
        return Begun(f"{self._server.authorization}?{urlencode(query)}", kept)

    def exchange(
        self,
        ctx: AuthContext,
        params: Mapping[str, str],
        kept: Mapping[str, Any],
        scopes: Iterable[str],
    ) -> Tokens:
        """Turn an authorization answer into tokens.

        Args:
            ctx: Of the same sign-in.
            params: The answer, its state and issuer compared by the core.
            kept: What `begin` gave.
            scopes: What was asked for.

        Raises:
            InboxlinkError: What the refusal of the authorization or of the token endpoint means;
                `callback_invalid` without a code; `protocol_error`; `wrong_account`, where the ID
                token is of another client or sign-in.
        """
        trouble = authorization_problem(params, self._provider)
        if trouble is not None:
            raise InboxlinkError.of(trouble)
        code = params.get("code")
        if not code:
            raise SetupError(problem("callback_invalid", begins=ctx.redirect_uri or "-"))
        verifier = str(kept["verifier"])
        answer = self._tokens(
            ctx,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": ctx.redirect_uri or "",
                "code_verifier": verifier,
            },
            secrets=(code, verifier),
        )
        return self._granted(ctx, answer, scopes, kept.get("nonce"))

    def refresh(self, ctx: CallContext, refresh_token: str, scopes: Iterable[str]) -> Tokens:
        """Renew the access token.

        Args:
            ctx: Of the hook.
            refresh_token: The newest one.
            scopes: What was granted, for an answer that does not repeat it.

        Raises:
            InboxlinkError: As `exchange`; `grant_ended` is the definite no.
        """
        answer = self._tokens(
            ctx,
            {"grant_type": "refresh_token", "refresh_token": refresh_token},
            secrets=(refresh_token,),
        )
        return self._granted(ctx, answer, scopes, None)

    def revoke(self, ctx: CallContext, token: str) -> None:
        """End the grant that a refresh token, or else an access token, belongs to.

        A token that has ended already is no failure (RFC 7009 section 2.2), though some servers
        say `invalid_token`.

        Raises:
            InboxlinkError: It could not be ended.
        """
        assert self._server.revocation is not None
        answer, host = self._post(ctx, self._server.revocation, {"token": token})
        if answer.status == 200 or json_object(answer).get("error") == "invalid_token":
            return
        raise refusal(
            answer,
            host=host,
            provider=self._provider,
            app=ctx.application.name,
            secrets=self._secrets(token),
        )

    def introduce(self, ctx: HookContext) -> None:
        """Ask whether the server knows the client, with a code that it never gave anybody.

        Raises:
            InboxlinkError: `client_refused`, or why it could not be asked. A no to the code is
                none to the client, which is looked at first (RFC 6749 section 3.2.1).
        """
        fields = {
            "grant_type": "authorization_code",
            "code": "-",
            "redirect_uri": "http://127.0.0.1/",
            "code_verifier": "-" * 43,
        }
        answer, host = self._post(ctx, self._server.token, fields)
        error = refusal(
            answer, host=host, provider=self._provider, app=None, secrets=self._secrets()
        )
        if error.code != "grant_ended":
            raise error

    def _tokens(
        self, ctx: CallContext, fields: Mapping[str, str], secrets: Iterable[str]
    ) -> TokenAnswer:
        answer, host = self._post(ctx, self._server.token, fields)
        return read_tokens(
            answer,
            host=host,
            provider=self._provider,
            app=ctx.application.name,
            secrets=self._secrets(*secrets),
            now=ctx.now(),
        )

    def _post(
        self, ctx: HookContext, address: str, fields: Mapping[str, str]
    ) -> tuple[HttpAnswer, str]:
        parts = urlsplit(address)
        host = parts.hostname or ""
        own = {"client_id": self._client.id}
        if self._client.secret is not None:
            own["client_secret"] = self._client.secret
        body = urlencode({**fields, **own}).encode()
        with ctx.http(host) as session:
            return session.send("POST", parts.path, _FORM, body), host

    def _granted(
        self, ctx: CallContext, answer: TokenAnswer, scopes: Iterable[str], nonce: str | None
    ) -> Tokens:
        found: Mapping[str, Any] = {}
        if answer.id_token is not None:
            found = claims(
                answer.id_token,
                issuers=self._server.issuer_aliases | {self._server.issuer},
                audience=self._client.id,
                nonce=nonce,
                now=ctx.now(),
            )
        return Tokens(
            access_token=answer.access_token,
            refresh_token=answer.refresh_token,
            scopes=tuple(scopes) if answer.scopes is None else answer.scopes,
            expires_at=answer.expires_at or ctx.now() + timedelta(seconds=self._server.lifetime_s),
            grant_ends_at=answer.grant_ends_at,
            claims=found,
        )

    def _secrets(self, *sent: str) -> tuple[str, ...]:
        return sent if self._client.secret is None else (*sent, self._client.secret)
