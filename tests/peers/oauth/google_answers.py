"""What Google answers when something is wrong, written after its documentation.

- Token errors: https://developers.google.com/identity/protocols/oauth2/web-server.
- The names of the error pages: https://support.google.com/accounts/answer/16668185 (read
  2026-11-26). The pages' words are ours.
- Gmail errors: the fields of https://developers.google.com/workspace/gmail/api/guides/handle-errors
  (read 2026-11-26). The `ErrorInfo` beside a missing scope is of google.rpc.
"""

from typing import Any

from inboxlink.testing.peers.faults import Fault, instead
from inboxlink.testing.peers.web import Answer, json_answer

__all__ = [
    "error_page",
    "gmail_busy",
    "gmail_disabled",
    "gmail_error",
    "grant_ended",
    "token_error",
]


def token_error(error: str, description: str, status: int = 400) -> Fault:
    """For `faults.at_token`: an error in place of tokens."""
    return instead(json_answer(status, {"error": error, "error_description": description}))


def grant_ended() -> Fault:
    """For `faults.at_token`: how a refresh ends on day 7 of an app in testing, or once revoked."""
    return token_error("invalid_grant", "Token has been expired or revoked.")


def error_page(error: str = "policy_enforced") -> Fault:
    """For `faults.at_authorization`: a page of Google's own, from which nobody returns.

    So are `policy_enforced` (Advanced Protection), `admin_policy_enforced`, `org_internal`,
    `access_denied` for somebody who is no tester, `disallowed_useragent`, `redirect_uri_mismatch`.
    """
    page = (
        "<!doctype html><html><title>Error 400 (Access blocked)</title>"
        f"<h1>Access blocked: authorization error</h1><p>Error 400: {error}</p></html>"
    )
    return instead(Answer(400, page.encode()))


def gmail_error(
    code: int,
    status: str,
    reason: str,
    message: str,
    *details: dict[str, Any],
    domain: str = "global",
    **headers: str,
) -> Answer:
    """An error of the Gmail API."""
    error: dict[str, Any] = {
        "code": code,
        "message": message,
        "errors": [{"message": message, "domain": domain, "reason": reason}],
        "status": status,
    }
    if details:
        error["details"] = list(details)
    return json_answer(code, {"error": error}, **headers)


def gmail_busy(retry_after_s: int | None = None) -> Fault:
    """For `faults.at_api`: too many requests of one person."""
    headers = {} if retry_after_s is None else {"Retry_After": str(retry_after_s)}
    return instead(
        gmail_error(
            429,
            "RESOURCE_EXHAUSTED",
            "rateLimitExceeded",
            "User-rate limit exceeded.",
            domain="usageLimits",
            **headers,
        )
    )


def gmail_disabled() -> Fault:
    """For `faults.at_api`: the person's company has Gmail switched off, or there is no mailbox."""
    return instead(
        gmail_error(400, "FAILED_PRECONDITION", "failedPrecondition", "Mail service not enabled")
    )
