"""A mail service on loopback: ours, and as little of one as a provider can be tried with.

HTTP Basic (RFC 7617) and bearer tokens (RFC 6750) open one resource that says whose mailbox it is.
Codes belong to the challenge that they were asked for with (RFC 7636); each refresh token is good
once (RFC 9700 section 4.14.2), and revoking one ends its grant (RFC 7009).
"""

import base64
import hashlib
import json
import secrets
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from peers.certificates import Certificate

__all__ = ["ALIASES", "ANN", "BOB", "HOST", "Service"]

HOST = "api.exemplary.test"
ANN, BOB = "ann@exemplary.test", "bob@exemplary.test"
ALIASES = ("info@exemplary.test",)


@dataclass
class _Grant:
    address: str
    access_tokens: set[str] = field(default_factory=set)
    refresh_token: str = ""
    is_over: bool = False


class Service:
    """The server, as a context.

    Args:
        certificate: For `HOST`.
        passwords: By address.
    """

    def __init__(self, certificate: Certificate, passwords: dict[str, str]) -> None:
        self.passwords = passwords
        self._codes: dict[str, tuple[str, str]] = {}
        self._grants: list[_Grant] = []
        self._lock = threading.Lock()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        service = self

        class Handler(_Handler):
            owner = service

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.context = context
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> "Service":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def connect(self) -> dict[str, str]:
        """For `network.connect`."""
        return {f"{HOST}:443": f"127.0.0.1:{self._server.server_address[1]}"}

    def visited(self, url: str, address: str | None) -> str:
        """Where a browser is led back to, after somebody signed in; None = they said no."""
        asked = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
        answer = {"state": asked["state"], "iss": f"https://{HOST}"}
        if address is None:
            answer["error"] = "access_denied"
        else:
            answer["code"] = secrets.token_hex(8)
            self._codes[answer["code"]] = (address, asked["code_challenge"])
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str]) -> tuple[int, Any]:
        """What the token endpoint answers."""
        if form.get("grant_type") == "authorization_code":
            address, challenge = self._codes.pop(form.get("code", ""), ("", ""))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if challenge != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
                return 400, {"error": "invalid_grant"}
            grant = _Grant(address)
            self._grants.append(grant)
            return 200, self._tokens(grant)
        for grant in self._grants:
            if form.get("refresh_token") == grant.refresh_token and not grant.is_over:
                return 200, self._tokens(grant)
        return 400, {"error": "invalid_grant"}

    def revoke(self, form: dict[str, str]) -> tuple[int, Any]:
        """What the revocation endpoint answers."""
        for grant in self._grants:
            grant.is_over = grant.is_over or form.get("token") == grant.refresh_token
        return 200, {}

    def mailbox(self, authorization: str) -> tuple[int, Any]:
        """Whose mailbox it is."""
        kind, _, given = authorization.partition(" ")
        address = self._of_basic(given) if kind == "Basic" else self._of_bearer(given)
        if address is None:
            return 401, {}
        return 200, {"address": address, "subject": f"id of {address}", "aliases": ALIASES}

    def _of_basic(self, given: str) -> str | None:
        login, _, password = base64.b64decode(given).decode().partition(":")
        return login if self.passwords.get(login) == password else None

    def _of_bearer(self, given: str) -> str | None:
        found = (each for each in self._grants if given in each.access_tokens and not each.is_over)
        return next((each.address for each in found), None)

    def _tokens(self, grant: _Grant) -> dict[str, Any]:
        access, grant.refresh_token = secrets.token_hex(16), secrets.token_hex(16)
        grant.access_tokens.add(access)
        return {
            "access_token": access,
            "refresh_token": grant.refresh_token,
            "token_type": "Bearer",
            "expires_in": 3600,
        }

    def answer(self, path: str, authorization: str, form: dict[str, str]) -> tuple[int, Any]:
        """What a request is told."""
        with self._lock:
            match path:
                case "/token":
                    return self.token(form)
                case "/revoke":
                    return self.revoke(form)
                case "/mailbox":
                    return self.mailbox(authorization)
        return 404, {}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    context: ssl.SSLContext

    def get_request(self) -> tuple[Any, Any]:
        plain, address = super().get_request()
        # The handshake waits for the client in the thread of its request.
        return (
            self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False),
            address,
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no trouble of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Service

    def do_GET(self) -> None:
        self._send({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._send({name: value for name, (value,) in parse_qs(body).items()})

    def _send(self, form: dict[str, str]) -> None:
        status, document = self.owner.answer(self.path, self.headers.get("Authorization", ""), form)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """The test asks what was asked."""
