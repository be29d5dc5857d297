"""What a token endpoint's refusal means (RFC 6749 section 5.2, RFC 8628 section 3.5).

`deleted_client` is Google's.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from inboxlink.errors import InboxlinkError, Problem, problem
from inboxlink.remote_text import RemoteText

__all__ = ["named_error", "retry_after_s", "token_error", "token_problem"]

#: Any other is `remote_error`: nothing is guessed of the grant.
_CODES = {
    "invalid_grant": "grant_ended",
    "invalid_client": "client_refused",
    "deleted_client": "client_refused",
    "unauthorized_client": "client_refused",
    "interaction_required": "interaction_required",
    "consent_required": "consent_required",
    "login_required": "interaction_required",
    "access_denied": "consent_declined",
    "authorization_declined": "consent_declined",
    "expired_token": "sign_in_timed_out",
    "admin_policy_enforced": "admin_policy",
}

#: A server may ask for no more than a day's patience; an hour is what a library would wait at most.
_LONGEST_S = 24 * 3600


def token_problem(
    answer: Mapping[str, Any],
    *,
    host: str,
    provider: str,
    app: str | None = None,
    secrets: Iterable[str] = (),
) -> Problem:
    """Name the refusal of a token endpoint.

    Args:
        answer: Its JSON; `error` and `error_description` are read.
        host: The token endpoint's.
        provider: The provider's name.
        app: What the application is called; None = the host fills it in.
        secrets: What was sent, and must not come back in the server's words.
    """
    error = str(answer.get("error", ""))
    remote = RemoteText(secrets).clean(named_error(error, answer.get("error_description")))
    is_passing = error in ("temporarily_unavailable", "server_error", "slow_down")
    code = "server_unavailable" if is_passing else _CODES.get(error, "remote_error")
    named: dict[str, Any] = {} if app is None else {"app": app}
    return problem(code, remote=remote, provider=provider, host=host, port="443", **named)


def named_error(error: str, description: object) -> str:
    """An error with the words that came with it, so that its name is not lost in them."""
    words = str(description or "")
    if not error or not words or words.startswith(error):
        return words or error
    return f"{error}: {words}"


def token_error(
    answer: Mapping[str, Any],
    *,
    host: str,
    provider: str,
    app: str | None = None,
    secrets: Iterable[str] = (),
) -> InboxlinkError:
    """`token_problem` as an exception of its branch."""
    return InboxlinkError.of(
        token_problem(answer, host=host, provider=provider, app=app, secrets=secrets)
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that a `Retry-After` asks for (RFC 9110 section 10.2.3); None = it gives no number.

    The form with a date is not read: it would trust the other side's clock.
    """
    value = headers.get("retry-after", "").strip()
    return min(float(value), _LONGEST_S) if value.isdecimal() else None
