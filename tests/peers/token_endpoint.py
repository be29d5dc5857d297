"""A token endpoint on loopback: ours, and written to the standards.

RFC 6749 section 6 (renewing), RFC 9700 section 4.14.2 (each refresh token is good once, and the
second use of one ends the grant), RFC 7009 (revocation). What a real one cannot be brought to do at
a chosen moment, it does: be busy, be silent, answer nonsense.
"""

import json
import secrets
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

from peers.certificates import Certificate

__all__ = ["HOST", "TokenEndpoint", "busy", "cut", "failing", "garbled", "silent"]

HOST = "token.renewing.test"

#: Gives the answer that is sent in place of the right one; called before anything was done.
Twist = Callable[["TokenEndpoint", dict[str, str]], tuple[int, bytes] | None]


@dataclass
class _Grant:
    subject: str
    scope: str
    refresh_token: str
    access_tokens: set[str] = field(default_factory=set)
    is_over: bool = False


class TokenEndpoint:
    """The server, as a context.

    Args:
        certificate: For `HOST`.
        lifetime_s: Of an access token.
        grant_s: Of a grant, if it ends by itself.
    """

    def __init__(
        self, certificate: Certificate, lifetime_s: int = 3600, grant_s: int | None = None
    ) -> None:
        self.lifetime_s = lifetime_s
        self.grant_s = grant_s
        self.aliases: list[str] = []
        self.twists: list[Twist] = []
        self.asked: list[tuple[str, int]] = []
        self.issued: list[str] = []
        #: Calls of a client wait for it after they have arrived.
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._grants: dict[str, _Grant] = {}
        self._before: tuple[dict[str, _Grant], list[str]] = ({}, [])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        endpoint = self

        class Handler(_Handler):
            owner = endpoint

        self._server = _Server(("127.0.0.1", 0), Handler, context)
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> "TokenEndpoint":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def connect_map(self) -> dict[str, str]:
        """What an installation's `network.connect` says."""
        return {f"{HOST}:443": f"127.0.0.1:{self.port}"}

    def calls(self, kind: str = "refresh_token") -> list[int]:
        """The statuses of what was answered, in order."""
        return [status for what, status in self.asked if what == kind]

    def grant(self, subject: str, scope: str = "mail.read mail.send") -> dict[str, Any]:
        """A new grant, as a code's exchange gives it."""
        with self._lock:
            return self._tokens(_Grant(subject, scope, ""))

    def end(self, subject: str) -> None:
        """The person takes the access back at the provider."""
        with self._lock:
            for grant in self._grants.values():
                grant.is_over = grant.is_over or grant.subject == subject

    def remember(self) -> None:
        """Keep what is so now, for `restore`."""
        with self._lock:
            self._before = deepcopy(self._grants), list(self.issued)

    def restore(self) -> None:
        """Let it be as it was, and forget what was asked since."""
        with self._lock:
            grants, issued = self._before
            self._grants, self.issued, self.asked = deepcopy(grants), list(issued), []

    def counts(self, refresh_token: str) -> bool:
        """Whether a refresh token is good for one more use."""
        grant = self._grants.get(refresh_token)
        return grant is not None and not grant.is_over and grant.refresh_token == refresh_token

    def answer(self, target: str, form: dict[str, str]) -> tuple[int, Any]:
        """What a request is told."""
        with self._lock:
            if target == "/revoke":
                grant = self._grants.get(form["token"])
                if grant is not None:
                    grant.is_over = True
                return 200, {}
            if form["grant_type"] == "authorization_code":
                subject, _, scope = form["code"].partition(":")
                return 200, self._tokens(_Grant(subject, scope or "mail.read mail.send", ""))
            token = form["refresh_token"]
            grant = self._grants.get(token)
            if grant is None or grant.is_over or grant.refresh_token != token:
                if grant is not None:
                    grant.is_over = True
                return 400, {"error": "invalid_grant"}
            return 200, self._tokens(grant)

    def whoami(self, token: str) -> tuple[int, Any]:
        """Whose an access token is."""
        with self._lock:
            for grant in self._grants.values():
                if token in grant.access_tokens and not grant.is_over:
                    return 200, {"subject": grant.subject, "aliases": self.aliases}
        return 401, {}

    def _tokens(self, grant: _Grant) -> dict[str, Any]:
        access, refresh = (f"s3cret-{kind}-{secrets.token_hex(12)}" for kind in ("at", "rt"))
        grant.refresh_token = refresh
        grant.access_tokens.add(access)
        self._grants[refresh] = grant
        self.issued += [access, refresh]
        answer = {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": self.lifetime_s,
            "scope": grant.scope,
            "subject": grant.subject,
        }
        return answer | ({} if self.grant_s is None else {"grant_expires_in": self.grant_s})


def busy(_: TokenEndpoint, __: dict[str, str]) -> tuple[int, bytes]:
    """Too many requests; nothing was renewed."""
    return 429, b""


def failing(_: TokenEndpoint, __: dict[str, str]) -> tuple[int, bytes]:
    """Out of order; nothing was renewed."""
    return 503, b"<html>"


def garbled(endpoint: TokenEndpoint, form: dict[str, str]) -> tuple[int, bytes]:
    """Renewed, and answered in words that say nothing."""
    endpoint.answer("/token", form)
    return 200, b"<html>"


def cut(endpoint: TokenEndpoint, form: dict[str, str]) -> None:
    """Renewed, and the answer is lost on the way."""
    endpoint.answer("/token", form)


def silent(_: TokenEndpoint, __: dict[str, str]) -> None:
    """Not renewed, and there is no answer."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        context: ssl.SSLContext,
    ) -> None:
        self._context = context
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket, Any]:
        plain, address = super().get_request()
        # The handshake waits for the client in the thread of its request.
        wrapped = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no trouble of the server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: TokenEndpoint

    def do_GET(self) -> None:
        self._send(*self.owner.whoami(self.headers["Authorization"].removeprefix("Bearer ")))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = dict(parse_qsl(body.decode()))
        owner = self.owner
        kind = form.get("grant_type", self.path)
        owner.arrived.release()
        owner.gate.wait(60)
        twist = owner.twists.pop(0) if owner.twists and kind == "refresh_token" else None
        if twist is None:
            status, document = owner.answer(self.path, form)
            owner.asked.append((kind, status))
            self._send(status, document)
            return
        answer = twist(owner, form)
        owner.asked.append((kind, 0 if answer is None else answer[0]))
        if answer is None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.close()
        else:
            self._send_bytes(*answer)

    def log_message(self, *_: Any) -> None:
        """The test asks what was asked."""

    def _send(self, status: int, document: Any) -> None:
        self._send_bytes(status, json.dumps(document).encode())

    def _send_bytes(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(body)
