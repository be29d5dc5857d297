"""Fetch a public address: https alone, few redirects, little data, and nothing of the person.

The standard library's client runs over the same channel as mail does, so that resolving once,
judging the address, the certificate, the deadline and the cap hold here as well. It knows no
proxies, cookies, netrc or credentials.
"""

import http.client
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import inboxlink
from inboxlink.errors import MailboxError, problem
from inboxlink.network.channel import TlsChannel
from inboxlink.network.policy import check_host
from inboxlink.types.context import HttpAnswer

__all__ = ["MAX_BODY_BYTES", "fetch"]

MAX_BODY_BYTES = 64 * 1024
_MAX_REDIRECTS = 3
_PORT = 443
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def fetch(url: str, connect: Callable[[str, int], TlsChannel]) -> HttpAnswer:
    """GET an https address and follow its redirects, each judged like the first.

    Args:
        url: The address.
        connect: Gives a verified channel to a host and port.

    Raises:
        MailboxError: `http_failed`, `response_too_large`, and what the channel raises.
        SetupError: `host_invalid`, `address_blocked`.
    """
    for _ in range(_MAX_REDIRECTS + 1):
        host, target = _parts(url)
        answer = _get(url, host, target, connect(host, _PORT))
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or location is None:
            return answer
        try:
            url = urljoin(url, location)
        except ValueError:
            raise _trouble(host) from None
    raise _trouble(host)


def _parts(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _trouble("") from None
    has_user = parts.username is not None or parts.password is not None
    if parts.scheme != "https" or not parts.hostname or has_user or port not in (None, _PORT):
        raise _trouble(parts.hostname or "")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or any(ord(character) <= 0x20 for character in target):
        raise _trouble(parts.hostname)
    return check_host(parts.hostname), target


def _get(url: str, host: str, target: str, channel: TlsChannel) -> HttpAnswer:
    try:
        connection = _Connection(host, channel)
        connection.request(
            "GET",
            target,
            headers={
                "Accept-Encoding": "identity",
                "User-Agent": f"inboxlink/{inboxlink.__version__}",
                "Connection": "close",
            },
        )
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        # An encoding that was not asked for could unpack to anything.
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise _trouble(host)
        body = response.read(MAX_BODY_BYTES + 1)
        if len(body) > MAX_BODY_BYTES:
            raise MailboxError(problem("response_too_large", host=host, port=str(_PORT)))
        # A read with a limit takes an early end of the stream for the end of the body.
        if response.length:
            raise _trouble(host)
        return HttpAnswer(url, response.status, headers, body)
    except (http.client.HTTPException, ValueError):
        raise _trouble(host) from None
    finally:
        channel.close()


class _Connection(http.client.HTTPConnection):
    default_port = _PORT  # so that the Host header does without it

    def __init__(self, host: str, channel: TlsChannel) -> None:
        # Without a port the client would look for one behind the last colon of an IPv6 address.
        super().__init__(host, _PORT)
        self.sock = channel  # it uses of a socket what a channel has

    def close(self) -> None:
        """Leave the channel open: the response is read after the client has let go of it."""


def _trouble(host: str) -> MailboxError:
    return MailboxError(problem("http_failed", host=host, port=str(_PORT)))
