from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING
from inboxlink.types.text import Text
if TYPE_CHECKING:
    from inboxlink.types.web import Probed
__all__ = ['Basis', 'CertificatePin', 'Detection', 'Endpoint', 'Evidence', 'HostingFact', 'Lookup', 'MailExchange', 'PublishedServer', 'Refusal', 'Role', 'SignIn', 'Strength', 'Tls', 'Trust']

class Basis(IntEnum):
    INSECURE = 5
    GUESS = 10
    FINGERPRINT = 20
    SERVICE_RECORDS = 25
    COMMUNITY_DB = 30
    BEHIND_GATEWAY = 40
    PUBLISHED = 50
    HOSTED_MX = 70
    OWNED_DOMAIN = 90
    ADMIN_PRESET = 100

class Role(StrEnum):
    IMAP = 'imap'
    SUBMISSION = 'submission'
    EWS = 'ews'
    API = 'api'

class Tls(StrEnum):
    IMPLICIT = 'implicit'
    STARTTLS = 'starttls'

@dataclass(frozen=True, slots=True)
class CertificatePin:
    sha256: str
    der: str = field(repr=False)
    any_name: bool = False

@dataclass(frozen=True, slots=True)
class Endpoint:
    role: Role
    host: str
    port: int
    tls: Tls
    username: str | None = None
    pin: CertificatePin | None = None

    @property
    def authority(self) -> str:
        ...

@dataclass(frozen=True, slots=True)
class MailExchange:
    preference: int
    host: str

class Trust(IntEnum):
    NONE = 0
    DNS = 1
    SIGNED = 2
    VERIFIED = 3
    SHIPPED = 4

@dataclass(frozen=True, slots=True)
class PublishedServer:
    protocol: str
    host: str
    port: int
    tls: Tls | None
    username: str | None = None
    authentication: tuple[str, ...] = ()
    trust: Trust = Trust.DNS

class Strength(StrEnum):
    DECISIVE = 'decisive'
    LIKELY = 'likely'
    HINT = 'hint'

class SignIn(StrEnum):
    PASSWORD = 'password'
    APP_PASSWORD = 'app_password'
    OAUTH = 'oauth'
    NONE = 'none'

@dataclass(frozen=True, slots=True)
class HostingFact:
    name: str
    shown_by: str
    strength: Strength = Strength.DECISIVE
    is_owned: bool = False
    cloud: str | None = None
    servers: tuple[PublishedServer, ...] = ()
    sign_in: tuple[SignIn, ...] = ()
    help_url: str | None = None
    title: str = ''
    tenant: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def named(self) -> dict[str, str]:
        ...

    @property
    def is_conclusive(self) -> bool:
        ...

@dataclass(frozen=True, slots=True)
class Lookup:
    source: str
    outcome: str
    took_ms: float = 0.0
    trust: Trust = Trust.SHIPPED
    at_ms: float = 0.0

@dataclass(frozen=True, slots=True)
class Evidence:
    domain: str
    mx: tuple[MailExchange, ...] | None = None
    services: tuple[PublishedServer, ...] | None = None
    published: tuple[PublishedServer, ...] | None = None
    community: tuple[PublishedServer, ...] | None = None
    preset: tuple[PublishedServer, ...] | None = None
    guessed: tuple[PublishedServer, ...] | None = None
    insecure: tuple[PublishedServer, ...] | None = None
    probes: 'tuple[Probed, ...] | None' = None
    hosting: tuple[HostingFact, ...] = ()
    warnings: tuple[Text, ...] = ()
    log: tuple[Lookup, ...] = ()

    @property
    def is_final(self) -> bool:
        ...

    def hosted_by(self, *names: str) -> HostingFact | None:
        ...

    def trust_of(self, host: str) -> Trust:
        ...

    def servers(self) -> tuple[PublishedServer, ...]:
        ...

@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    because: Text
    instead: Text | None = None
    provider: str | None = None

@dataclass(frozen=True, slots=True)
class Detection:
    provider: str
    basis: Basis
    because: Text
    endpoints: tuple[Endpoint, ...] = ()
    unsupported: Refusal | None = None
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)

    def endpoint(self, role: Role) -> Endpoint | None:
        ...
