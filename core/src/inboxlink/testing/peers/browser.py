"""A person's browser, as far as a sign-in needs one: it goes where it is led.

It is ours and no browser: it runs no scripts and fills no forms. It checks certificates, and finds
the names of a world where the world has them.
"""

import socket
import ssl
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import parse_qsl, urlsplit

from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.world import Networked

__all__ = ["Browser"]

_TIMEOUT_S = 10


class Browser:
    """Visits addresses of one world, and of this machine.

    Args:
        world: Where the names are found, and whose authority it trusts.
    """

    def __init__(self, world: Networked) -> None:
        self._world = world
        self._tls = ssl.create_default_context(cafile=str(world.network["ca_file"]))

    def authorize(self, url: str) -> str:
        """Sign in at an authorization server whose person answers at once.

        Returns:
            The address that it leads back to, which is not visited.

        Raises:
            LookupError: It leads nowhere: the request was not one that it takes.
        """
        status, location, page = self._get(url)
        if location is None:
            raise LookupError(f"{status}: {page}")
        return location

    def answer(self, url: str) -> dict[str, str]:
        """The parameters that it leads back with, as `Callback.params` has them."""
        return dict(parse_qsl(urlsplit(self.authorize(url)).query))

    def visit(self, url: str) -> tuple[int, str]:
        """Status and page of an address."""
        status, _, page = self._get(url)
        return status, page

    def sign_in(self, url: str) -> tuple[int, str]:
        """Sign in, and follow to where that leads."""
        return self.visit(self.authorize(url))

    def _get(self, url: str) -> tuple[int, str | None, str]:
        parts = urlsplit(url)
        host = parts.hostname or ""
        connection: HTTPConnection
        if parts.scheme == "https":
            place, _, port = self._world.network["connect"][f"{host}:443"].rpartition(":")
            connection = HTTPSConnection(host, timeout=_TIMEOUT_S)
            raw = socket.create_connection((place, int(port)), _TIMEOUT_S)
            connection.sock = self._tls.wrap_socket(raw, server_hostname=host)
        else:
            connection = HTTPConnection(LOOPBACK, parts.port, timeout=_TIMEOUT_S)
        try:
            target = f"{parts.path or '/'}?{parts.query}"
            connection.request("GET", target, headers={"Host": parts.netloc})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Location"), answer.read().decode()
        finally:
            connection.close()
