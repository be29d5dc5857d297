"""A client of the world that finds its names, for tests that ask a peer without the product."""

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode, urlsplit

from inboxlink.testing.peers.ports import LOOPBACK

if TYPE_CHECKING:
    import requests

__all__ = ["Reached", "Reply", "call", "connection_to", "requests_session"]

_TIMEOUT_S = 20


class Reached(Protocol):
    """A world that can be asked."""

    ca_file: Path

    @property
    def connect(self) -> Mapping[str, str]:
        """`[network] connect`."""


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def connection_to(
    url: str, connect: Mapping[str, str], ca_file: Path
) -> http.client.HTTPConnection:
    """A connection to the server of an address: of the world by https, of loopback by http."""
    target = urlsplit(url)
    host = target.hostname or ""
    if target.scheme == "http":
        assert host in (LOOPBACK, "localhost"), f"{host}: http goes to loopback only"
        connection = http.client.HTTPConnection(host, target.port or 80, timeout=_TIMEOUT_S)
        address, port = LOOPBACK, str(target.port or 80)
    else:
        place = connect.get(f"{host}:{target.port or 443}")
        assert place is not None, f"{host} is not of this world"
        address, _, port = place.rpartition(":")
        context = ssl.create_default_context(cafile=str(ca_file))
        connection = http.client.HTTPSConnection(host, timeout=_TIMEOUT_S, context=context)

    # The name stays what `Host` says and the certificate is checked for; only where it lies is
    # another place.
    def create(_: object, timeout: float, *__: object) -> socket.socket:
        return socket.create_connection((address, int(port)), timeout)

    connection._create_connection = create  # type: ignore[attr-defined]
    return connection


def call(
    world: Reached,
    method: str,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    content: Any = None,
    body: bytes | None = None,
    kind: str | None = None,
    bearer: str | None = None,
) -> Reply:
    """Ask once.

    Args:
        world: Who is asked.
        method: Of HTTP.
        url: The address.
        form: Sent as a form.
        content: Sent as JSON.
        body: Sent as it is, as `kind`.
        kind: The type of `body`.
        bearer: A token.
    """
    if form is not None:
        body, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
    elif content is not None:
        body, kind = json.dumps(content).encode(), "application/json"
    headers = {"Accept": "application/json"}
    if kind is not None:
        headers["Content-Type"] = kind
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    target = urlsplit(url)
    connection = connection_to(url, world.connect, world.ca_file)
    try:
        path = target.path + (f"?{target.query}" if target.query else "")
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def requests_session(connect: Mapping[str, str], ca_file: Path) -> "requests.Session":
    """A session for libraries that use requests; names outside of the world are refused."""
    import requests
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def get_connection_with_tls_context(  # type: ignore[override]
            self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
        ) -> Any:
            place, keys = self.build_connection_pool_key_attributes(request, verify, cert)
            host = place["host"]
            found = connect.get(f"{host}:{place['port'] or 443}")
            if place["scheme"] != "https" or found is None:
                raise requests.exceptions.ConnectionError(f"{host} is not of this world")
            place["host"], _, port = found.rpartition(":")
            place["port"] = int(port)
            keys |= {"server_hostname": host, "assert_hostname": host}
            request.headers["Host"] = host
            return self.poolmanager.connection_from_host(**place, pool_kwargs=keys)

    session = requests.Session()
    session.trust_env = False  # the CA is this one, whatever the environment names
    session.verify = str(ca_file)
    session.mount("https://", Adapter())
    session.mount("http://", Adapter())
    return session
