"""What the core lends to a hook for the length of one call."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol

from inboxlink.types.address import Address
from inboxlink.types.attempts import Attempts
from inboxlink.types.detection import Detection, Endpoint
from inboxlink.types.disclosure import Application, Audience, Capability
from inboxlink.types.web import HttpAnswer

__all__ = [
    "AuthContext",
    "CallContext",
    "CertificateFacts",
    "Channel",
    "HttpAnswer",
    "Previous",
    "Purpose",
    "Way",
    "Wire",
]


class Purpose(StrEnum):
    """Why the person signs in."""

    CONNECT = "connect"
    REAUTH = "reauth"
    RECONFIGURE = "reconfigure"


class Way(StrEnum):
    """How the host can bring an authorization answer back."""

    LOOPBACK = "loopback"
    REDIRECT = "redirect"
    DEVICE = "device"
    PASTE = "paste"


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


class Wire(Protocol):
    """The two doors to the network, and the look at a certificate that was not trusted."""

    def open(self, endpoint: Endpoint, deadline: float) -> Channel:
        """Connect to an endpoint; see `CallContext.open`."""

    def certificate(self, endpoint: Endpoint, deadline: float) -> CertificateFacts:
        """Read an endpoint's certificate; see `CallContext.certificate`."""

    def get(self, url: str, deadline: float) -> HttpAnswer:
        """Fetch an address; see `CallContext.get`."""


@dataclass(frozen=True, slots=True)
class Previous:
    """What an earlier sign-in of the same mailbox ended with, secrets apart."""

    account: str | None
    settings: Mapping[str, str]
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """What every hook that touches the network is lent.

    Args:
        address: The mailbox.
        audience: One person's or a team's.
        language: Of the person; errors are values and need it seldom.
        application: The operator's application.
        wanted: What the application wants to do.
        deadline: Seconds on the monotonic clock at which the network gives up. It lies before
            the end of the hook's own time, so that a slow server is no fault of the provider.
        send_test_message: Whether the person agreed to a message to themselves.
        wire: The doors to the network.
        clock: The wall clock, injected; aware, in UTC.
        random_token: Gives an unguessable token of that many bytes, injected.
        attempts: The uses of secrets in this action.
    """

    address: Address
    audience: Audience
    language: str
    application: Application
    wanted: frozenset[Capability]
    deadline: float
    wire: Wire = field(repr=False)
    clock: Callable[[], datetime] = field(repr=False)
    random_token: Callable[[int], str] = field(repr=False)
    send_test_message: bool = False
    attempts: Attempts = field(default_factory=Attempts, repr=False)

    def attempt(
        self, endpoint: Endpoint, username: str, secret: str
    ) -> AbstractContextManager[None]:
        """Hold the one use of a secret at a server; every secret is sent within such a block.

        Raises:
            SignInError: Before anything is sent, where the secret was refused in this action, or
                by this host within the last quarter of an hour (`refused_recently`).
        """
        return self.attempts.use(endpoint.host, username, secret)

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

    def now(self) -> datetime:
        """The time, aware and in UTC."""
        return self.clock()

    def token_urlsafe(self, size: int = 32) -> str:
        """An unguessable token of `size` random bytes, in the URL-safe alphabet."""
        return self.random_token(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthContext(CallContext):
    """What `authenticate` is lent.

    Args:
        purpose: Why the person signs in.
        detection: What the person chose to go on with.
        ways: How an authorization answer can come back on this host.
        previous: An earlier sign-in of this mailbox; None = there was none.
        redirect_uri: Registered for this provider and host; None = the host has no way back.
        oauth_state: Made and compared by the core.
        settings: The operator's settings for this provider.
    """

    purpose: Purpose
    detection: Detection
    ways: frozenset[Way] = frozenset()
    previous: Previous | None = None
    redirect_uri: str | None = None
    oauth_state: str | None = field(default=None, repr=False)
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
