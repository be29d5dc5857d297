"""What the refusals of IMAP and SMTP servers mean, as tables.

A definite no to the secret is told from a server in trouble, because the first ends a connection
and the second never does. What the tables do not know is `remote_error` with the server's own
words, never a guess. Words are looked at only for what some providers say in no other way.
"""

import re
from enum import StrEnum

from inboxlink.errors import Problem, problem
from inboxlink.types.detection import Endpoint

__all__ = [
    "Verdict",
    "endpoint_problem",
    "imap_complaint",
    "imap_refusal",
    "smtp_auth_refusal",
    "smtp_refusal",
    "verdict",
]


class Verdict(StrEnum):
    """What an answer to a sign-in says about the secret that was sent."""

    DEFINITE = "definite"  #: it, or the account, was refused
    TEMPORARY = "temporary"  #: the server is in trouble, and did not judge it
    POLICY = "policy"  #: this way of signing in is closed to everyone; it was not judged
    UNCLEAR = "unclear"  #: nobody can say; it may have been counted as wrong


_VERDICTS = {
    "invalid_credentials": Verdict.DEFINITE,
    "app_password_required": Verdict.DEFINITE,
    "credentials_expired": Verdict.DEFINITE,
    "sign_in_refused": Verdict.DEFINITE,
    "grant_ended": Verdict.DEFINITE,
    "scope_not_granted": Verdict.DEFINITE,
    "server_unavailable": Verdict.TEMPORARY,
    "too_many_connections": Verdict.TEMPORARY,
    "login_disabled": Verdict.POLICY,
    "mechanism_unsupported": Verdict.POLICY,
}

#: RFC 5530 section 3, whole and in its order; REFERRAL is of RFC 2221 and RFC 2193 and is not
#: followed; WEBALERT is Google's.
_IMAP = {
    "UNAVAILABLE": "server_unavailable",
    "AUTHENTICATIONFAILED": "invalid_credentials",
    "AUTHORIZATIONFAILED": "sign_in_refused",
    "EXPIRED": "credentials_expired",
    "PRIVACYREQUIRED": "login_disabled",
    "CONTACTADMIN": "server_unavailable",
    "NOPERM": "sign_in_refused",
    "INUSE": "server_unavailable",
    "EXPUNGEISSUED": "server_unavailable",
    "CORRUPTION": "server_unavailable",
    "SERVERBUG": "server_unavailable",
    "CLIENTBUG": "protocol_error",
    "CANNOT": "remote_error",
    "LIMIT": "too_many_connections",
    "OVERQUOTA": "server_unavailable",
    "ALREADYEXISTS": "remote_error",
    "NONEXISTENT": "inbox_missing",
    "REFERRAL": "inbox_missing",
    "WEBALERT": "sign_in_refused",
}

#: RFC 9051 section 7.1: they come with any answer and say nothing about it.
_IMAP_SILENT = frozenset({"ALERT", "CAPABILITY"})

#: By reply code and enhanced status code, None = any; the more precise one counts. RFC 4954
#: sections 4 and 6, RFC 5248 section 2.4 and its registry. 432 4.3.2 is Exchange's, 5.7.139 is
#: from Microsoft's "Authenticated client SMTP submission": the organisation switched it off
#: (learn.microsoft.com, read November 2026). 5.7.30 is what Exchange Online says to every password
#: once Microsoft has retired them ("Exchange Online to retire Basic auth for Client Submission",
#: techcommunity.microsoft.com, read November 2026).
_SMTP_AUTH: dict[tuple[int | None, str | None], str] = {
    (432, "4.3.2"): "too_many_connections",
    (None, "4.7.12"): "sign_in_refused",
    (None, "5.5.6"): "protocol_error",
    (None, "5.7.8"): "invalid_credentials",
    (None, "5.7.9"): "mechanism_unsupported",
    (None, "5.7.10"): "login_disabled",
    (None, "5.7.11"): "mechanism_unsupported",
    (None, "5.7.12"): "sign_in_refused",
    (None, "5.7.13"): "sign_in_refused",
    (None, "5.7.14"): "sign_in_refused",
    (None, "5.7.30"): "login_disabled",
    (None, "5.7.139"): "login_disabled",
    (500, None): "protocol_error",
    (501, None): "protocol_error",
    (502, None): "mechanism_unsupported",
    (503, None): "protocol_error",
    (504, None): "mechanism_unsupported",
    (523, None): "login_disabled",
    (524, None): "mechanism_unsupported",
    (525, None): "sign_in_refused",
    (530, None): "sign_in_refused",
    (534, None): "mechanism_unsupported",
    (535, None): "invalid_credentials",
    (538, None): "mechanism_unsupported",
}

#: What else than a no to the command a 5yz can be (RFC 5321 section 4.2.2, RFC 4954 section 6);
#: 550 to 554 and 556 (RFC 7504) are about what the command asked.
_SMTP = {
    500: "protocol_error",
    501: "protocol_error",
    502: "protocol_error",
    503: "protocol_error",
    504: "protocol_error",
    530: "sign_in_refused",
    555: "protocol_error",
}
_SMTP_NO = frozenset({550, 551, 552, 553, 554, 556})

#: Google (support.google.com/mail/answer/7126229 and support.google.com/accounts/answer/185833),
#: Apple (support.apple.com/102654), Tencent, whose app password is an authorization code
#: (service.mail.qq.com/detail/0/75), and Zoho (zoho.com/mail/help/imap-access.html), read November
#: 2026; and Dovecot 2.3. A mailbox without IMAP, one too many connection and a mechanism that is
#: missing say nothing of the password.
_WORDS = (
    (
        re.compile(
            r"app(lication)?[- ](specific )?password|your authorization code to log ?in",
            re.IGNORECASE,
        ),
        "app_password_required",
    ),
    (
        re.compile(
            r"web login required|via your web browser"
            r"|not enabled for imap|yet to enable imap|imap access is disabled",
            re.IGNORECASE,
        ),
        "sign_in_refused",
    ),
    (
        re.compile(
            r"too many simultaneous connections|maximum number of connections", re.IGNORECASE
        ),
        "too_many_connections",
    ),
    (re.compile(r"unsupported authentication mechanism", re.IGNORECASE), "mechanism_unsupported"),
)

#: What Exchange Online answers with BAD although the command was none of the client's faults: it
#: opens no mailbox by IMAP for this account, or wants a pause (simonrob/email-oauth2-proxy, issue
#: 275, and postalsys/imapflow, both read November 2026; no page of Microsoft's has the words).
_IMAP_BAD = (
    (re.compile(r"user is authenticated but not connected", re.IGNORECASE), "inbox_missing"),
    (re.compile(r"request is throttled", re.IGNORECASE), "server_unavailable"),
)

#: A code stands first (RFC 9051 section 7.1); what stands in brackets further on is only text.
_IMAP_CODE = re.compile(r"\s*\[([A-Z][A-Z0-9-]*)(?: [^\]]*)?\]", re.IGNORECASE)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


def verdict(code: str) -> Verdict:
    """What a problem in signing in says about the secret."""
    return _VERDICTS.get(code, Verdict.UNCLEAR)


def imap_refusal(said: str, otherwise: str) -> str:
    """The problem's code for the text of a tagged NO, or of a BYE.

    Args:
        said: The text after the NO.
        otherwise: What a refusal without any response code means to this command.
    """
    named = [code for code in _imap_codes(said) if code not in _IMAP_SILENT]
    known = [_IMAP[code] for code in named if code in _IMAP]
    code = known[0] if known else "remote_error" if named else otherwise
    return _worded(said, code) if code in ("invalid_credentials", "sign_in_refused") else code


def imap_complaint(said: str) -> str:
    """The problem's code for the text of a tagged BAD."""
    return next((code for words, code in _IMAP_BAD if words.search(said)), "protocol_error")


def smtp_auth_refusal(code: int, said: str) -> str:
    """The problem's code for the reply to AUTH."""
    found = _ENHANCED.match(said)
    enhanced = found[1] if found else None
    if enhanced is not None and int(enhanced[0]) != code // 100:
        # RFC 2034 section 4: both tell the same class. Of two that differ neither is believed,
        # but that a no which may pass never counts as a wrong password.
        return "server_unavailable" if code // 100 == 4 else "remote_error"
    keys = (code, enhanced), (None, enhanced), (code, None)
    unknown = "server_unavailable" if code // 100 == 4 else "remote_error"
    meaning = next((_SMTP_AUTH[key] for key in keys if key in _SMTP_AUTH), unknown)
    return _worded(said, meaning) if code in (534, 535) else meaning


def smtp_refusal(code: int, otherwise: str) -> str:
    """The problem's code for the reply to any other command; 4yz is the server's own trouble.

    Args:
        code: The reply code, 4yz or 5yz.
        otherwise: What a no to this command means.
    """
    if code // 100 == 4:
        return "server_unavailable"
    return otherwise if code in _SMTP_NO else _SMTP.get(code, "remote_error")


def endpoint_problem(code: str, endpoint: Endpoint, remote: str | None = None) -> Problem:
    """A problem of the core's catalogue that names the server."""
    return problem(code, remote=remote, host=endpoint.host, port=str(endpoint.port))


def _imap_codes(said: str) -> list[str]:
    codes, place = [], 0
    while found := _IMAP_CODE.match(said, place):
        codes.append(found[1].upper())
        place = found.end()
    return codes


def _worded(said: str, code: str) -> str:
    return next((meaning for words, meaning in _WORDS if words.search(said)), code)
