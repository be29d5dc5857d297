"""Fetch a public address: few redirects, little data, and nothing of the person.

h11 reads the answer; there is no proxy, cookie, netrc or credential here, and no encoding that
could unpack to anything. It is https alone, unless somebody chose to hear what anybody can forge.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import inboxlink
from inboxlink.errors import MailboxError, problem
from inboxlink.network.deadline import remaining_s
from inboxlink.network.dialer import Dialer
from inboxlink.network.policy import check_host
from inboxlink.types.context import HttpAnswer

if TYPE_CHECKING:
    import h11

__all__ = ["MAX_BODY_BYTES", "Fetcher"]

MAX_BODY_BYTES = 64 * 1024
_MAX_HEADER_BYTES = 8 * 1024
#: All that comes in for one answer; interim responses and the frames of chunks have no other end.
_MAX_BYTES = 4 * MAX_BODY_BYTES
_MAX_HEADERS = 100
_MAX_REDIRECTS = 3
_PORTS = {"https": 443, "http": 80}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class _Target:
    url: str
    host: str
    path: str
    is_plain: bool

    @property
    def port(self) -> int:
        return _PORTS["http" if self.is_plain else "https"]


class Fetcher:
    """The one way to the web of a look-up; it belongs to one event loop."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    async def get(
        self, url: str, deadline: float, *, plain: bool = False, follow: bool = True
    ) -> HttpAnswer:
        """GET an https address and follow its redirects, each judged like the first.

        Args:
            url: The address.
            deadline: On the monotonic clock, for all of it.
            plain: Whether it may be one of plain http, and lead to others; from https there is no
                way back to http.
            follow: Whether redirects are followed; otherwise they are the answer.

        Raises:
            MailboxError: `http_failed`, `response_too_large`, `timed_out`, `host_not_found`,
                `dns_failed`, `certificate_*`, `not_tls`, `tls_failed`, `connection_refused`,
                `connection_lost`, `network_unreachable`.
            SetupError: `host_invalid`, `address_blocked`, `ca_file_unusable`.
        """
        target = _target(url, plain=plain)
        via: list[str] = []
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                async with asyncio.timeout(remaining_s(deadline, target.host, target.port)):
                    answer = await self._get(target, deadline)
            except TimeoutError:
                raise _trouble("timed_out", target) from None
            location = answer.headers.get("location")
            if not follow or answer.status not in _REDIRECTS or location is None:
                return replace(answer, via=tuple(via))
            via.append(target.url)
            try:
                target = _target(urljoin(target.url, location), plain=target.is_plain)
            except ValueError:
                raise _trouble("http_failed", target) from None
        raise _trouble("http_failed", target)

    async def _get(self, target: _Target, deadline: float) -> HttpAnswer:
        reached = self._dialer.connected(
            target.host, target.port, deadline, encrypted=not target.is_plain
        )
        async with reached as (reader, writer):
            try:
                return await _exchange(target, reader, writer)
            except OSError:
                raise _trouble("connection_lost", target) from None


def _target(url: str, *, plain: bool = False) -> _Target:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _no_target("") from None
    has_user = parts.username is not None or parts.password is not None
    is_allowed = parts.scheme == "https" or (plain and parts.scheme == "http")
    if not is_allowed or not parts.hostname or has_user:
        raise _no_target(parts.hostname or "")
    if port not in (None, _PORTS[parts.scheme]):
        raise _no_target(parts.hostname)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or any(ord(character) <= 0x20 for character in path):
        raise _no_target(parts.hostname)
    return _Target(url, check_host(parts.hostname), path, parts.scheme == "http")


async def _exchange(
    target: _Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> HttpAnswer:
    import h11

    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEADER_BYTES)
    authority = f"[{target.host}]" if ":" in target.host else target.host
    request = h11.Request(
        method="GET",
        target=target.path,
        headers=[
            ("Host", authority),
            ("Accept-Encoding", "identity"),
            ("User-Agent", f"inboxlink/{inboxlink.__version__}"),
            ("Connection", "close"),
        ],
    )
    writer.write(connection.send(request) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()
    try:
        return await _read(target, connection, reader)
    except h11.RemoteProtocolError:
        raise _trouble("http_failed", target) from None


async def _read(
    target: _Target, connection: "h11.Connection", reader: asyncio.StreamReader
) -> HttpAnswer:
    import h11

    status, headers, body, taken = 0, dict[str, str](), bytearray(), 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(16 * 1024)
            taken += len(data)
            if taken > _MAX_BYTES:
                raise _trouble("response_too_large", target)
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            status = event.status_code
            if len(event.headers) > _MAX_HEADERS:
                raise _trouble("http_failed", target)
            for raw, value in event.headers:
                name, text = raw.decode("ascii"), value.decode("latin-1")
                # One header may come in several lines (RFC 9110 section 5.3).
                headers[name] = f"{headers[name]}, {text}" if name in headers else text
            # An encoding that was not asked for could unpack to anything.
            if headers.get("content-encoding", "identity").lower() != "identity":
                raise _trouble("http_failed", target)
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_BODY_BYTES:
                raise _trouble("response_too_large", target)
        elif isinstance(event, h11.EndOfMessage):
            return HttpAnswer(target.url, status, headers, bytes(body))
        elif isinstance(event, h11.ConnectionClosed):
            raise _trouble("connection_lost", target)


def _trouble(code: str, target: _Target) -> MailboxError:
    return MailboxError(problem(code, host=target.host, port=str(target.port)))


def _no_target(host: str) -> MailboxError:
    return MailboxError(problem("http_failed", host=host, port=str(_PORTS["https"])))
