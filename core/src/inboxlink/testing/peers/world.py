"""Everything that one test has on loopback, and how an installation is wired to it.

An installation finds it by what an operator would write: `[network] ca_file`, `connect` and
`nameservers`. So the certificates are checked and the names resolved as they are anywhere.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from inboxlink.testing.peers.authorization import AuthorizationServer, Client
from inboxlink.testing.peers.autoconfig import autoconfig_of
from inboxlink.testing.peers.certificates import Authority, Certificate
from inboxlink.testing.peers.mail import MailServer
from inboxlink.testing.peers.nameserver import NameServer
from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.web import Answer, Request, WebServer

if TYPE_CHECKING:
    from inboxlink.testing.declarations import World as Declared

__all__ = ["Networked", "World"]

#: TEST-NET-1 (RFC 5737): an address that leads nowhere, where `connect` did not say otherwise.
_NOWHERE = "192.0.2.1"


class Networked(Protocol):
    """What has a place on the network, such as a world."""

    @property
    def network(self) -> Mapping[str, Any]:
        """The section `[network]` of an installation there."""


class World:
    """A world of one test, as a context: what it starts ends with it.

    Args:
        directory: For certificates and keys.

    Attributes:
        authority: Signs every certificate that is not made by a test itself.
        names: DNS; `names.set` answers a name with lines of a zone file, `names.questions` is what
            was asked.
    """

    def __init__(self, directory: Path) -> None:
        self.authority = Authority(directory)
        self.names = NameServer({})
        self._connect: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "World":
        self._stack.enter_context(self.names)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    @property
    def network(self) -> dict[str, Any]:
        """The section `[network]` of an installation in this world."""
        return {
            "ca_file": str(self.authority.ca_file),
            "nameservers": [f"{LOOPBACK}:{self.names.port}"],
            "special_domains": ["test"],
            "connect": dict(self._connect),
        }

    def declared(
        self, *, settings: Mapping[str, str] | None = None, servers: Any = None
    ) -> "Declared":
        """The same for a contract: what the fixture `world` of a `ProviderContract` gives.

        Args:
            settings: The operator's registration, such as `client_id`; None = there is none.
            servers: What the functions of the scripts need.
        """
        from inboxlink.testing.declarations import World as Declared

        network = self.network
        return Declared(
            connect=network["connect"],
            ca_file=self.authority.ca_file,
            nameservers=tuple(network["nameservers"]),
            settings=settings or {},
            servers=servers,
        )

    def web(
        self,
        answer: Callable[[Request], Answer],
        *hosts: str,
        certificate: Certificate | None = None,
    ) -> WebServer:
        """A web server over https under these names.

        Args:
            answer: Called for each request, in a thread of its connection.
            hosts: Its names.
            certificate: What it shows; None = a good one.
        """
        server = WebServer(certificate or self.authority.issue(*hosts), answer)
        self._stack.enter_context(server)
        self._place(server.port, *hosts)
        return server

    def authorization(
        self, host: str = "login.example.test", clients: tuple[Client, ...] = (Client(),)
    ) -> AuthorizationServer:
        """An authorization server under this name."""
        server = AuthorizationServer(self.authority.issue(host), host, clients)
        self._stack.enter_context(server)
        self._place(server.port, host)
        return server

    def mail(
        self,
        mailboxes: Mapping[str, str],
        *,
        imap: str | None = None,
        submission: str | None = None,
        certificate: Certificate | None = None,
    ) -> MailServer:
        """Mail servers for these mailboxes, whose domains have MX records and autoconfig files.

        Args:
            mailboxes: Passwords by address; at least one.
            imap: The name where mail is read; None = `imap.` before the first one's domain.
            submission: The name where mail is sent; None = `smtp.` before it.
            certificate: What both show; None = a good one.

        Raises:
            TimeoutError: A server did not come up.
        """
        domains = list(dict.fromkeys(address.rpartition("@")[2] for address in mailboxes))
        imap = imap or f"imap.{domains[0]}"
        submission = submission or f"smtp.{domains[0]}"
        shown = certificate or self.authority.issue(imap, submission)
        server = self._stack.enter_context(MailServer(shown, mailboxes))
        self._connect |= server.connect_map(imap, submission)
        for host in (imap, submission):
            self._resolve(host)
        for domain in domains:
            self.names.add(domain, f"{domain}. 60 IN MX 10 {imap}.")
            self.web(partial(autoconfig_of, domain), f"autoconfig.{domain}", domain)
        return server

    def _place(self, port: int, *hosts: str) -> None:
        for host in hosts:
            self._connect[f"{host}:443"] = f"{LOOPBACK}:{port}"
            self._resolve(host)

    def _resolve(self, host: str) -> None:
        self.names.add(host, f"{host}. 60 IN A {_NOWHERE}")
