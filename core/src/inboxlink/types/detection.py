"""What is known about a domain's mail, and what a provider concludes from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from inboxlink.types.text import Text

__all__ = [
    "Basis",
    "CertificatePin",
    "Detection",
    "Endpoint",
    "Evidence",
    "HostingFact",
    "Lookup",
    "MailExchange",
    "PublishedServer",
    "Refusal",
    "Role",
    "Tls",
]


class Basis(IntEnum):
    """The kind of evidence a detection rests on; the higher wins."""

    GUESS = 10
    COMMUNITY_DB = 30
    PUBLISHED = 50
    HOSTED_MX = 70
    OWNED_DOMAIN = 90
    ADMIN_PRESET = 100


class Role(StrEnum):
    """What an endpoint is for."""

    IMAP = "imap"
    SUBMISSION = "submission"
    EWS = "ews"
    API = "api"


class Tls(StrEnum):
    """How TLS begins on an endpoint (RFC 8314 section 3): at once, or after STARTTLS."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"


@dataclass(frozen=True, slots=True)
class CertificatePin:
    """Exactly one certificate that a person or an operator chose to trust for an endpoint.

    Args:
        sha256: SHA-256 of the DER form, lower-case hexadecimal.
        der: The certificate itself, base64; it becomes the only trust anchor.
        any_name: Whether a name mismatch was shown and confirmed with it.
    """

    sha256: str
    der: str = field(repr=False)
    any_name: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a protocol is spoken, and with which user name.

    Args:
        role: What is spoken there.
        host: The name that the certificate must carry.
        port: 1 to 65535.
        tls: How TLS begins; there is no value for "without".
        username: The user name for this endpoint, with `{address}`, `{local}` and `{domain}`
            standing for the parts of the person's address. None = the whole address.
        pin: The one certificate to trust instead of the trust store; None = the trust store.
    """

    role: Role
    host: str
    port: int
    tls: Tls
    username: str | None = None
    pin: CertificatePin | None = None

    @property
    def authority(self) -> str:
        """`host:port`, as `--trust` and the configuration write it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class MailExchange:
    """One MX record: lower `preference` is tried first (RFC 5321 section 5.1)."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class PublishedServer:
    """One server of a domain's autoconfig file, of an operator's preset, or of SRV records.

    Args:
        protocol: `imap`, `smtp`, `pop3` or another word that the source used.
        tls: None where the source names no encryption that is known here.
        username: A template as in `Endpoint.username`.
        authentication: Words of the source, such as `password-cleartext` or `OAuth2`.
    """

    protocol: str
    host: str
    port: int
    tls: Tls | None
    username: str | None = None
    authentication: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostingFact:
    """Who keeps a domain's mailboxes, such as `google` or `amazon_workmail`, and what shows it."""

    name: str
    shown_by: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """One entry of the evidence log.

    Args:
        source: What was asked, such as `dns:mx` or an address of the web.
        outcome: What came of it, in a word or two.
        took_ms: Milliseconds; 0 for a table on this machine.
    """

    source: str
    outcome: str
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the core gathered about a domain, once; never the part before the @.

    In every field None means "was not looked up" and an empty tuple "looked up, nothing there".

    Args:
        domain: The A-label form.
        mx: Mail exchangers, most preferred first.
        published: Servers of the domain's own autoconfig file.
        preset: Servers that the operator set for this domain.
        hosting: Facts about who keeps the mailboxes.
        log: What was asked, in order.
    """

    domain: str
    mx: tuple[MailExchange, ...] | None = None
    published: tuple[PublishedServer, ...] | None = None
    preset: tuple[PublishedServer, ...] | None = None
    hosting: tuple[HostingFact, ...] = ()
    log: tuple[Lookup, ...] = ()

    def hosted_by(self, *names: str) -> HostingFact | None:
        """The first fact with one of these names, or None."""
        return next((fact for fact in self.hosting if fact.name in names), None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a mailbox cannot be connected this way, and what to do instead."""

    code: str
    because: Text
    instead: Text | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """What a provider concludes from the evidence.

    Args:
        provider: The provider's own name.
        basis: The kind of evidence it rests on.
        because: Said to the person beside the recommendation.
        endpoints: Where the protocols are spoken; empty = to be asked.
        unsupported: Set where the provider knows the mailbox and cannot connect it.
        settings: Non-secret values that the sign-in starts from.
    """

    provider: str
    basis: Basis
    because: Text
    endpoints: tuple[Endpoint, ...] = ()
    unsupported: Refusal | None = None
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)

    def endpoint(self, role: Role) -> Endpoint | None:
        """The endpoint for a role, or None."""
        return next((endpoint for endpoint in self.endpoints if endpoint.role is role), None)
