"""What this provider refuses, as data.

Each refusal says why and what to do instead. They are policy, not ability: a later version can
lift one by leaving out its line here (requirements 11, 12, 89 to 92).
"""

import re

from inboxlink.errors import Blame, Kind, Problem
from inboxlink.types.detection import HostingFact, Refusal, Role
from inboxlink.types.text import Text

__all__ = [
    "AMAZON_SES",
    "AMAZON_WORKMAIL",
    "COURIER",
    "POP3",
    "TEAM",
    "closed",
    "greeting_refusal",
    "host_refusal",
    "national_cloud",
    "port_refusal",
    "refused",
]


def _refusal(name: str, **params: str) -> Refusal:
    return Refusal(
        f"{name}_unsupported",
        Text(f"imap.refused.{name}", params),
        Text(f"imap.refused.{name}.instead", params),
    )


POP3 = _refusal("pop3")
COURIER = _refusal("courier")
AMAZON_SES = _refusal("amazon_ses")
AMAZON_WORKMAIL = _refusal("amazon_workmail")
TEAM = _refusal("team")

#: POP3 and POP3 over TLS (RFC 8314 section 7.2 and the IANA port registry).
_PORTS = {(Role.IMAP, 110): POP3, (Role.IMAP, 995): POP3}

#: Amazon's names as in "Amazon SES endpoints and quotas" and "Setting up IMAP email clients for
#: WorkMail" (docs.aws.amazon.com, read November 2026).
_HOSTS = (
    (re.compile(r"(.+\.)?awsapps\.com"), AMAZON_WORKMAIL),
    (re.compile(r"email-smtp(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"), AMAZON_SES),
    (re.compile(r"inbound-smtp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"), AMAZON_SES),
)

_POP3_HOST = re.compile(r"pop3?\d*\..+")
_COURIER = re.compile(rb"courier-imap|double precision, inc", re.IGNORECASE)


def closed(fact: HostingFact) -> Refusal:
    """Why a hoster that lets no program in is refused."""
    return _refusal(
        "closed",
        **fact.named,
        shown_by=fact.shown_by,
        help=fact.help_url or "",
    )


def national_cloud(fact: HostingFact) -> Refusal:
    """Why a mailbox in one of Microsoft's national clouds is refused."""
    return _refusal("national_cloud", cloud=fact.cloud or "")


def host_refusal(role: Role, host: str) -> Refusal | None:
    """Why a host that was typed or published is refused; None = it is not."""
    host = host.lower().rstrip(".")
    if role is Role.IMAP and _POP3_HOST.fullmatch(host):
        return POP3
    return next((refusal for names, refusal in _HOSTS if names.fullmatch(host)), None)


def port_refusal(role: Role, port: int) -> Refusal | None:
    """Why a port is refused; None = it is not."""
    return _PORTS.get((role, port))


def greeting_refusal(said: bytes) -> Refusal | None:
    """Why an IMAP server is refused for its greeting or its ID; None = it is not."""
    if said.startswith((b"+OK", b"-ERR")):
        return POP3
    return COURIER if _COURIER.search(said) else None


def refused(refusal: Refusal) -> Problem:
    """A refusal as a problem."""
    return Problem(refusal.code, Kind.SETUP, Blame.PERSON, refusal.because, refusal.instead)
