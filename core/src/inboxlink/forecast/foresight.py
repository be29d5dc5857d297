"""From facts to what ends next: pure, and asking nobody.

What is said to be at risk is near and known. A certificate that was looked at long before its end
is renewed by most servers in time, so that nothing is said of it until it was seen to be late.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from inboxlink.errors import Blame
from inboxlink.forecast.calendar import Calendar
from inboxlink.types.credential import CredentialKind
from inboxlink.types.detection import Endpoint
from inboxlink.types.text import Text

__all__ = [
    "Facts",
    "Forecast",
    "RegistrationFacts",
    "SeenCertificate",
    "foresee",
    "foresee_client",
    "foresee_roots",
]


@dataclass(frozen=True, slots=True)
class SeenCertificate:
    """A server's certificate as it was seen.

    Args:
        server: `host:port`.
        begins_at: From when it is valid.
        ends_at: Until when it is valid.
        seen_at: When it was seen.
        is_pinned: Whether no other one is taken in its place, so that a renewed one changes
            nothing.
    """

    server: str
    begins_at: datetime
    ends_at: datetime
    seen_at: datetime
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one connection, secrets apart.

    Args:
        provider: Through which it was connected.
        kind: How it signs in.
        endpoints: Its servers; empty where the provider alone knows them.
        grant_ends_at: When the provider ends the grant; None = no such time is known.
        is_testing: Whether the operator's registration is in testing.
        used_at: When the grant was last used.
        certificates: Of its servers.
    """

    provider: str
    kind: CredentialKind
    endpoints: tuple[Endpoint, ...]
    grant_ends_at: datetime | None
    is_testing: bool
    used_at: datetime
    certificates: tuple[SeenCertificate, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistrationFacts:
    """What is known of the operator's registration with a provider.

    Args:
        provider: Whose.
        secret_ends_at: When its secret ends; None = the operator did not say.
        certificate_ends_at: When the certificate in its place ends; None = there is none.
    """

    provider: str
    secret_ends_at: datetime | None = None
    certificate_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Something that ends soon.

    Args:
        what: Stable: `grant`, `grant_testing`, `grant_unused`, `certificate`, `certificate_pinned`,
            `client_secret`, `client_certificate`, `ca_file`, or an entry of the calendar.
        ends_at: Aware.
        days_left: Whole days until then; 0 = today, or it is over.
        who: Can do something about it.
        message: What ends.
        remedy: What to do before.
    """

    what: str
    ends_at: datetime
    days_left: int
    who: Blame
    message: Text
    remedy: Text


def foresee(facts: Facts, now: datetime, calendar: Calendar) -> tuple[Forecast, ...]:
    """What of a connection ends soon, the next one first."""
    found = (
        *_of_the_grant(facts, now, calendar),
        *_of_certificates(facts, now, calendar),
        *_announced(facts, now, calendar),
    )
    return tuple(sorted(found, key=lambda each: each.ends_at))


def foresee_client(
    facts: RegistrationFacts, now: datetime, calendar: Calendar
) -> tuple[Forecast, ...]:
    """What of a registration ends soon, the next one first."""
    ends = (
        ("client_secret", facts.secret_ends_at),
        ("client_certificate", facts.certificate_ends_at),
    )
    notice = calendar.notice["registration"]
    found = [
        _forecast(what, ends_at, now, Blame.OPERATOR, provider=facts.provider)
        for what, ends_at in ends
        if ends_at is not None and ends_at - now <= notice
    ]
    return tuple(sorted(found, key=lambda each: each.ends_at))


def foresee_roots(
    path: str, ends: tuple[datetime, ...], now: datetime, calendar: Calendar
) -> tuple[Forecast, ...]:
    """The roots of the operator's file of which the last ends soon: after that none is left.

    Args:
        path: The file.
        ends: When each root in it ends.
        now: Aware.
        calendar: The dated facts.
    """
    last = max(ends, default=None)
    if last is None or last - now > calendar.notice["registration"]:
        return ()
    return (_forecast("ca_file", last, now, Blame.OPERATOR, path=path),)


def _of_the_grant(facts: Facts, now: datetime, calendar: Calendar) -> Iterator[Forecast]:
    ends_at = facts.grant_ends_at
    if ends_at is not None and ends_at - now <= calendar.notice["grant"]:
        what = "grant_testing" if facts.is_testing else "grant"
        yield _forecast(what, ends_at, now, Blame.PERSON)
    if facts.kind is not CredentialKind.OAUTH2:
        return
    hosts = {each.host for each in facts.endpoints}
    for rule in calendar.unused:
        idle_until = facts.used_at + rule.lasts
        is_meant = facts.provider in rule.providers or rule.hosts & hosts
        if is_meant and idle_until - now <= calendar.notice["unused"]:
            yield _forecast("grant_unused", idle_until, now, Blame.PERSON)


def _of_certificates(facts: Facts, now: datetime, calendar: Calendar) -> Iterator[Forecast]:
    longest = calendar.notice["certificate"]
    for each in facts.certificates:
        # Some live for six days only: theirs are late in the last quarter.
        notice = min(longest, (each.ends_at - each.begins_at) / 4)
        judged_at = now if each.is_pinned else each.seen_at
        if each.ends_at - judged_at <= notice:
            what = "certificate_pinned" if each.is_pinned else "certificate"
            yield _forecast(what, each.ends_at, now, Blame.MAILBOX, server=each.server)


def _announced(facts: Facts, now: datetime, calendar: Calendar) -> Iterator[Forecast]:
    for entry in calendar.announced:
        if entry.ends_at - now > entry.notice or (entry.kinds and facts.kind not in entry.kinds):
            continue
        for endpoint in facts.endpoints:
            is_meant = not entry.roles or endpoint.role in entry.roles
            if is_meant and endpoint.host in entry.hosts:
                yield _forecast(
                    entry.what, entry.ends_at, now, entry.who, server=endpoint.authority
                )


def _forecast(what: str, ends_at: datetime, now: datetime, who: Blame, **params: str) -> Forecast:
    key = f"forecast.{what}"
    days_left = max(0, (ends_at - now) // timedelta(days=1))
    return Forecast(what, ends_at, days_left, who, Text(key, params), Text(f"{key}.remedy", params))
