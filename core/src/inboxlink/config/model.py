"""What `inboxlink.toml` may say.

Every key has a default, so that an installation without a file works for one person on their own
machine.
"""

import ipaddress
import unicodedata
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from inboxlink.config import source
from inboxlink.errors import SetupError, problem
from inboxlink.hosts import check_host
from inboxlink.network.settings import NetworkSettings
from inboxlink.types.detection import PublishedServer, Tls, Trust
from inboxlink.types.model import Model

__all__ = ["Config", "OAuthSection", "Preset", "load", "preset_servers"]


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise ValueError("must begin with https://")
    return url


def _lower(name: str) -> str:
    return name.strip().strip(".").lower()


def _network(text: str) -> str:
    ipaddress.ip_network(text, strict=False)
    return text


def _one_line(text: str) -> str:
    # It stands in headings, in prompts and in the header of a message.
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
        raise ValueError("must be one line of visible characters")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
HttpsUrl = Annotated[str, AfterValidator(_https)]
Name = Annotated[str, AfterValidator(_lower), Field(min_length=1, max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]


class ApplicationSection(Model):
    """`[application]`: what the disclosures call the operator's application."""

    name: Line | None = Field(default=None, min_length=1, max_length=80)
    """What the disclosures call the application."""
    privacy_policy: HttpsUrl | None = None
    """Its privacy policy, which the opening links to."""
    support: Line | None = None
    """Where people ask for help."""
    team_inbox: HttpsUrl | None = None
    """Where an address that a team shares is connected."""
    compare_inboxes: HttpsUrl | None = None
    """A comparison of personal and team addresses."""
    troubleshooting: HttpsUrl | None = None
    """Help for errors; each error links to it, with its code behind a `#`."""


class ConnectSection(Model):
    """`[connect]`: who may connect a mailbox (req 19), and how many (req 10)."""

    personal_email_access: tuple[str, ...] = ("*",)
    """Who may connect a mailbox: user names, or `*` for everybody."""
    max_mailboxes: Annotated[int, Field(ge=1)] = 20
    """How many mailboxes one person may have connected."""


class ProvidersSection(Model):
    """`[providers]`: the provider names that may be used; left out, any that is enabled."""

    allow: tuple[str, ...] | None = None
    """Names of providers; left out, every one that is enabled."""


class StoreSection(Model):
    """`[store]`: an SQLAlchemy URL; left out, a SQLite file in the data directory."""

    url: str | None = Field(default=None, repr=False)
    """An SQLAlchemy URL; left out, a SQLite file in the data directory."""


class NetworkSection(Model):
    """`[network]`: private networks, and what tests and the demo use to stay on loopback."""

    ca_file: Path | None = None
    """Further roots to trust beside the system's, as PEM."""
    allow: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    """Private networks that may be reached, such as `10.1.0.0/16`."""
    special_domains: tuple[Name, ...] = ()
    """Domains that the internet does not know, such as `corp.local`."""
    connect: Mapping[str, str] = Field(default_factory=dict)
    """`host:port` to `address:port`; the certificate is still checked for the host."""
    nameservers: tuple[str, ...] = ()
    """`address:port` of DNS servers; left out, the system's resolver."""
    dnssec: bool = False
    """Whether these servers validate DNSSEC and the way to them is safe, such as loopback."""


class LookupSection(Model):
    """`[lookup]`: what is asked about a domain."""

    community: bool = True
    """Whether a full look-up tells the public database of mail providers the domain."""
    insecure_http: bool = False
    """Whether files by plain http are heard where nothing else is found; never used unconfirmed."""


class OAuthSection(Model):
    """`[oauth.NAME]`: the application's registration with a provider that signs in by OAuth.

    Each can come from the environment instead, as `INBOXLINK_OAUTH_<NAME>_<KEY>`.
    """

    client_id: Line | None = None
    """What the provider's console calls the client id, or the application id."""
    client_secret: str | None = Field(default=None, repr=False)
    """Its secret; a file of one's own is the better place."""
    client_secret_file: Path | None = None
    """A file that only the operator can read, with the secret in it."""
    client_secret_ends: date | None = None
    """The day on which the provider ends the secret, as its console says; it is foretold."""
    certificate_file: Path | None = None
    """A PEM file with the certificate and the key that stand in place of a secret."""
    tenant: Line | None = None
    """The tenant that alone may sign in; left out, the one of the person's domain."""
    redirect_uri: HttpsUrl | None = None
    """Where the provider leads back to, on a site of the operator's; left out, to this machine."""
    testing: bool = False
    """Whether the registration is in testing, so that each sign-in ends after seven days."""


def _host(text: str) -> str:
    try:
        return check_host(text)
    except SetupError:
        raise ValueError("must be the name of a server") from None


class PresetServer(Model):
    """One server of a preset."""

    host: Annotated[str, AfterValidator(_host)]
    """Name of the server."""
    port: Port
    """Its port."""
    tls: Literal["implicit", "starttls"]
    """`implicit` begins with TLS, `starttls` asks for it first."""


class Preset(Model):
    """`[presets."domain"]`: the servers of a domain, as its administrator knows them (req 97).

    `username` is a template: `{address}`, `{local}` and `{domain}` stand for the person's.
    """

    imap: PresetServer
    smtp: PresetServer
    username: str = "{address}"
    """Template; `{address}`, `{local}` and `{domain}` stand for the person's."""


class Config(Model):
    """The whole file."""

    application: ApplicationSection = ApplicationSection()
    connect: ConnectSection = ConnectSection()
    providers: ProvidersSection = ProvidersSection()
    store: StoreSection = StoreSection()
    network: NetworkSection = NetworkSection()
    lookup: LookupSection = LookupSection()
    oauth: Mapping[Name, OAuthSection] = Field(default_factory=dict)
    presets: Mapping[Name, Preset] = Field(default_factory=dict)

    def network_settings(self, *, allow_private: bool) -> NetworkSettings:
        """The settings of the doors to the network."""
        section = self.network
        return NetworkSettings(
            ca_file=section.ca_file,
            allow=tuple(ipaddress.ip_network(text, strict=False) for text in section.allow),
            allow_private=allow_private,
            connect=dict(section.connect),
            nameservers=section.nameservers,
            dnssec=section.dnssec,
        )


def load(path: Path) -> Config:
    """Read and check the file.

    Raises:
        SetupError: `config_syntax`, `config_unreadable`, or `config_invalid` with the dotted
            path of the first key that is wrong.
    """
    raw = source.read(path)
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        key, reason = _first(error.errors(include_input=False))
        raise SetupError(
            problem("config_invalid", path=str(path), key=key, reason=reason)
        ) from None


def preset_servers(preset: Preset) -> tuple[PublishedServer, ...]:
    """A preset in the form in which providers read servers."""
    return tuple(
        PublishedServer(
            protocol,
            server.host,
            server.port,
            Tls(server.tls),
            preset.username,
            ("password-cleartext",),
            Trust.SHIPPED,
        )
        for protocol, server in (("imap", preset.imap), ("smtp", preset.smtp))
    )


def _first(errors: list[Any]) -> tuple[str, str]:
    wrong = errors[0]
    key = ".".join(str(part) for part in wrong["loc"] if part != "[key]")
    reason = "unknown key" if wrong["type"] == "extra_forbidden" else str(wrong["msg"])
    return key, reason
