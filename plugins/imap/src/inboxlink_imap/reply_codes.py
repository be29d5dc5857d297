"""What the refusals of IMAP and SMTP servers mean, as tables.

A definite no to the secret is told from a server in trouble, because the first ends a connection
and the second never does. Words are looked at only for what two providers say in no other way.
"""

import re

from inboxlink.errors import Problem, problem
from inboxlink.types.detection import Endpoint

__all__ = ["endpoint_problem", "imap_refusal", "smtp_auth_refusal", "smtp_refusal"]

#: RFC 5530 section 3, in its order; WEBALERT is Google's. Unknown codes say nothing.
_IMAP = {
    "UNAVAILABLE": "server_unavailable",
    "AUTHENTICATIONFAILED": "invalid_credentials",
    "AUTHORIZATIONFAILED": "sign_in_refused",
    "EXPIRED": "credentials_expired",
    "PRIVACYREQUIRED": "login_disabled",
    "CONTACTADMIN": "server_unavailable",
    "NOPERM": "sign_in_refused",
    "INUSE": "server_unavailable",
    "CORRUPTION": "server_unavailable",
    "SERVERBUG": "server_unavailable",
    "CLIENTBUG": "protocol_error",
    "LIMIT": "too_many_connections",
    "OVERQUOTA": "server_unavailable",
    "NONEXISTENT": "inbox_missing",
    "WEBALERT": "sign_in_refused",
}

#: RFC 4954 section 6, RFC 5248 section 2.4 and, for 5.7.139, Microsoft's "Authenticated client
#: SMTP submission" (learn.microsoft.com, read November 2026): the tenant switched it off.
_SMTP_AUTH = {
    (535, "5.7.139"): "login_disabled",
    (535, None): "invalid_credentials",
    (534, None): "mechanism_unsupported",
    (530, None): "sign_in_refused",
    (538, None): "mechanism_unsupported",
    (525, None): "sign_in_refused",
    (504, None): "mechanism_unsupported",
    (502, None): "mechanism_unsupported",
    (500, None): "protocol_error",
    (501, None): "protocol_error",
    (503, None): "protocol_error",
    (432, "4.7.12"): "sign_in_refused",
    (432, None): "too_many_connections",
}

#: Google (support.google.com/mail/answer/7126229 and support.google.com/accounts/answer/185833)
#: and Apple (support.apple.com/102654), read November 2026.
_WORDS = (
    (re.compile(r"app(lication)?[- ](specific )?password", re.IGNORECASE), "app_password_required"),
    (re.compile(r"web login required|via your web browser", re.IGNORECASE), "sign_in_refused"),
)

_IMAP_CODE = re.compile(r"\[([A-Z][A-Z0-9-]*)[^\]]*\]")
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


def imap_refusal(said: str, otherwise: str) -> str:
    """The problem's code for the text of a tagged NO, or of a BYE.

    Args:
        said: The text after the NO.
        otherwise: What a refusal without a known response code means to this command.
    """
    codes = [_IMAP[code] for code in _IMAP_CODE.findall(said) if code in _IMAP]
    code = codes[0] if codes else otherwise
    return _worded(said, code) if code in ("invalid_credentials", "sign_in_refused") else code


def smtp_auth_refusal(code: int, said: str) -> str:
    """The problem's code for the reply to AUTH."""
    if code // 100 == 4 and code != 432:
        return "server_unavailable"
    enhanced = _ENHANCED.match(said)
    precise = _SMTP_AUTH.get((code, enhanced[1] if enhanced else None))
    meaning = precise or _SMTP_AUTH.get((code, None), "remote_error")
    return _worded(said, meaning) if code in (534, 535) else meaning


def smtp_refusal(code: int, otherwise: str) -> str:
    """The problem's code for the reply to any other command; 4yz is the server's own trouble."""
    return "server_unavailable" if code // 100 == 4 else otherwise


def endpoint_problem(code: str, endpoint: Endpoint, remote: str | None = None) -> Problem:
    """A problem of the core's catalogue that names the server."""
    return problem(code, remote=remote, host=endpoint.host, port=str(endpoint.port))


def _worded(said: str, code: str) -> str:
    return next((meaning for words, meaning in _WORDS if words.search(said)), code)
