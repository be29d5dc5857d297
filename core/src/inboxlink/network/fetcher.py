"""Fetch a public address: few redirects, little data, and nothing of the person.

h11 reads the answer; there is no proxy, cookie, netrc or credential here, and no encoding that
could unpack to anything. It is https alone, unless somebody chose to hear what anybody can forge.
"""

import asyncio
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

import inboxlink
from inboxlink.errors import MailboxError, problem
from inboxlink.hosts import check_host
from inboxlink.network.deadline import remaining_s
from inboxlink.network.dialer import Dialer
from inboxlink.network.reading import MAX_HEADER_BYTES, Reading
from inboxlink.network.stream import Stream
from inboxlink.types.context import HttpAnswer

__all__ = ["MAX_BODY_BYTES", "Fetcher"]

MAX_BODY_BYTES = 64 * 1024
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
        async with reached as stream:
            try:
                return await _exchange(target, stream)
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


async def _exchange(target: _Target, stream: Stream) -> HttpAnswer:
    import h11

    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
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
    head = connection.send(request) or b""
    await stream.send(head + (connection.send(h11.EndOfMessage()) or b""))
    reading = Reading(connection, target.url, target.host, target.port, MAX_BODY_BYTES)
    while (answer := reading.answer()) is None:
        reading.feed(await stream.receive(16 * 1024))
    return answer


def _trouble(code: str, target: _Target) -> MailboxError:
    return MailboxError(problem(code, host=target.host, port=str(target.port)))


def _no_target(host: str) -> MailboxError:
    return MailboxError(problem("http_failed", host=host, port=str(_PORTS["https"])))
