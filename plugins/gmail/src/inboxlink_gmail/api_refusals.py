"""What the refusals of the Gmail API mean.

After developers.google.com/workspace/gmail/api/guides/handle-errors and, for the newer form with
`details`, google.rpc.ErrorInfo in cloud.google.com/apis/design/errors, both read November 2026.
Statuses that say it all themselves are judged by the core: 401, 429 and 5xx.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from inboxlink.errors import Blame, Kind, Problem, problem
from inboxlink.oauth.api import Judge
from inboxlink.remote_text import RemoteText
from inboxlink.types.text import Text
from inboxlink_gmail.google import API_HOST

__all__ = ["judge"]

_RATES = frozenset(
    {
        "rateLimitExceeded",
        "userRateLimitExceeded",
        "dailyLimitExceeded",
        "quotaExceeded",
        "RATE_LIMIT_EXCEEDED",
    }
)
_SCOPES = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
_DISABLED = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})

#: What a Google account without Gmail is told, with the reason `failedPrecondition`.
_NO_MAILBOX = "mail service not enabled"


def judge(scope: str) -> Judge:
    """The judge of requests that need a scope, which is named where Google wants it."""

    def judged(status: int, refusal: Mapping[str, Any]) -> Problem | None:
        return _judged(status, refusal, scope)

    return judged


def _judged(status: int, refusal: Mapping[str, Any], scope: str) -> Problem | None:
    if status not in (400, 403):
        return None
    reasons, said = tuple(_reasons(refusal)), _message(refusal)
    found = _meaning(frozenset(reasons), said, scope)
    if found is None:
        return None
    names = " ".join(dict.fromkeys(reasons))
    return replace(found, remote=RemoteText().clean(f"{status} {names}: {said}"))


def _meaning(reasons: frozenset[str], said: str, scope: str) -> Problem | None:
    # First, because a request too many is answered under 403 as well, and harms nobody.
    if reasons & _RATES:
        return problem("rate_limited", host=API_HOST)
    if reasons & _DISABLED:
        return _own("gmail_api_disabled", Blame.OPERATOR)
    if reasons & _SCOPES:
        return problem("scope_not_granted", scopes=scope)
    if "domainPolicy" in reasons:
        return problem("admin_policy")
    if "failedPrecondition" in reasons and _NO_MAILBOX in said.lower():
        # The person took an account without Gmail, or an administrator switched Gmail off.
        return _own("no_mailbox", None)
    return None


def _own(code: str, blame: Blame | None) -> Problem:
    key = f"gmail.error.{code}"
    return Problem(code, Kind.SETUP, blame, Text(key), Text(f"{key}.remedy"))


def _reasons(refusal: Mapping[str, Any]) -> Iterator[str]:
    error = refusal.get("error")
    if not isinstance(error, dict):
        return
    for name in ("errors", "details"):
        entries = error.get(name)
        for entry in entries if isinstance(entries, list) else ():
            reason = entry.get("reason") if isinstance(entry, dict) else None
            if isinstance(reason, str):
                yield reason


def _message(refusal: Mapping[str, Any]) -> str:
    error = refusal.get("error")
    return str(error.get("message", "")) if isinstance(error, dict) else ""
