"""Judge what is known about a domain: which servers, on what evidence, or why not.

Pure: the evidence was gathered by the core.
"""

from collections.abc import Iterable

from inboxlink.types.detection import (
    Basis,
    Detection,
    Endpoint,
    Evidence,
    PublishedServer,
    Refusal,
    Role,
    Tls,
)
from inboxlink.types.text import Text
from inboxlink_imap import policy

__all__ = ["detect", "variant"]

_NAME = "imap"

_PROTOCOLS = {Role.IMAP: "imap", Role.SUBMISSION: "smtp"}

#: Words of autoconfig files for a password, in the clear or under a challenge: the server that
#: has the second nearly always takes the first over TLS, and the survey asks it.
_PASSWORDS = frozenset({"password-cleartext", "plain", "password-encrypted", "secure", ""})

#: Google: support.google.com/mail/answer/7126229. Microsoft: "POP, IMAP, and SMTP settings for
#: Outlook.com" and "... for Microsoft 365" (support.microsoft.com). All read November 2026.
_GMAIL = (
    Endpoint(Role.IMAP, "imap.gmail.com", 993, Tls.IMPLICIT),
    Endpoint(Role.SUBMISSION, "smtp.gmail.com", 465, Tls.IMPLICIT),
)
_MICROSOFT_365 = (
    Endpoint(Role.IMAP, "outlook.office365.com", 993, Tls.IMPLICIT),
    Endpoint(Role.SUBMISSION, "smtp.office365.com", 587, Tls.STARTTLS),
)
_OUTLOOK_COM = (
    Endpoint(Role.IMAP, "outlook.office365.com", 993, Tls.IMPLICIT),
    Endpoint(Role.SUBMISSION, "smtp-mail.outlook.com", 587, Tls.STARTTLS),
)
_HOSTED = {
    "gmail": _GMAIL,
    "google": _GMAIL,
    "microsoft_365": _MICROSOFT_365,
    "outlook_com": _OUTLOOK_COM,
}

_REFUSED = {"amazon_ses": policy.AMAZON_SES, "amazon_workmail": policy.AMAZON_WORKMAIL}

#: Which disclosure goes with a server: Gmail's or Outlook's name the rest of the account.
_VARIANTS = {"imap.gmail.com": "gmail", "outlook.office365.com": "outlook"}


def detect(evidence: Evidence) -> Detection | None:
    """See `inboxlink.hookspecs.detect`."""
    if evidence.preset:
        return _of_servers(evidence, evidence.preset, Basis.ADMIN_PRESET, "imap.because.preset")
    refused = evidence.hosted_by(*_REFUSED)
    if refused is not None:
        because = Text("imap.because.hosted", {"shown_by": refused.shown_by})
        return _refusal(Basis.HOSTED_MX, because, _REFUSED[refused.name])
    hosted = evidence.hosted_by(*_HOSTED)
    if hosted is not None:
        key = "imap.because.google" if _HOSTED[hosted.name] is _GMAIL else "imap.because.microsoft"
        endpoints = _HOSTED[hosted.name]
        because = Text(key, {"shown_by": hosted.shown_by})
        return Detection(_NAME, Basis.HOSTED_MX, because, endpoints, settings=_settings(endpoints))
    if evidence.published:
        return _of_servers(evidence, evidence.published, Basis.PUBLISHED, "imap.because.published")
    return None


def variant(detection: Detection) -> str | None:
    """`gmail`, `outlook`, or None for any other server."""
    imap = detection.endpoint(Role.IMAP)
    return detection.settings.get("variant") or _VARIANTS.get(imap.host if imap else "")


def _of_servers(
    evidence: Evidence, servers: tuple[PublishedServer, ...], basis: Basis, key: str
) -> Detection | None:
    because = Text(key, {"domain": evidence.domain})
    for role, protocol in _PROTOCOLS.items():
        for server in servers:
            refusal = policy.host_refusal(role, server.host)
            if refusal is not None and server.protocol == protocol:
                return _refusal(basis, because, refusal)
    endpoints = tuple(
        endpoint for role in _PROTOCOLS if (endpoint := _best(role, servers)) is not None
    )
    protocols = {server.protocol for server in servers}
    if "pop3" in protocols and "imap" not in protocols:
        return _refusal(basis, because, policy.POP3)
    if not endpoints:
        return None
    return Detection(_NAME, basis, because, endpoints, settings=_settings(endpoints))


def _best(role: Role, servers: Iterable[PublishedServer]) -> Endpoint | None:
    usable = [
        Endpoint(role, server.host, server.port, server.tls, server.username)
        for server in servers
        if server.protocol == _PROTOCOLS[role]
        and server.tls is not None
        and _takes_password(server)
    ]
    # The sort is stable: among equals the source's own order stands (RFC 8314 section 3 for the
    # preference of implicit TLS).
    return min(usable, key=lambda each: each.tls is not Tls.IMPLICIT, default=None)


def _takes_password(server: PublishedServer) -> bool:
    words = {word.lower() for word in server.authentication}
    return not words or not words.isdisjoint(_PASSWORDS)


def _settings(endpoints: tuple[Endpoint, ...]) -> dict[str, str]:
    found = [_VARIANTS[each.host] for each in endpoints if each.host in _VARIANTS]
    return {"variant": found[0]} if found else {}


def _refusal(basis: Basis, because: Text, refusal: Refusal) -> Detection:
    return Detection(_NAME, basis, because, unsupported=refusal)
