"""The operator's registration of the application in Microsoft Entra, and what can be wrong with it.

Two slips are so common that they are looked for by themselves: the id of a secret pasted where its
value belongs, and a name where a GUID belongs.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from inboxlink.errors import Blame, Kind, Problem, problem
from inboxlink.types.text import Text

__all__ = ["Registration", "admin_consent_url", "faults"]

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: A tenant is named by its GUID or by a domain of its own.
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)
#: Not tenants, but groups of accounts (learn.microsoft.com, "Application configuration options").
_GROUPS = frozenset({"common", "organizations", "consumers"})


@dataclass(frozen=True, slots=True)
class Registration:
    """What `[oauth.outlook]` says.

    Args:
        client_id: Called "Application (client) ID" by Microsoft.
        secret: The value of a client secret; None = none.
        certificate: PEM with a certificate and its key; None = none. It goes before the secret.
        tenant: The one that alone may sign in; None = any.
        redirect_uri: Of the operator's own web site; None = none.
    """

    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    tenant: str | None = None
    redirect_uri: str | None = None

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> "Registration":
        """Read the operator's settings; what is empty is missing."""
        return cls(
            settings.get("client_id", ""),
            settings.get("client_secret") or None,
            settings.get("certificate") or None,
            settings.get("tenant") or None,
            settings.get("redirect_uri") or None,
        )

    @property
    def is_confidential(self) -> bool:
        """Whether the application proves itself with a secret or a certificate."""
        return self.secret is not None or self.certificate is not None

    @property
    def has_own_tenant(self) -> bool:
        """Whether the operator named one tenant."""
        return self.tenant is not None and self.tenant.lower() not in _GROUPS

    @property
    def credential(self) -> Any:  # noqa: ANN401 - msal's `client_credential`
        """What the application proves itself with; None = nothing."""
        if self.certificate is not None:
            return {"private_key": self.certificate, "public_certificate": self.certificate}
        return self.secret


def faults(settings: Mapping[str, str], now: datetime) -> tuple[Problem, ...]:
    """What can be told from the settings alone."""
    registration = Registration.of(settings)
    if not registration.client_id:
        return (problem("client_missing", provider="outlook", setting="client_id"),)
    return tuple(_faults(registration, now))


def admin_consent_url(registration: Registration, tenant: str, redirect_uri: str | None) -> str:
    """Where an administrator allows the application for a whole organisation.

    The form is that of "Grant tenant-wide admin consent" (learn.microsoft.com, read November 2026).

    Args:
        registration: Whose consent.
        tenant: Of the person; `organizations` = whichever the administrator signs in to.
        redirect_uri: Where this sign-in comes back to; None = nowhere.
    """
    query = {"client_id": registration.client_id}
    there = registration.redirect_uri or _without_port(redirect_uri)
    if there:
        query["redirect_uri"] = there
    return f"https://login.microsoftonline.com/{tenant}/adminconsent?{urlencode(query)}"


def _without_port(redirect_uri: str | None) -> str | None:
    # On the administrator's machine nobody listens, at whatever port.
    if redirect_uri is None:
        return None
    parts = urlsplit(redirect_uri)
    return parts._replace(netloc=parts.hostname or "").geturl()


def _faults(registration: Registration, now: datetime) -> Iterator[Problem]:
    if not _GUID.fullmatch(registration.client_id):
        yield _invalid("client_id")
    # A secret that Microsoft makes is never a GUID; the id beside it in the portal is.
    if registration.secret is not None and _GUID.fullmatch(registration.secret):
        yield _invalid("client_secret")
    tenant = registration.tenant
    if tenant is not None and not (
        tenant.lower() in _GROUPS or _GUID.fullmatch(tenant) or _DOMAIN.fullmatch(tenant)
    ):
        yield _invalid("tenant")
    if registration.certificate is not None:
        yield from _of_certificate(registration.certificate, now)


def _of_certificate(pem: str, now: datetime) -> Iterator[Problem]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):  # not PEM, half of it, or under a passphrase
        yield _invalid("certificate")
        return
    if key.public_key() != certificate.public_key():
        yield _invalid("certificate")
    elif certificate.not_valid_after_utc <= now:
        yield _invalid("certificate_expired", setting="certificate_file")


def _invalid(name: str, setting: str = "") -> Problem:
    setting = setting or {"certificate": "certificate_file"}.get(name, name)
    return Problem(
        "client_invalid",
        Kind.SETUP,
        Blame.OPERATOR,
        Text(f"outlook.client.{name}", {"setting": f"oauth.outlook.{setting}"}),
        Text(f"outlook.client.{name}.remedy"),
    )
