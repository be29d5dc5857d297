"""Judge what is known about a domain: which servers, on what evidence, or why not.

Pure: the evidence was gathered by the core.
"""

from collections.abc import Iterable
from dataclasses import replace

from inboxlink.types.detection import (
    Basis,
    Detection,
    Endpoint,
    Evidence,
    HostingFact,
    PublishedServer,
    Refusal,
    Role,
    SignIn,
    Strength,
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

#: What is said of those hosters that rarely take a password.
_BECAUSE = {
    "gmail": "imap.because.google",
    "google": "imap.because.google",
    "microsoft_365": "imap.because.microsoft",
    "outlook_com": "imap.because.microsoft",
}

_BASES = {Strength.DECISIVE: Basis.HOSTED_MX, Strength.LIKELY: Basis.BEHIND_GATEWAY}

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
    hosted = next((fact for fact in evidence.hosting if _is_reachable(fact)), None)
    if hosted is not None and hosted.strength is Strength.DECISIVE:
        return _hosted(evidence, hosted)
    if evidence.published:
        found = _of_servers(evidence, evidence.published, Basis.PUBLISHED, "imap.because.published")
        if found is not None:
            return found
    if hosted is not None:
        return _hosted(evidence, hosted)
    for servers, basis, key in (
        (evidence.community, Basis.COMMUNITY_DB, "imap.because.community"),
        (evidence.services, Basis.SERVICE_RECORDS, "imap.because.services"),
        (evidence.guessed, Basis.GUESS, "imap.because.guessed"),
        (evidence.insecure, Basis.INSECURE, "imap.because.insecure"),
    ):
        found = _of_servers(evidence, servers, basis, key) if servers else None
        if found is not None:
            return found
    return None


def variant(detection: Detection) -> str | None:
    """`gmail`, `outlook`, or None for any other server."""
    imap = detection.endpoint(Role.IMAP)
    return detection.settings.get("variant") or _VARIANTS.get(imap.host if imap else "")


def _is_reachable(fact: HostingFact) -> bool:
    has_servers = any(server.protocol in _PROTOCOLS.values() for server in fact.servers)
    has_answer = has_servers or SignIn.NONE in fact.sign_in or fact.cloud is not None
    return fact.is_conclusive and has_answer


def _hosted(evidence: Evidence, fact: HostingFact) -> Detection | None:
    """What a hoster's own servers, as the core knows them, come to."""
    key = _BECAUSE.get(fact.name)
    if key is None:
        app_password = fact.sign_in[:1] == (SignIn.APP_PASSWORD,)
        key = "imap.because.app_password" if app_password else "imap.because.hoster"
    because = Text(
        key,
        {
            **fact.named,
            "shown_by": fact.shown_by,
            "help": fact.help_url or "",
        },
    )
    basis = Basis.OWNED_DOMAIN if fact.is_owned else _BASES[fact.strength]
    if fact.cloud is not None:
        return _refusal(basis, because, policy.national_cloud(fact))
    if SignIn.NONE in fact.sign_in:
        return _refusal(basis, because, policy.closed(fact))
    found = _of_servers(evidence, fact.servers, basis, key)
    return None if found is None else replace(found, because=because)


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
