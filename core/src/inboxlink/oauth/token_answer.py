"""Read what a token endpoint answers (RFC 6749 sections 5.1 and 5.2), strictly.

What comes out is fit to be put into a header or a SASL message and to be kept; anything else is
an error with a code, in which nothing stands that was sent or given.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from inboxlink.errors import InboxlinkError, MailboxError, problem
from inboxlink.oauth.token_errors import retry_after_s, token_error
from inboxlink.types.context import HttpAnswer

__all__ = ["TokenAnswer", "json_object", "read_tokens", "refusal"]

#: A bearer token has no space in it (RFC 6750 section 2.1); RFC 6749 appendix A.12 and A.17 would
#: let one in, and sets no length.
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")

#: RFC 6749 section 3.3; they are shown and kept.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e ]{0,16384}")

#: Nobody hands out an access token for longer; what claims to is looked at again by then.
_LONGEST_S = 366 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What a token endpoint gave.

    Args:
        access_token: Printable ASCII without spaces.
        refresh_token: Likewise; None = none was given, so that an earlier one goes on counting.
        scopes: As the server reports them; None = it reports none, which means that they are the
            requested ones (RFC 6749 section 5.1).
        expires_at: When the access token ends; None = the server does not say.
        grant_ends_at: When the refresh token ends by itself, as Google and others report it in
            `refresh_token_expires_in`; None = it is not said.
        id_token: Not looked into yet; None = none was given.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    scopes: tuple[str, ...] | None
    expires_at: datetime | None
    grant_ends_at: datetime | None
    id_token: str | None = field(repr=False)


def read_tokens(
    answer: HttpAnswer,
    *,
    host: str,
    provider: str,
    app: str,
    secrets: Iterable[str],
    now: datetime,
) -> TokenAnswer:
    """Read an answer.

    Args:
        answer: As it came.
        host: The token endpoint's.
        provider: The provider's name.
        app: What the application is called.
        secrets: What was sent, so that no answer can bring it into an error.
        now: Aware.

    Raises:
        MailboxError: `protocol_error`: it says that it went well and gives no token of type
            `Bearer`, any other of which a client must not use (RFC 6749 section 7.1).
        InboxlinkError: As `refusal`.
    """
    if answer.status != 200:
        raise refusal(answer, host=host, provider=provider, app=app, secrets=secrets)
    found = json_object(answer)
    access_token, refresh_token = found.get("access_token"), found.get("refresh_token")
    id_token, scope = found.get("id_token"), found.get("scope")
    is_sound = (
        _is_token(access_token)
        and str(found.get("token_type", "")).lower() == "bearer"
        and (refresh_token is None or _is_token(refresh_token))
        and (id_token is None or isinstance(id_token, str))
        and (scope is None or (isinstance(scope, str) and _SCOPE.fullmatch(scope)))
    )
    if not is_sound:
        raise MailboxError(problem("protocol_error", host=host, port="443"))
    return TokenAnswer(
        access_token=str(access_token),
        refresh_token=refresh_token,
        scopes=None if scope is None else tuple(scope.split()),
        expires_at=_end(found.get("expires_in"), now),
        grant_ends_at=_end(found.get("refresh_token_expires_in"), now),
        id_token=id_token,
    )


def refusal(
    answer: HttpAnswer, *, host: str, provider: str, app: str | None, secrets: Iterable[str]
) -> InboxlinkError:
    """What an answer other than 200 means.

    A status of the server's own trouble counts more than what stands in the answer: nobody's grant
    ends by it.
    """
    wait_s = retry_after_s(answer.headers)
    if answer.status == 429:
        return MailboxError(problem("rate_limited", retry_after_s=wait_s, host=host))
    if answer.status >= 500:
        return MailboxError(
            problem("server_unavailable", retry_after_s=wait_s, host=host, port="443")
        )
    found = json_object(answer)
    if isinstance(found.get("error"), str):
        return token_error(found, host=host, provider=provider, app=app, secrets=secrets)
    return MailboxError(problem("remote_error", remote=str(answer.status), host=host))


def json_object(answer: HttpAnswer) -> Mapping[str, Any]:
    """The JSON object in an answer; empty where it is none, such as a page of a proxy."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_token(value: object) -> bool:
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _end(lifetime_s: object, now: datetime) -> datetime | None:
    """When something ends; what is no number says nothing, and what has ended has ended."""
    if isinstance(lifetime_s, str):  # as some servers write it
        lifetime_s = int(lifetime_s) if re.fullmatch(r"[0-9]{1,12}", lifetime_s) else None
    if isinstance(lifetime_s, bool) or not isinstance(lifetime_s, int | float):
        return None
    if isinstance(lifetime_s, float) and math.isnan(lifetime_s):
        return None
    return now + timedelta(seconds=float(max(0, min(lifetime_s, _LONGEST_S))))
