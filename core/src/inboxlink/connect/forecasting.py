"""What ends soon of this installation's connections and registrations, from what is kept alone."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time

from inboxlink.connect.host import Host
from inboxlink.errors import InboxlinkError, SetupError, problem
from inboxlink.forecast.calendar import calendar
from inboxlink.forecast.foresight import (
    Facts,
    Forecast,
    RegistrationFacts,
    SeenCertificate,
    foresee,
    foresee_client,
)
from inboxlink.store.connections import Connection, ConnectionState
from inboxlink.types.detection import Endpoint, Role
from inboxlink.types.report import Chain, Check

__all__ = ["forecasts", "registration_forecasts"]

#: Of these the person knows already that they are to sign in again.
_OVER = frozenset({ConnectionState.NEEDS_REAUTH, ConnectionState.DISCONNECTED})


def forecasts(host: Host, connections: Iterable[Connection]) -> dict[str, tuple[Forecast, ...]]:
    """What ends soon, by the connection's id, the next one first; empty where nothing does.

    The registration that a connection is renewed with is part of it. One that cannot be read is
    no reason to keep the rest back: looking the installation over names it.
    """
    now = host.clock()
    registrations: dict[str, tuple[bool, tuple[Forecast, ...]]] = {}
    found: dict[str, tuple[Forecast, ...]] = {}
    for each in connections:
        if each.state in _OVER:
            found[each.id] = ()
            continue
        if each.provider not in registrations:
            registrations[each.provider] = _registration(host, each.provider)
        is_testing, of_client = registrations[each.provider]
        of_it = foresee(_facts(each, is_testing=is_testing), now, calendar())
        if each.expires_at is None:  # nothing of it is renewed
            of_client = ()
        both = (*of_it, *of_client)
        found[each.id] = tuple(sorted(both, key=lambda forecast: forecast.ends_at))
    return found


def registration_forecasts(host: Host, provider: str) -> tuple[Forecast, ...]:
    """What of the operator's registration with a provider ends soon.

    Raises:
        SetupError: `config_invalid`, and as `Host.client_settings`.
        HostError: As `Host.client_settings`.
    """
    settings = host.client_settings(provider)
    facts = RegistrationFacts(
        provider,
        secret_ends_at=_secret_ends_at(host, provider, settings.get("client_secret_ends")),
        certificate_ends_at=_certificate_ends_at(settings.get("certificate")),
    )
    return foresee_client(facts, host.clock(), calendar())


def _registration(host: Host, provider: str) -> tuple[bool, tuple[Forecast, ...]]:
    with suppress(InboxlinkError):
        is_testing = host.client_settings(provider).get("testing") == "true"
        return is_testing, registration_forecasts(host, provider)
    return False, ()


def _facts(connection: Connection, *, is_testing: bool) -> Facts:
    seen_at = connection.verified_at or connection.created_at
    return Facts(
        provider=connection.provider,
        kind=connection.kind,
        endpoints=connection.endpoints,
        grant_ends_at=connection.grant_ends_at,
        is_testing=is_testing,
        # The last renewal was an hour or so before the end of what it gave.
        used_at=connection.expires_at or seen_at,
        certificates=tuple(_certificates(connection, seen_at)),
    )


def _certificates(connection: Connection, seen_at: datetime) -> Iterator[SeenCertificate]:
    for check in () if connection.report is None else connection.report.checks:
        endpoint = _endpoint(connection, check)
        if check.certificate is not None and endpoint is not None:
            yield SeenCertificate(
                endpoint.authority,
                check.certificate.begins_at,
                check.certificate.ends_at,
                seen_at,
                is_pinned=endpoint.pin is not None,
            )


def _endpoint(connection: Connection, check: Check) -> Endpoint | None:
    """The server that a direction connects to; None = the connection names none."""
    is_outgoing = check.chain is Chain.SEND
    of_its_own = [each for each in connection.endpoints if each.role is Role.SUBMISSION]
    others = [each for each in connection.endpoints if each.role is not Role.SUBMISSION]
    return next(iter([*of_its_own, *others] if is_outgoing else others), None)


def _secret_ends_at(host: Host, provider: str, said: str | None) -> datetime | None:
    if said is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(said), time(), UTC)
    except ValueError:  # from the environment: the file is checked when it is read
        key = f"oauth.{provider}.client_secret_ends"
        reason = "must be a date, such as 2027-01-31"
        raise SetupError(
            problem("config_invalid", path=str(host.paths.config), key=key, reason=reason)
        ) from None


def _certificate_ends_at(pem: str | None) -> datetime | None:
    if pem is None:
        return None
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    except ValueError:  # which the registration's own check names
        return None
