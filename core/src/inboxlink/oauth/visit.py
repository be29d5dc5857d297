"""One visit at the listener: a request is read and judged, and a reply is written.

No request but the expected one has any effect.
"""

import hmac
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from inboxlink.oauth.answer_page import HEADERS, Arrival
from inboxlink.oauth.callback import parse_answer

if TYPE_CHECKING:
    import h11

__all__ = ["Expected", "Reply", "drain", "hear", "written"]

_MAX_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Expected:
    """What the one answer that counts looks like.

    Args:
        authority: `host:port` of the redirect address.
        path: Of the redirect address.
        state: The `state` of the authorization request (RFC 6749 section 4.1.1).
    """

    authority: str
    path: str
    state: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a visitor gets.

    Args:
        status: Of http.
        arrival: Which page is shown; None = the status alone, as text.
        params: The parameters of the expected answer; None = it is not that.
    """

    status: HTTPStatus
    arrival: Arrival | None = None
    params: dict[str, str] | None = field(default=None, repr=False)


def hear(visitor: socket.socket, until: float, expected: Expected) -> tuple[bytes, Reply]:
    """A request's method and what to reply to it; the method is empty where it is none.

    Args:
        visitor: Who connected.
        until: On the monotonic clock.
        expected: What counts as the answer.

    Raises:
        OSError: It hung up, or did not send a whole request in time.
    """
    import h11

    try:
        request, body = _read(visitor, until)
    except h11.RemoteProtocolError as error:
        return b"", Reply(HTTPStatus(error.error_status_hint))
    return request.method, _judged(request, body, expected)


def written(reply: Reply, page: Callable[[Arrival], str], *, is_head: bool) -> bytes:
    """A reply as it goes over the wire; to `HEAD` without its body (RFC 9110 section 9.3.2)."""
    shown = f"{reply.status.value} {reply.status.phrase}"
    kind, text = "text/plain", f"{shown}\n"
    if reply.arrival is not None:
        kind, text = "text/html", page(reply.arrival)
    body = text.encode()
    headers = (
        ("Content-Type", f"{kind}; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
        *HEADERS,
    )
    head = [f"HTTP/1.1 {shown}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(head).encode() + (b"" if is_head else body)


def drain(visitor: socket.socket, until: float) -> None:
    """Say that nothing more comes, and hear the visitor out.

    Closing with bytes unread would reset the connection, and take the page back.
    """
    visitor.shutdown(socket.SHUT_WR)
    while _some(visitor, until):
        pass


def _judged(request: "h11.Request", body: bytes, expected: Expected) -> Reply:
    headers = {name: value for name, value in request.headers}  # noqa: C416 - no plain mapping
    path, _, query = request.target.decode().partition("?")
    if request.method not in (b"GET", b"POST"):
        return Reply(HTTPStatus.METHOD_NOT_ALLOWED)
    # Another name could lead here by its DNS, and make this a page of that name's site.
    if headers.get(b"host", b"").lower() != expected.authority.encode():
        return Reply(HTTPStatus.MISDIRECTED_REQUEST)
    if path != expected.path:
        return Reply(HTTPStatus.NOT_FOUND)
    if request.method == b"POST":
        if b"content-length" not in headers:
            return Reply(HTTPStatus.LENGTH_REQUIRED)
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != b"application/x-www-form-urlencoded" or query:
            return Reply(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        query = body.decode("latin-1")
    try:
        params = parse_answer(query)
    except ValueError:
        return Reply(HTTPStatus.BAD_REQUEST, Arrival.UNUSABLE)
    found = params.get("state", "").encode("utf-8", "replace")
    is_expected = hmac.compare_digest(found, expected.state.encode())
    if not is_expected or params.keys().isdisjoint({"code", "error"}):
        return Reply(HTTPStatus.BAD_REQUEST, Arrival.UNUSABLE)
    arrival = Arrival.REFUSED if "error" in params else Arrival.ANSWERED
    return Reply(HTTPStatus.OK, arrival, params)


def _read(visitor: socket.socket, until: float) -> "tuple[h11.Request, bytes]":
    """One whole request.

    Raises:
        h11.RemoteProtocolError: It is none, or too long.
        OSError: It did not come in time.
    """
    import h11

    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_BYTES)
    request, body, size = None, b"", 0
    while True:
        match event := reader.next_event():
            case h11.Request():
                request = event
            case h11.Data():
                body += event.data
            case h11.EndOfMessage():
                assert request is not None
                return request, body
            case h11.ConnectionClosed():
                raise ConnectionAbortedError
            case _:
                data = _some(visitor, until)
                size += len(data)
                if size > _MAX_BYTES:
                    raise h11.RemoteProtocolError(
                        "too long", error_status_hint=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                    )
                reader.receive_data(data)


def _some(visitor: socket.socket, until: float) -> bytes:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    visitor.settimeout(left)
    return visitor.recv(4096)
