"""Read an authorization answer, and say what a refusal in it means (RFC 6749 section 4.1.2)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from inboxlink.errors import Problem, problem
from inboxlink.oauth.token_errors import named_error
from inboxlink.remote_text import RemoteText

__all__ = ["MAX_CHARACTERS", "authorization_problem", "parse_answer", "parse_pasted"]

#: Codes and id tokens of large providers take about 4 KiB.
MAX_CHARACTERS = 16 * 1024
_MAX_PARAMETERS = 50

#: RFC 6749 section 4.1.2.1, OpenID Connect Core 1.0 section 3.1.2.6, and what Google and Microsoft
#: add. Any other is `remote_error`.
_CODES = {
    "access_denied": "consent_declined",
    "consent_required": "consent_required",
    "interaction_required": "interaction_required",
    "login_required": "interaction_required",
    "account_selection_required": "interaction_required",
    "admin_policy_enforced": "admin_policy",
    "org_internal": "admin_policy",
    "unauthorized_client": "client_refused",
    "invalid_client": "client_refused",
    "deleted_client": "client_refused",
}


def parse_answer(query: str) -> dict[str, str]:
    """The parameters of a query or of a posted form, each of which may stand there once.

    Raises:
        ValueError: It is too long, or names a parameter twice, so that two readers could read
            two different answers (RFC 6749 section 3.1).
    """
    if len(query) > MAX_CHARACTERS:
        raise ValueError("too long")
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a parameter twice")
    return found


def parse_pasted(typed: str, redirect_uri: str) -> dict[str, str]:
    """The answer in an address that a person copied from their browser.

    Raises:
        ValueError: It does not begin with the redirect address, or is no answer.
    """
    found, wanted = urlsplit(typed.strip()), urlsplit(redirect_uri)
    if (found.scheme, found.netloc, found.path or "/") != (
        wanted.scheme,
        wanted.netloc,
        wanted.path or "/",
    ):
        raise ValueError("another address")
    return parse_answer(found.query)


def authorization_problem(params: Mapping[str, str], provider: str) -> Problem | None:
    """What a refusal in an answer means; None = it is none.

    A provider looks for codes of its own first.
    """
    error = params.get("error")
    if error is None:
        return None
    remote = RemoteText().clean(named_error(error, params.get("error_description")))
    if error in ("temporarily_unavailable", "server_error"):
        return problem("server_unavailable", host=provider, port="443", remote=remote)
    return problem(_CODES.get(error, "remote_error"), provider=provider, remote=remote)
