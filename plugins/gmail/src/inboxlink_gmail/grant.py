"""Renew what Google granted, and end it there."""

import json
import time
from datetime import timedelta
from threading import Event
from urllib.parse import urlencode

from pydantic import SecretStr

from inboxlink.errors import (
    Blame,
    InboxlinkError,
    Kind,
    MailboxError,
    Problem,
    SignInError,
    problem,
)
from inboxlink.oauth.token_errors import retry_after_s, token_error
from inboxlink.types.context import CallContext, HttpAnswer
from inboxlink.types.credential import Credential, SecretName
from inboxlink.types.provider import RevokeResult
from inboxlink.types.text import Text
from inboxlink_gmail import code_flow, google
from inboxlink_gmail.client import Registration

__all__ = ["refresh", "revoke"]

#: Clocks differ, and Google ends a grant of an app in Testing by its own.
_LEEWAY = timedelta(hours=1)

#: "It might take some time before the revocation has full effect" ("Revoking a token",
#: developers.google.com/identity/protocols/oauth2/web-server, read November 2026).
_LOOKS = 4
_PAUSE_S = 1.0
#: Kept free before the deadline for the last look itself.
_RESERVE_S = 3.0


def refresh(ctx: CallContext, credential: Credential) -> Credential:
    """See `inboxlink.hookspecs.refresh`."""
    registration = Registration.of(ctx.settings)
    before = credential.secret(SecretName.REFRESH_TOKEN)
    try:
        tokens = code_flow.renew(ctx, registration, before)
    except SignInError as error:
        raise SignInError(_ended(ctx, registration, credential, error.problem)) from None
    return Credential(
        kind=credential.kind,
        account=credential.account,
        secrets={
            SecretName.ACCESS_TOKEN: SecretStr(tokens.access_token),
            # Google rarely replaces it, and says nothing of it then.
            SecretName.REFRESH_TOKEN: SecretStr(tokens.refresh_token or before),
        },
        scopes=credential.scopes if tokens.scopes is None else tokens.scopes,
        expires_at=tokens.expires_at,
        grant_ends_at=tokens.grant_ends_at or credential.grant_ends_at,
    )


def revoke(ctx: CallContext, credential: Credential) -> RevokeResult:
    """See `inboxlink.hookspecs.revoke`.

    Google ends the person's whole grant to the application with any of its tokens. That is why
    signing in again does not revoke what was held before: the new grant would end with it.
    """
    token = credential.secret(SecretName.REFRESH_TOKEN)
    with ctx.http(google.TOKEN_HOST) as session:
        answer = session.send(
            "POST",
            google.REVOCATION_PATH,
            {"Content-Type": "application/x-www-form-urlencoded"},
            urlencode({"token": token}).encode(),
        )
    if not _is_taken(answer):
        raise _refusal(answer)
    is_dead = _is_dead(ctx, token)
    key = {
        True: "gmail.revoked",
        False: "gmail.revoked.still_alive",
        None: "gmail.revoked.unproven",
    }
    where = {"url": google.ACCOUNT_PAGE}
    return RevokeResult(revoked=is_dead is not False, detail=Text(key[is_dead], where))


def _is_taken(answer: HttpAnswer) -> bool:
    # A token that is dead already is what was wanted.
    return answer.status == 200 or (
        answer.status == 400 and _error(answer) in ("invalid_token", "invalid_grant")
    )


def _is_dead(ctx: CallContext, token: str) -> bool | None:
    """Whether the token is refused now; None = it could not be tried."""
    pause = Event()
    for look in range(_LOOKS):
        if look:
            if time.monotonic() + _PAUSE_S + _RESERVE_S >= ctx.deadline:
                break
            pause.wait(_PAUSE_S)
        try:
            code_flow.renew(ctx, Registration.of(ctx.settings), token)
        except SignInError as error:
            return True if error.code == "grant_ended" else None
        except InboxlinkError:
            return None
    return False


def _refusal(answer: HttpAnswer) -> InboxlinkError:
    host, wait_s = google.TOKEN_HOST, retry_after_s(answer.headers)
    if answer.status == 429:
        return MailboxError(problem("rate_limited", retry_after_s=wait_s, host=host))
    if answer.status >= 500:
        found = problem("server_unavailable", retry_after_s=wait_s, host=host, port="443")
        return MailboxError(found)
    error = _error(answer)
    if error is None:
        return MailboxError(problem("protocol_error", host=host, port="443"))
    return token_error({"error": error}, host=host, provider="gmail")


def _error(answer: HttpAnswer) -> str | None:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    error = found.get("error") if isinstance(found, dict) else None
    return error if isinstance(error, str) else None


def _ended(
    ctx: CallContext, registration: Registration, credential: Credential, found: Problem
) -> Problem:
    ends_at = credential.grant_ends_at
    if (
        found.code != "grant_ended"
        or not registration.is_testing
        or ends_at is None
        or ctx.now() < ends_at - _LEEWAY
    ):
        return found
    key = "gmail.error.grant_ended.testing"
    return Problem(
        "grant_ended",
        Kind.SIGN_IN,
        Blame.OPERATOR,
        Text(key),
        Text(f"{key}.remedy"),
        remote=found.remote,
    )
