"""An https server on loopback; what it answers is a function of the request.

It is ours, on the standard library's `http.server`: connections that stay, each in a thread of its
own, and a handshake that keeps nobody else waiting.
"""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlencode

from inboxlink.testing.peers.certificates import Certificate
from inboxlink.testing.peers.ports import LOOPBACK

__all__ = ["Answer", "Request", "WebServer", "json_answer"]


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
    headers: Message
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


class WebServer:
    """Serves https on one port of loopback, as a context.

    Args:
        certificate: For the names under which it answers.
        answer: Called for each request, in a thread of its connection.

    Attributes:
        port: Where it listens.
        faults: What went wrong in `answer`; the first is raised when the context ends.
    """

    def __init__(self, certificate: Certificate, answer: Callable[[Request], Answer]) -> None:
        self._thread: threading.Thread | None = None
        self._opened: set[socket.socket] = set()
        self.faults: list[Exception] = []

        class Handler(_Handler):
            context = certificate.server_context()
            opened = self._opened
            respond = staticmethod(self._contained(answer))

        self._server = _Server((LOOPBACK, 0), Handler)
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> "WebServer":
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
        if self._thread is not None:
            self._server.shutdown()
        self._server.server_close()
        for each in list(self._opened):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join(5)
        if error is None and self.faults:
            raise self.faults[0]

    def _contained(self, answer: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
        def respond(request: Request) -> Answer:
            try:
                return answer(request)
            except (OSError, HTTPException):  # of a server that it asked
                return Answer(502)
            except Exception as fault:  # noqa: BLE001 - the test hears of it
                self.faults.append(fault)
                return Answer(500)

        return respond


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
    context: ssl.SSLContext
    opened: set[socket.socket]
    respond: Callable[[Request], Answer]

    def setup(self) -> None:
        # Here and not where it was accepted: a slow handshake then keeps nobody else waiting.
        self.request.settimeout(self.timeout)
        self.request = self.context.wrap_socket(self.request, server_side=True)
        self.opened.add(self.request)
        super().setup()

    def finish(self) -> None:
        self.opened.discard(self.request)
        with contextlib.suppress(OSError):
            super().finish()
        self.request.close()

    def parse_request(self) -> bool:
        # Whatever the method is, one place answers.
        is_read = super().parse_request()
        if is_read:
            setattr(self, f"do_{self.command}", self._serve)
        return is_read

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        host = (self.headers.get("Host") or "").partition(":")[0].lower()
        answer = self.respond(Request(self.command, host, path, query, self.headers, body))
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: what is asked holds codes and tokens."""
