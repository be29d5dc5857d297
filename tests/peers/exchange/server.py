"""HTTP of the emulator: who may come in, and how often somebody tried."""

import base64
import hashlib
import os
import re
import ssl
import tempfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any
from xml.etree import ElementTree as ET

import spnego
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from inboxlink.testing.peers.ports import LOOPBACK
from peers.certificates import Certificate
from peers.exchange import autodiscover
from peers.exchange.autodiscover import Advice
from peers.exchange.mailboxes import Directory, Mailbox
from peers.exchange.services import Services
from peers.exchange.soap import Fault, envelope, fault

__all__ = ["ExchangeServer", "Handler", "Version"]

Version = tuple[int, int, int, int]

#: Schema versions that a server of a version takes (MS-OXWSCDATA section 2.2.5.9).
_SCHEMAS = (
    ((8, 0), "Exchange2007"),
    ((8, 1), "Exchange2007_SP1"),
    ((14, 0), "Exchange2010"),
    ((14, 1), "Exchange2010_SP1"),
    ((14, 2), "Exchange2010_SP2"),
    ((15, 0), "Exchange2013"),
    ((15, 0), "Exchange2013_SP1"),
    ((15, 1), "Exchange2015"),
    ((15, 1), "Exchange2016"),
)


class ExchangeServer:
    """One server under any number of names.

    Args:
        directory: The people.
        certificate: For all of its names.
        schemes: What it offers, in its own order: `negotiate`, `ntlm`, `basic`.
        version: Of Exchange.
        extended_protection: Whether NTLM must be bound to the TLS connection.

    Attributes:
        advice: What Autodiscover says, by the name of the host that is asked; a host without any
            has no Autodiscover.
        pages: What is answered in place of all else, by host and path.
        uses: Every use of a password: scheme, login, and whether it was right.
        requests: Method, host and path of every request, in order.
        authorizations: The scheme of every `Authorization` that came, right or wrong.
        keeps_signed_in: Whether NTLM signs a connection in, or one request of it alone, as IIS
            does with `authPersistSingleRequest`.
        certificate_sha256: Of its certificate, hexadecimal.
        ends: After which answers the connection ends: `challenge`, `answer`.
    """

    def __init__(
        self,
        directory: Directory,
        certificate: Certificate,
        *,
        schemes: tuple[str, ...] = ("ntlm", "basic"),
        version: Version = (15, 1, 2507, 6),
        extended_protection: bool = False,
    ) -> None:
        self.directory = directory
        self.schemes = schemes
        self.version = version
        self.services = Services(directory)
        self.advice: dict[str, Advice] = {}
        self.pages: dict[tuple[str, str], Callable[[Handler], None]] = {}
        self.uses: list[tuple[str, str, bool]] = []
        self.requests: list[tuple[str, str, str]] = []
        self.authorizations: list[str] = []
        self.keeps_signed_in = True
        self.ends: frozenset[str] = frozenset()
        self.speaks_soap = True
        leaf = x509.load_pem_x509_certificate(certificate.cert.read_bytes())
        self.certificate_sha256 = leaf.fingerprint(hashes.SHA256()).hex()
        self.binding: GssChannelBindings | None = None
        if extended_protection:
            self.bind_to(certificate)
        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        self._server.exchange = self  # type: ignore[attr-defined]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        # The handshake belongs to the connection's own thread.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = int(self._server.server_address[1])
        self._users = tempfile.TemporaryDirectory()
        lines = []
        for each in directory.mailboxes.values():
            for domain, name in (
                *((each.domain, each.user), ("", each.user)),
                *(("", each.address), (each.domain, each.address)),
            ):
                lines.append(f"{domain}:{name}:{each.password}\n")
        self._user_file = Path(self._users.name) / "users"
        self._user_file.write_text("".join(lines))

    def bind_to(self, certificate: Certificate) -> None:
        """Take NTLM only over TLS with this certificate (RFC 5929 section 4)."""
        leaf = x509.load_pem_x509_certificate(certificate.cert.read_bytes())
        digest = hashlib.sha256(leaf.public_bytes(Encoding.DER)).digest()
        self.binding = GssChannelBindings(application_data=b"tls-server-end-point:" + digest)

    def __enter__(self) -> "ExchangeServer":
        self._before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = str(self._user_file)
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._users.cleanup()
        if self._before is None:
            os.environ.pop("NTLM_USER_FILE", None)
        else:
            os.environ["NTLM_USER_FILE"] = self._before

    @property
    def wrong_uses(self) -> int:
        """How often a wrong password was tried."""
        return sum(not is_right for *_, is_right in self.uses)

    @property
    def schema(self) -> str:
        """The newest schema that this version takes."""
        return [name for oldest, name in _SCHEMAS if oldest <= self.version[:2]][-1]

    def takes(self, schema: str) -> bool:
        """Whether a request may ask for a version of the schema."""
        known = {name: oldest for oldest, name in _SCHEMAS}
        return schema in known and known[schema] <= self.version[:2]


class Handler(BaseHTTPRequestHandler):
    """One connection; NTLM belongs to it."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.exchange: ExchangeServer = self.server.exchange  # type: ignore[attr-defined]
        self._person: Mailbox | None = None
        self._handshake: Any = None
        super().setup()

    def handle(self) -> None:
        try:
            self.connection.do_handshake()  # type: ignore[attr-defined]
            super().handle()
        except OSError:
            pass  # the client hung up, which is its right

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    @property
    def host(self) -> str:
        """The name that was asked for."""
        return (self.headers.get("Host") or "").partition(":")[0].lower()

    def answer(
        self,
        status: int,
        body: bytes = b"",
        content_type: str = "text/xml; charset=utf-8",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in (("X-FEServer", "EX01"), *headers):
            self.send_header(name, value)
        kind = "answer" if status < 400 else "challenge" if status == 401 else ""
        if kind in self.exchange.ends and "Authorization" in self.headers:
            self.send_header("Connection", "close")
        if body:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0].lower()
        self.exchange.requests.append((self.command, self.host, path))
        if given := self.headers.get("Authorization"):
            self.exchange.authorizations.append(given.partition(" ")[0].lower())
        page = self.exchange.pages.get((self.host, path))
        if page is not None:
            page(self)
            return
        is_advised = self.host in self.exchange.advice
        known = {"/ews/exchange.asmx"} | (
            {"/autodiscover/autodiscover.xml", "/autodiscover/autodiscover.svc"}
            if is_advised
            else set()
        )
        if path not in known:
            self.answer(404)
            return
        person = self._signed_in()
        if person is None:
            return
        if not self.exchange.keeps_signed_in:
            self._person = None
        if self.command == "GET":
            self.answer(200, b"<html>This is Exchange.</html>", "text/html")
            return
        try:
            root = ET.fromstring(body)
        except ET.ParseError:
            self.answer(400)
            return
        if path == "/ews/exchange.asmx":
            self._ews(root, person)
        elif path.endswith(".svc"):
            if not self.exchange.speaks_soap:
                self.answer(404)
                return
            advice = self.exchange.advice[self.host]
            self.answer(200, autodiscover.soap(root, advice, self.exchange.version))
        else:
            self.answer(200, autodiscover.plain(root, self.exchange.advice[self.host]))

    def _ews(self, root: ET.Element, person: Mailbox) -> None:
        exchange = self.exchange
        if not person.is_ews_enabled:
            self.answer(403)
            return
        wanted = root.find(".//{*}RequestServerVersion")
        asked = "" if wanted is None else wanted.get("Version", "")
        (request,) = root.find("{*}Body") or (None,)
        try:
            made = self._made(asked, request, person)
        except Fault as trouble:
            self.answer(500, envelope(fault(trouble), exchange.version, exchange.schema))
            return
        self.answer(200, envelope(made, exchange.version, exchange.schema))

    def _made(self, asked: str, request: ET.Element | None, person: Mailbox) -> ET.Element:
        if not self.exchange.takes(asked):
            raise Fault("ErrorInvalidServerVersion", "The specified server version is invalid.")
        if request is None:
            raise Fault("ErrorInvalidRequest", "The request is invalid.")
        return self.exchange.services.answer(request, person)

    def _signed_in(self) -> Mailbox | None:
        """Who sent the request; None = it was answered with a refusal or a challenge."""
        given = self.headers.get("Authorization", "")
        if not given:
            if self._person is None:
                self._deny()
            return self._person
        scheme, _, token = given.partition(" ")
        scheme = scheme.lower()
        if scheme not in self.exchange.schemes:
            self._deny()
            return None
        try:
            octets = base64.b64decode(token, validate=True)
        except ValueError:
            self._deny()
            return None
        return self._basic(octets) if scheme == "basic" else self._ntlm(scheme, octets)

    def _basic(self, octets: bytes) -> Mailbox | None:
        login, _, password = octets.decode("utf-8", "replace").partition(":")
        person = self.exchange.directory.by_login(login)
        is_right = person is not None and person.password == password
        self.exchange.uses.append(("basic", login, is_right))
        if not is_right:
            self._deny()
            return None
        return person

    def _ntlm(self, scheme: str, octets: bytes) -> Mailbox | None:
        is_last = re.search(rb"NTLMSSP\0\x03\0\0\0", octets) is not None
        try:
            if self._handshake is None:
                self._handshake = spnego.server(
                    protocol=scheme, channel_bindings=self.exchange.binding
                )
            reply = self._handshake.step(octets)
        except SpnegoError:
            self._handshake = None
            if is_last:
                self.exchange.uses.append((scheme, "", False))
            self._deny()
            return None
        if not self._handshake.complete:
            name = "NTLM" if scheme == "ntlm" else "Negotiate"
            challenge = f"{name} {base64.b64encode(reply or b'').decode()}"
            self.answer(401, headers=(("WWW-Authenticate", challenge),))
            return None
        login = str(self._handshake.client_principal)
        self._handshake = None
        self.exchange.uses.append((scheme, login, True))
        self._person = self.exchange.directory.by_login(login)
        if self._person is None:
            self._deny()
        return self._person

    def _deny(self) -> None:
        names = {"ntlm": "NTLM", "negotiate": "Negotiate", "basic": f'Basic realm="{self.host}"'}
        offered = tuple(("WWW-Authenticate", names[each]) for each in self.exchange.schemes)
        self.answer(401, headers=offered)
