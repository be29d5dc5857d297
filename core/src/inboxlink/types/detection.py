"""What is known about a domain's mail, and what a provider concludes from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from inboxlink.types.text import Text

if TYPE_CHECKING:
    from inboxlink.types.web import Probed

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
    "SignIn",
    "Strength",
    "Tls",
    "Trust",
]


class Basis(IntEnum):
    """The kind of evidence a detection rests on; the higher wins."""

    #: A file that came over plain http, which anybody on the way can have written.
    INSECURE = 5
    GUESS = 10
    #: A server answers like a certain product.
    FINGERPRINT = 20
    #: SRV records (RFC 6186).
    SERVICE_RECORDS = 25
    COMMUNITY_DB = 30
    #: The exchangers are a filter's; other records show who is behind it.
    BEHIND_GATEWAY = 40
    #: The domain's own https server.
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


class Trust(IntEnum):
    """How far a source can be forged."""

    #: Plain http anywhere on the way, or a guess.
    NONE = 0
    #: DNS without signatures.
    DNS = 1
    #: DNS that a trusted resolver validated, or a name within the domain itself.
    SIGNED = 2
    #: https with a certificate that was verified.
    VERIFIED = 3
    #: What this installation brought along or its operator set.
    SHIPPED = 4


@dataclass(frozen=True, slots=True)
class PublishedServer:
    """One server of a domain's autoconfig file, of an operator's preset, or of SRV records.

    Args:
        protocol: `imap`, `smtp`, `pop3` or another word that the source used.
        tls: None where the source names no encryption that is known here.
        username: A template as in `Endpoint.username`.
        authentication: Words of the source, such as `password-cleartext` or `OAuth2`.
        trust: How far the source can be forged.
    """

    protocol: str
    host: str
    port: int
    tls: Tls | None
    username: str | None = None
    authentication: tuple[str, ...] = ()
    trust: Trust = Trust.DNS


class Strength(StrEnum):
    """How much a fact about hosting says."""

    #: The mailboxes are there.
    DECISIVE = "decisive"
    #: Several signs agree, and none speaks against it.
    LIKELY = "likely"
    #: Seen, and not enough to conclude anything from.
    HINT = "hint"


class SignIn(StrEnum):
    """What a hoster lets programs sign in with."""

    PASSWORD = "password"
    #: A password made for one application, in the account's own pages.
    APP_PASSWORD = "app_password"
    OAUTH = "oauth"
    #: There is no IMAP and no submission for programs.
    NONE = "none"


#: Facts about what mail passes on its way, which say nothing about where it is kept.
_IN_FRONT = frozenset({"gateway", "null_mx", "broken_mx", "no_mx_implicit"})


@dataclass(frozen=True, slots=True)
class HostingFact:
    """Who keeps a domain's mailboxes, or stands before them, and what shows it.

    Args:
        name: Such as `google`, `microsoft_365`, `gateway`, or the id of a hoster in the table.
        shown_by: The record or name that shows it, for people: in the notation of DNS, which is
            the same in every language.
        title: What people call the hoster; empty where it has no name.
        titles: What they call it in other languages than English, by language, where that differs.
        strength: How much it says.
        is_owned: Whether the domain is the hoster's own, such as gmail.com.
        cloud: The national cloud of Microsoft's: `gcc_high`, `dod` or `china`; None elsewhere.
        tenant: The id of the domain's tenant at Microsoft; None = not asked for, or not told.
        servers: The hoster's servers; empty where the fact does not tell.
        sign_in: What it takes, the best first; empty where that is not known.
        help_url: The hoster's own page about it.
    """

    name: str
    shown_by: str
    strength: Strength = Strength.DECISIVE
    is_owned: bool = False
    cloud: str | None = None
    servers: tuple[PublishedServer, ...] = ()
    sign_in: tuple[SignIn, ...] = ()
    help_url: str | None = None
    title: str = ""
    tenant: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def named(self) -> dict[str, str]:
        """The hoster's name as the value `title` of a text, in every language (see `Text`)."""
        own = {f"title.{language}": title for language, title in self.titles.items()}
        return {"title": self.title or self.name, **own}

    @property
    def is_conclusive(self) -> bool:
        """Whether more than a hint at where the mailboxes are; what stands before them is none."""
        return self.strength is not Strength.HINT and self.name not in _IN_FRONT


@dataclass(frozen=True, slots=True)
class Lookup:
    """One entry of the evidence log.

    Args:
        source: What was asked, such as `dns:mx` or an address of the web.
        outcome: What came of it: a word such as `nonexistent`, an error's code, or what was heard
            in the notation of its protocol.
        took_ms: Milliseconds; 0 for a table on this machine.
        trust: How far the source can be forged.
        at_ms: Milliseconds after the look-up began.
    """

    source: str
    outcome: str
    took_ms: float = 0.0
    trust: Trust = Trust.SHIPPED
    at_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the core gathered about a domain, once; never the part before the @.

    In every field None means "was not looked up" and an empty tuple "looked up, nothing there".

    Args:
        domain: The A-label form.
        mx: Mail exchangers, most preferred first.
        services: Servers of the domain's SRV records (RFC 6186), most preferred first.
        published: Servers that the domain itself publishes over https.
        community: Servers that the database of mail providers, or the exchangers' own domain,
            gives for it.
        preset: Servers that the operator set for this domain.
        guessed: Servers under usual names that answered as such.
        insecure: Servers of a file that came over plain http, where the operator or the person
            chose to hear it; anybody on the way can have written them.
        probes: What came of the probes that providers asked for.
        hosting: Facts about who keeps the mailboxes.
        warnings: What the person should know before going on.
        log: What was asked, in order.
    """

    domain: str
    mx: tuple[MailExchange, ...] | None = None
    services: tuple[PublishedServer, ...] | None = None
    published: tuple[PublishedServer, ...] | None = None
    community: tuple[PublishedServer, ...] | None = None
    preset: tuple[PublishedServer, ...] | None = None
    guessed: tuple[PublishedServer, ...] | None = None
    insecure: tuple[PublishedServer, ...] | None = None
    probes: "tuple[Probed, ...] | None" = None
    hosting: tuple[HostingFact, ...] = ()
    warnings: tuple[Text, ...] = ()
    log: tuple[Lookup, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether it was known without asking, so that no answer could change it."""
        return bool(self.preset) or any(fact.is_owned for fact in self.hosting)

    def hosted_by(self, *names: str) -> HostingFact | None:
        """The first fact with one of these names that is more than a hint, or None."""
        return next(
            (
                fact
                for fact in self.hosting
                if fact.name in names and fact.strength is not Strength.HINT
            ),
            None,
        )

    def trust_of(self, host: str) -> Trust:
        """How far the sources can be forged that name a host; the best of them counts."""
        named = (server.trust for server in self.servers() if server.host == host)
        return max(named, default=Trust.NONE)

    def servers(self) -> tuple[PublishedServer, ...]:
        """Every server that a source names."""
        sources = (
            *(self.preset, self.published, self.community, self.services),
            *(self.guessed, self.insecure, *(fact.servers for fact in self.hosting)),
        )
        return tuple(server for source in sources for server in source or ())


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a mailbox cannot be connected this way, and what to do instead.

    Args:
        code: Stable snake_case name.
        because: Why.
        instead: What to do.
        provider: The name of another provider that can connect it; None = none is known.
    """

    code: str
    because: Text
    instead: Text | None = None
    provider: str | None = None


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
