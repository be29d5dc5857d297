"""An https server under the names of a provider; what it answers is a function of the request.

It stands in front of servers that others wrote, which speak http on loopback. It is ours, as is
what is done here to what they say.
"""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from peers.certificates import Certificate
from peers.ports import LOOPBACK

__all__ = ["Answer", "Front", "Request", "forward", "json_answer"]

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
_UPSTREAM_TIMEOUT_S = 20


@dataclass(frozen=True)
class Request:
    """What a client asked.

    Attributes:
        host: The name in its `Host`, without a port.
        path: Without the query.
        query: The query, as it was written.
    """

    method: str
    host: str
    path: str
    query: str
    headers: HTTPMessage
    body: bytes

    @property
    def parameters(self) -> dict[str, str]:
        """The query, decoded."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The body, where it is a form."""
        return dict(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))

    @property
    def bearer(self) -> str:
        """The token; empty = none."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def asks(self, **parameters: str) -> "Request":
        """The same with another query."""
        return self._with(query=urlencode(parameters))

    def posts(self, **fields: str) -> "Request":
        """The same with another form."""
        return self._with(body=urlencode(fields).encode())

    def _with(self, **changes: Any) -> "Request":
        return Request(**{**vars(self), **changes})


@dataclass(frozen=True)
class Answer:
    """What the server says."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = field(default=(("Content-Type", "text/html"),))

    @property
    def json(self) -> Any:
        """The body, where it is JSON; None = it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def json_answer(status: int, content: Any, **headers: str) -> Answer:
    """An answer in JSON; underscores in names of headers stand for hyphens."""
    extra = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    kind = ("Content-Type", "application/json; charset=utf-8")
    return Answer(status, json.dumps(content).encode(), (kind, *extra))


def forward(
    port: int, request: Request, path: str | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Ask a server on loopback the same, and take what it answers.

    Args:
        port: Of the server.
        request: What is asked.
        path: In place of the request's.
        headers: In place of the request's headers of these names.
    """
    changed = {"Host": request.host, "X-Forwarded-Proto": "https", **(headers or {})}
    names = {name.lower() for name in changed} | _HOP_BY_HOP | {"accept-encoding"}
    sent = {name: value for name, value in request.headers.items() if name.lower() not in names}
    target = path if path is not None else request.path
    target += f"?{request.query}" if request.query else ""
    upstream = HTTPConnection(LOOPBACK, port, timeout=_UPSTREAM_TIMEOUT_S)
    try:
        upstream.request(request.method, target, request.body or None, {**sent, **changed})
        answer = upstream.getresponse()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP]
        return Answer(answer.status, answer.read(), kept)
    finally:
        upstream.close()


class Front:
    """Serves https on one port of loopback.

    Args:
        certificate: For the names under which it answers.
        answer: Called for each request, in a thread of its connection.

    Attributes:
        port: Where it listens.
        faults: What went wrong in `answer`.
    """

    def __init__(self, certificate: Certificate, answer: Callable[[Request], Answer]) -> None:
        self._answer = answer
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.cert, certificate.key)
        self._open: set[socket.socket] = set()
        self._thread: threading.Thread | None = None
        self.faults: list[Exception] = []
        front = self

        class Handler(_Handler):
            server_front = front

        self._server = _Server((LOOPBACK, 0), Handler)
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> "Front":
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join(5)
        if error is None and self.faults:
            raise self.faults[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """A client that hung up, or did not trust the certificate, which is its right."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    server_front: Front

    def setup(self) -> None:
        # Here and not where it was accepted: a slow handshake then keeps nobody else waiting.
        self.request.settimeout(self.timeout)
        self.request = self.server_front._context.wrap_socket(self.request, server_side=True)
        self.server_front._open.add(self.request)
        super().setup()

    def finish(self) -> None:
        self.server_front._open.discard(self.request)
        with contextlib.suppress(OSError):
            super().finish()
        self.request.close()

    def answer(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        host = (self.headers.get("Host") or "").partition(":")[0].lower()
        request = Request(self.command, host, path, query, self.headers, body)
        try:
            answer = self.server_front._answer(request)
        except (OSError, HTTPException):
            answer = Answer(502)
        except Exception as fault:
            self.server_front.faults.append(fault)
            answer = Answer(500)
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_: Any) -> None:
        """Say nothing: what is asked holds codes and tokens."""
