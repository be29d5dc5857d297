"""What the core lends to a hook for the length of one call."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol, Self

from inboxlink.types.address import Address
from inboxlink.types.attempts import Attempts
from inboxlink.types.detection import CertificatePin, Detection, Endpoint
from inboxlink.types.disclosure import Application, Audience, Capability
from inboxlink.types.service import Service
from inboxlink.types.validity import Validity
from inboxlink.types.way import Way
from inboxlink.types.web import HttpAnswer

__all__ = [
    "AuthContext",
    "CallContext",
    "CertificateFacts",
    "Channel",
    "HookContext",
    "HttpAnswer",
    "HttpSession",
    "Previous",
    "Purpose",
    "Wire",
]


class Purpose(StrEnum):
    """Why the person signs in."""

    CONNECT = "connect"
    REAUTH = "reauth"
    RECONFIGURE = "reconfigure"


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A server's certificate, as a person is shown it.

    Args:
        subject: RFC 4514 form, cleaned.
        names: DNS names and addresses that it is for.
        issuer: RFC 4514 form, cleaned.
        not_before: From when it is valid.
        not_after: Until when it is valid.
        sha256: Of the DER form, lower-case hexadecimal.
        der: The certificate, base64.
        matches_name: Whether it is for the name that was asked.
    """

    subject: str
    names: tuple[str, ...]
    issuer: str
    not_before: datetime
    not_after: datetime
    sha256: str
    der: str = field(repr=False)
    matches_name: bool


class Channel(Protocol):
    """A connection whose TLS is verified, with an absolute deadline and a cap on bytes.

    Every read and write ends with `MailboxError` (`timed_out`, `connection_lost`,
    `response_too_large`) and with nothing else.
    """

    @property
    def took_ms(self) -> tuple[tuple[str, float], ...]:
        """Milliseconds of the stages `dns`, `tcp` and `tls`, in order."""

    @property
    def tls_version(self) -> str:
        """Such as `TLSv1.3`."""

    @property
    def validity(self) -> Validity | None:
        """How long the server's certificate is valid; None = that is not known."""

    @property
    def greeting(self) -> bytes | None:
        """What a STARTTLS server said before TLS: unauthenticated, good only for refusing.

        None on implicit TLS, where the greeting comes over the channel.
        """

    def sendall(self, data: bytes) -> None:
        """Send everything."""

    def makefile(self, mode: str = "rb") -> BinaryIO:
        """A buffered reader, as `http.client`, `imaplib` and `smtplib` want it."""

    def close(self) -> None:
        """Close; closing twice is harmless."""


class HttpSession(Protocol):
    """One connection to one web server whose TLS is verified; requests follow one another.

    There is no redirect, proxy, cookie, netrc or encoding on it, and no header but what is given:
    what is sent goes to this host and to no other.
    """

    @property
    def took_ms(self) -> tuple[tuple[str, float], ...]:
        """Milliseconds of the stages `dns`, `tcp` and `tls`, in order."""

    @property
    def tls_version(self) -> str:
        """Such as `TLSv1.3`."""

    @property
    def validity(self) -> Validity | None:
        """How long the server's certificate is valid; None = that is not known."""

    @property
    def certificate(self) -> bytes:
        """The server's own certificate, DER: what a channel binding is made of (RFC 5929)."""

    @property
    def connection(self) -> int:
        """Which connection the next request goes on, counted from 1.

        A server may end one with an answer, and a sign-in that belongs to the connection, as
        that of NTLM does, ends with it.
        """

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        """Send one request and read its answer to the end.

        Args:
            method: Such as `GET`.
            target: Path and query, beginning with a slash, percent-encoded.
            headers: In addition to `Host`, `User-Agent`, `Content-Length` and
                `Accept-Encoding: identity`.
            body: None = none.

        Raises:
            MailboxError: `timed_out`, `connection_lost`, `response_too_large`, `http_failed`.
        """

    def close(self) -> None:
        """Close; closing twice is harmless."""

    def __enter__(self) -> Self:
        """The session itself."""

    def __exit__(self, *_: object) -> None:
        """Close."""


class Wire(Protocol):
    """The doors to the network, and the look at a certificate that was not trusted."""

    def open(self, endpoint: Endpoint, deadline: float) -> Channel:
        """Connect to an endpoint; see `CallContext.open`."""

    def certificate(self, endpoint: Endpoint, deadline: float) -> CertificateFacts:
        """Read an endpoint's certificate; see `CallContext.certificate`."""

    def get(self, url: str, deadline: float) -> HttpAnswer:
        """Fetch an address; see `CallContext.get`."""

    def redirect(self, url: str, deadline: float) -> str | None:
        """Ask where an address leads; see `CallContext.redirect`."""

    def http(self, host: str, deadline: float, pin: CertificatePin | None = None) -> HttpSession:
        """Connect to a web server; see `CallContext.http`."""

    def services(self, name: str, deadline: float) -> tuple[Service, ...]:
        """Ask for SRV records; see `CallContext.services`."""


@dataclass(frozen=True, slots=True)
class Previous:
    """What an earlier sign-in of the same mailbox ended with, secrets apart."""

    account: str | None
    settings: Mapping[str, str]
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HookContext:
    """What every hook that touches the network is lent.

    Args:
        settings: The operator's settings for this provider, such as `client_id`, from
            `[oauth.NAME]`; empty where the operator set none.
        deadline: Seconds on the monotonic clock at which the network gives up. It lies before
            the end of the hook's own time, so that a slow server is no fault of the provider.
        wire: The doors to the network.
        clock: The wall clock, injected; aware, in UTC.
        random_token: Gives an unguessable token of that many bytes, injected.
    """

    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    deadline: float
    wire: Wire = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)
    random_token: Callable[[int], str] = field(repr=False)

    def open(self, endpoint: Endpoint) -> Channel:
        """Connect, and return only when TLS is up and the certificate verified or pinned.

        STARTTLS is done on the way: what the server said before it is dropped, and bytes that
        came with its answer end the connection.

        Raises:
            UnreachableError: With the stage that failed.
            SetupError: `address_blocked`, where the address policy forbids it.
        """
        return self.wire.open(endpoint, self.deadline)

    def certificate(self, endpoint: Endpoint) -> CertificateFacts:
        """Read the certificate that a server shows, trusting it for nothing.

        Raises:
            UnreachableError: No certificate could be had.
        """
        return self.wire.certificate(endpoint, self.deadline)

    def get(self, url: str) -> HttpAnswer:
        """Fetch an https address without any credential: 3 redirects, 64 KiB.

        Raises:
            MailboxError: It could not be had.
        """
        return self.wire.get(url, self.deadline)

    def redirect(self, url: str) -> str | None:
        """Where an address of plain http, or of https, redirects to; nothing is followed.

        Anybody on the way can have written it, so that it is a suggestion for the person to
        confirm. The request carries nothing but the address itself.

        Returns:
            The `Location` as it stands; None = it does not redirect.

        Raises:
            MailboxError: It could not be asked.
        """
        return self.wire.redirect(url, self.deadline)

    def http(self, host: str, pin: CertificatePin | None = None) -> HttpSession:
        """Connect to a web server, on port 443, to send it requests.

        A credential goes only to a host that the provider names itself, or that the person
        confirmed; never to one that a stranger named.

        Args:
            host: Its name.
            pin: The one certificate to trust; None = the trust store.

        Raises:
            UnreachableError: With the stage that failed.
            SetupError: `address_blocked`, where the address policy forbids it.
        """
        return self.wire.http(host, self.deadline, pin)

    def services(self, name: str) -> tuple[Service, ...]:
        """SRV records of a name such as `_autodiscover._tcp.example.org` (RFC 2782).

        Lowest priority number first, then the greatest weight; empty = there are none.

        Raises:
            MailboxError: `dns_failed`, `timed_out`: nobody knows whether there are any.
        """
        return self.wire.services(name, self.deadline)

    def now(self) -> datetime:
        """The time, aware and in UTC."""
        return self.clock()

    def token_urlsafe(self, size: int = 32) -> str:
        """An unguessable token of `size` random bytes, in the URL-safe alphabet."""
        return self.random_token(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext(HookContext):
    """What a hook about one mailbox is lent.

    Args:
        address: The mailbox.
        audience: One person's or a team's.
        language: Of the person; errors are values and need it seldom.
        application: The operator's application.
        wanted: What the application wants to do.
        send_test_message: Whether the person agreed to a message to themselves.
        attempts: The uses of secrets in this action.
    """

    address: Address
    audience: Audience
    language: str
    application: Application
    wanted: frozenset[Capability]
    send_test_message: bool = False
    attempts: Attempts = field(default_factory=Attempts, repr=False)

    def attempt(
        self, endpoint: Endpoint, username: str, secret: str
    ) -> AbstractContextManager[None]:
        """Hold the one use of a secret at a server; every password is sent within such a block.

        Raises:
            SignInError: Before anything is sent, where the secret was refused in this action, or
                by this host within the last quarter of an hour (`refused_recently`).
        """
        return self.attempts.use(endpoint.host, username, secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthContext(CallContext):
    """What `authenticate` is lent.

    Args:
        purpose: Why the person signs in.
        detection: What the person chose to go on with.
        ways: How an authorization answer can come back on this host.
        previous: An earlier sign-in of this mailbox; None = there was none.
        redirect_uri: Where the answer comes back to, of this provider and host; None = the host
            has no such place, and only a code typed elsewhere remains.
        oauth_state: Made and compared by the core.
    """

    purpose: Purpose
    detection: Detection
    ways: frozenset[Way] = frozenset()
    previous: Previous | None = None
    redirect_uri: str | None = None
    oauth_state: str | None = field(default=None, repr=False)
