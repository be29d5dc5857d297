"""The doors themselves."""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar

from inboxlink.errors import MailboxError, UnreachableError, problem
from inboxlink.hosts import check_host, check_port
from inboxlink.network import certificate, starttls, tls
from inboxlink.network.answers import Outcome
from inboxlink.network.channel import PlainChannel, TlsChannel
from inboxlink.network.deadline import remaining_s, since_ms
from inboxlink.network.policy import IPAddress
from inboxlink.network.resolving import resolve
from inboxlink.network.settings import NetworkSettings
from inboxlink.types.context import CertificateFacts, HttpAnswer
from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls
from inboxlink.types.service import Service

if TYPE_CHECKING:
    from inboxlink.network.web_session import WebSession

__all__ = ["Network"]

_Result = TypeVar("_Result")
_Stage = Literal["dns", "tcp", "tls"]


class Network:
    """Everything that goes to the network goes through here. It implements `Wire`."""

    def __init__(self, settings: NetworkSettings) -> None:
        self.settings = settings

    def open(self, endpoint: Endpoint, deadline: float) -> TlsChannel:
        """See `CallContext.open`."""
        endpoint = _checked(endpoint)
        reach = _Reach(endpoint, deadline, self.settings)
        sock = reach.connect()
        try:
            greeting, wrapped = reach.run("tls", lambda: self._wrap(sock, endpoint, deadline))
        except BaseException:
            sock.close()
            raise
        return TlsChannel(
            wrapped,
            endpoint.host,
            endpoint.port,
            deadline,
            took_ms=tuple(reach.took_ms),
            greeting=greeting,
        )

    def certificate(self, endpoint: Endpoint, deadline: float) -> CertificateFacts:
        """See `CallContext.certificate`."""
        endpoint = _checked(endpoint)
        reach = _Reach(endpoint, deadline, self.settings)
        sock = reach.connect()
        with sock:
            return reach.run("tls", lambda: self._read_leaf(sock, endpoint, deadline))

    def get(self, url: str, deadline: float) -> HttpAnswer:
        """See `CallContext.get`."""
        return self._fetch(url, deadline)

    def redirect(self, url: str, deadline: float) -> str | None:
        """See `CallContext.redirect`."""
        answer = self._fetch(url, deadline, plain=True, follow=False)
        is_redirect = answer.status in (301, 302, 303, 307, 308)
        return answer.headers.get("location") if is_redirect else None

    def http(self, host: str, deadline: float, pin: CertificatePin | None = None) -> "WebSession":
        """See `CallContext.http`."""
        from inboxlink.network.web_session import WebSession

        endpoint = Endpoint(Role.API, host, 443, Tls.IMPLICIT, pin=pin)
        return WebSession(lambda: self.open(endpoint, deadline), check_host(host))

    def services(self, name: str, deadline: float) -> tuple[Service, ...]:
        """See `CallContext.services`."""
        from inboxlink.network.resolver import run_with_resolver

        answer = run_with_resolver(self.settings, lambda each: each.services(name, deadline))
        if not answer.is_known:
            code = "timed_out" if answer.outcome is Outcome.TIMED_OUT else "dns_failed"
            raise MailboxError(problem(code, host=name, port="53"))
        return tuple(sorted(answer.values, key=lambda each: (each.priority, -each.weight)))

    def _fetch(
        self, url: str, deadline: float, *, plain: bool = False, follow: bool = True
    ) -> HttpAnswer:
        from inboxlink.network.dialer import Dialer
        from inboxlink.network.fetcher import Fetcher
        from inboxlink.network.resolver import Resolver, run_with_resolver

        async def get(resolver: Resolver) -> HttpAnswer:
            fetcher = Fetcher(Dialer(self.settings, resolver))
            return await fetcher.get(url, deadline, plain=plain, follow=follow)

        return run_with_resolver(self.settings, get)

    def _wrap(
        self, sock: socket.socket, endpoint: Endpoint, deadline: float
    ) -> tuple[bytes | None, ssl.SSLSocket]:
        greeting = _prepare(sock, endpoint, deadline)
        sock.settimeout(remaining_s(deadline, endpoint.host, endpoint.port))
        wrapped = tls.wrap(sock, endpoint.host, endpoint.port, endpoint.pin, self.settings.ca_file)
        return greeting, wrapped

    @staticmethod
    def _read_leaf(sock: socket.socket, endpoint: Endpoint, deadline: float) -> CertificateFacts:
        _prepare(sock, endpoint, deadline)
        return certificate.read_leaf(sock, endpoint.host, endpoint.port, deadline)


def _checked(endpoint: Endpoint) -> Endpoint:
    """The endpoint in the form that DNS and TLS compare: one host for look-up and name check."""
    return replace(endpoint, host=check_host(endpoint.host), port=check_port(endpoint.port))


def _prepare(sock: socket.socket, endpoint: Endpoint, deadline: float) -> bytes | None:
    """Bring a connection to where TLS begins; the greeting, if STARTTLS heard one."""
    if endpoint.tls is Tls.IMPLICIT:
        return None
    plain = PlainChannel(sock, endpoint.host, endpoint.port, deadline)
    return starttls.negotiate(plain, endpoint)


class _Reach:
    """The way to one endpoint, stage by stage."""

    def __init__(self, endpoint: Endpoint, deadline: float, settings: NetworkSettings) -> None:
        self._host = endpoint.host
        self._port = endpoint.port
        self._deadline = deadline
        self._settings = settings
        self.took_ms: list[tuple[str, float]] = []

    def connect(self) -> socket.socket:
        """A TCP connection to an address that was judged."""
        targets = self.run(
            "dns", lambda: resolve(self._host, self._port, self._deadline, self._settings)
        )
        return self.run("tcp", lambda: self._connect_any(targets))

    def run(self, stage: _Stage, action: Callable[[], _Result]) -> _Result:
        """Do one stage, note how long it took, and name it where it fails."""
        started = time.monotonic()
        try:
            result = action()
        except MailboxError as error:
            self.took_ms.append((stage, since_ms(started)))
            raise UnreachableError(error.problem, stage, tuple(self.took_ms)) from None
        self.took_ms.append((stage, since_ms(started)))
        return result

    def _connect_any(self, targets: tuple[tuple[IPAddress, int], ...]) -> socket.socket:
        trouble: MailboxError | None = None
        for place, (address, port) in enumerate(targets):
            left = remaining_s(self._deadline, self._host, self._port)
            try:
                # Each address gets its share, so that a dead first one leaves time for the next.
                sock = socket.create_connection(
                    (str(address), port), timeout=left / (len(targets) - place)
                )
            except OSError as error:
                trouble = self._trouble(tls.code_of(error))
            else:
                with suppress(OSError):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return sock
        assert trouble is not None
        raise trouble

    def _trouble(self, code: str) -> MailboxError:
        return MailboxError(problem(code, host=self._host, port=str(self._port)))
