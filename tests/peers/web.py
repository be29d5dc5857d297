"""A web of several names on loopback: each address has a page, and every request is kept."""

from collections.abc import Callable
from types import TracebackType

from inboxlink.network.settings import NetworkSettings
from inboxlink.testing.peers.nameserver import NameServer, Twist
from peers.certificates import Authority, Certificate
from peers.scripted import Conversation, ScriptedServer

__all__ = ["Page", "World", "html", "page", "redirect"]

#: A whole answer, or what is done in place of one.
Page = bytes | Callable[[Conversation], None]


def page(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole answer."""
    head = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers)
    return b"\r\n".join((*head, b"", body))


def html(_: str = "") -> bytes:
    """The welcome page of a web host, which answers whatever is asked."""
    return page(b"<html><body>Welcome</body></html>", b"Content-Type: text/html")


def redirect(location: str, status: str = "302 Found") -> bytes:
    """A redirect."""
    return page(b"", b"Location: " + location.encode(), status=status.encode())


class World:
    """DNS and the web as a look-up sees them.

    Args:
        authority: Signs the certificate of the web server.
        hosts: The names that have a web server; each has an address as well.
        records: DNS, as zone-file lines by name.
        pages: By address of the web; a host's own name answers for all of its addresses.
        certificate: What the web server shows; None = a good one for its hosts.
        twist: What DNS makes of each reply.
        plain: Whether the hosts have a web server without TLS as well.
    """

    def __init__(
        self,
        authority: Authority,
        hosts: tuple[str, ...] = (),
        records: dict[str, str] | None = None,
        pages: dict[str, Page] | None = None,
        *,
        certificate: Certificate | None = None,
        twist: Twist | None = None,
        plain: bool = False,
    ) -> None:
        self.pages = dict(pages or {})
        self.requests: list[bytes] = []
        #: The addresses that were asked for, in order.
        self.fetched: list[str] = []
        self.names = NameServer(
            {host: f"{host}. 60 IN A 192.0.2.1" for host in hosts} | (records or {}),
            *(() if twist is None else (twist,)),
        )
        if certificate is None and hosts:
            certificate = authority.issue(*hosts)
        self._web = ScriptedServer(self._serve, certificate, implicit=True)
        web = f"127.0.0.1:{self._web.port}"
        self._plain = ScriptedServer(self._serve) if plain else None
        on_80 = f"127.0.0.1:{self._plain.port}" if self._plain else ""
        self.settings = NetworkSettings(
            ca_file=authority.ca_file,
            connect={f"{host}:443": web for host in hosts}
            | ({f"{host}:80": on_80 for host in hosts} if on_80 else {}),
            nameservers=(f"127.0.0.1:{self.names.port}",),
        )

    @property
    def configuration(self) -> str:
        """What an operator would write to reach it."""
        places = "\n".join(f'"{name}" = "{at}"' for name, at in self.settings.connect.items())
        return (
            f'[network]\nnameservers = ["{self.settings.nameservers[0]}"]\n'
            f'ca_file = "{self.settings.ca_file}"\n[network.connect]\n{places}\n'
        )

    def __enter__(self) -> "World":
        self.names.__enter__()
        self._web.__enter__()
        if self._plain is not None:
            self._plain.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._plain is not None:
            self._plain.__exit__(kind, error, trace)
        self._web.__exit__(kind, error, trace)
        self.names.__exit__(kind, error, trace)

    def _serve(self, conversation: Conversation) -> None:
        while conversation.read_line():
            pass
        request = conversation.after_tls or conversation.before_tls
        if not request:
            return
        scheme = "https" if conversation.is_tls else "http"
        self.requests.append(request)
        url = _url(request, scheme)
        self.fetched.append(url)
        answer = self.pages.get(url, self.pages.get(url.split("/")[2], page(b"", status=b"404 No")))
        if isinstance(answer, bytes):
            conversation.send(answer)
        else:
            answer(conversation)


def _url(request: bytes, scheme: str) -> str:
    target = request.split()[1].decode()
    (host,) = (line[6:].decode() for line in request.split(b"\r\n") if line.startswith(b"Host: "))
    return f"{scheme}://{host}{target}"
