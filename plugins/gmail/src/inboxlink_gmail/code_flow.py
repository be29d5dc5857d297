"""The authorization code flow with PKCE, by google-auth-oauthlib.

What its libraries do otherwise is cured here:

- They send through the core's own door to the network, and to the token endpoint alone.
- Each answer is judged before oauthlib reads it. oauthlib takes a page of HTML for a form, and
  changes what it demands with the environment: `OAUTHLIB_STRICT_TOKEN_TYPE` (here the type is
  always demanded), `OAUTHLIB_INSECURE_TRANSPORT` (there is no other transport here), and
  `OAUTHLIB_RELAX_TOKEN_SCOPE`, without which it raises a bare `Warning`, tokens and all, where
  a person left out a scope (here it is not told what was asked, so that it compares nothing).
- Refreshing is one request too. google-auth's own makes three where a server is down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2 import OAuth2Error
from requests import RequestException

from inboxlink.errors import InboxlinkError, MailboxError, Problem, problem
from inboxlink.oauth.token_errors import retry_after_s, token_problem
from inboxlink.oauth.web import through_the_door
from inboxlink.types.context import AuthContext, HookContext
from inboxlink_gmail import google
from inboxlink_gmail.client import Registration, invalid

if TYPE_CHECKING:
    from requests import Response

__all__ = ["HOST", "Tokens", "authorization_request", "exchange", "renew"]

HOST = google.TOKEN_HOST

#: What the libraries can raise on an answer that passed the judgement below; none was seen.
_UNEXPECTED = (
    OAuth2Error,
    RequestException,
    Warning,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

#: Google's access tokens last an hour, and the longest limit that a person can set to a grant is
#: measured in days. What lies far beyond is no time, and some of it no date.
_LONGEST_ACCESS_S = 24 * 3600
_LONGEST_GRANT_S = 10 * 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token answer.

    Args:
        access_token: Never empty.
        refresh_token: None = none came.
        id_token: None = none came.
        scopes: What was granted; None = the answer does not say, and it is all that was asked
            for (RFC 6749 section 5.1).
        expires_at: When the access token ends.
        grant_ends_at: When the refresh token ends whatever is done; None = Google named no such
            time (`refresh_token_expires_in`, from "web-server", read November 2026).
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    scopes: tuple[str, ...] | None
    expires_at: datetime
    grant_ends_at: datetime | None


def authorization_request(
    ctx: AuthContext, registration: Registration, scopes: tuple[str, ...], nonce: str
) -> tuple[str, str]:
    """The address to send the browser to, and the verifier that the exchange needs."""
    flow = _flow(registration, ctx.redirect_uri, list(scopes))
    url, _ = flow.authorization_url(
        state=ctx.oauth_state,
        access_type="offline",
        # The chooser is shown to who is signed in already (req 34). Consent is asked for each
        # time: without it Google gives a refresh token once and never again, and none is held,
        # neither at the first sign-in nor at one that replaces a grant that has ended.
        prompt="select_account consent",
        login_hint=str(ctx.address),
        # What was granted for something else must not come along.
        include_granted_scopes="false",
        nonce=nonce,
    )
    return str(url), str(flow.code_verifier)


def exchange(
    ctx: HookContext, registration: Registration, *, code: str, verifier: str, redirect_uri: str
) -> Tokens:
    """Exchange a code for tokens.

    Raises:
        InboxlinkError: What Google's refusal means; `grant_ended` = the code is not, or no
            longer, good for this sign-in.
    """
    flow = _flow(registration, redirect_uri, verifier=verifier)
    return _asked(
        ctx,
        flow,
        "access_token_response",
        # As Google documents it, client and secret stand in the body.
        lambda: flow.fetch_token(code=code, include_client_id=True),
        secrets=(code, verifier, registration.client_secret),
    )


def renew(ctx: HookContext, registration: Registration, refresh_token: str) -> Tokens:
    """Have a new access token.

    Raises:
        InboxlinkError: What Google's refusal means; `grant_ended` = the refresh token is dead.
    """
    flow = _flow(registration)
    return _asked(
        ctx,
        flow,
        "refresh_token_response",
        lambda: flow.oauth2session.refresh_token(
            google.TOKEN_URL,
            refresh_token=refresh_token,
            client_id=registration.client_id,
            client_secret=registration.client_secret,
        ),
        secrets=(refresh_token, registration.client_secret),
    )


def _flow(
    registration: Registration,
    redirect_uri: str | None = None,
    scopes: list[str] | None = None,
    verifier: str | None = None,
) -> Flow:
    config = {
        "client_id": registration.client_id,
        "client_secret": registration.client_secret,
        "auth_uri": google.AUTHORIZATION_URL,
        "token_uri": google.TOKEN_URL,
    }
    # The library makes no difference between the two kinds of client but the name.
    return Flow.from_client_config(
        {"installed": config},
        scopes=scopes,
        redirect_uri=redirect_uri,
        code_verifier=verifier,
        autogenerate_code_verifier=True,
    )


def _asked(
    ctx: HookContext,
    flow: Flow,
    hook: str,
    ask: Callable[[], object],
    secrets: tuple[str, ...],
) -> Tokens:
    found: list[Tokens] = []

    def judged(response: "Response") -> "Response":
        found.append(_tokens(_answer(response, secrets), ctx.now()))
        return response

    session = through_the_door(flow.oauth2session, ctx, (HOST,))
    session.register_compliance_hook(hook, judged)
    try:
        ask()
        return found[0]
    except _UNEXPECTED:
        pass
    # Out here, so that the exception does not drag theirs along: a Warning holds the tokens.
    raise _unusable()


def _answer(response: "Response", secrets: tuple[str, ...]) -> Mapping[str, Any]:
    try:
        found = response.json()
    except (ValueError, RecursionError):
        found = None
    answer = found if isinstance(found, dict) else {}
    if response.status_code != 200 or "error" in answer:
        raise InboxlinkError.of(_refusal(response, answer, secrets))
    return answer


def _refusal(response: "Response", answer: Mapping[str, Any], secrets: tuple[str, ...]) -> Problem:
    wait_s = retry_after_s(response.headers)
    if response.status_code == 429:
        return problem("rate_limited", retry_after_s=wait_s, host=HOST)
    if response.status_code >= 500:
        return problem("server_unavailable", retry_after_s=wait_s, host=HOST, port="443")
    if answer.get("error") == "redirect_uri_mismatch":
        found = invalid("redirect_uri", "redirect_unregistered")
        return replace(found, remote="redirect_uri_mismatch")
    if "error" not in answer:
        return _unusable().problem
    return token_problem(answer, host=HOST, provider="gmail", secrets=secrets)


def _tokens(answer: Mapping[str, Any], now: datetime) -> Tokens:
    token, kind = answer.get("access_token"), answer.get("token_type")
    if not isinstance(token, str) or not token or str(kind).lower() != "bearer":
        raise _unusable()
    expires_in = _seconds(answer, "expires_in", _LONGEST_ACCESS_S)
    if expires_in is None:
        raise _unusable()
    grant_ends_in = _seconds(answer, "refresh_token_expires_in", _LONGEST_GRANT_S)
    scope = _text(answer, "scope")
    return Tokens(
        access_token=token,
        refresh_token=_text(answer, "refresh_token"),
        id_token=_text(answer, "id_token"),
        scopes=None if scope is None else tuple(scope.split()),
        expires_at=now + expires_in,
        grant_ends_at=None if grant_ends_in is None else now + grant_ends_in,
    )


def _seconds(answer: Mapping[str, Any], name: str, longest: int) -> timedelta | None:
    value = answer.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value <= longest:  # true of no NaN
        raise _unusable()
    return timedelta(seconds=value)


def _text(answer: Mapping[str, Any], name: str) -> str | None:
    value = answer.get(name)
    if value is not None and not isinstance(value, str):
        raise _unusable()
    return value or None


def _unusable() -> MailboxError:
    return MailboxError(problem("protocol_error", host=HOST, port="443"))
