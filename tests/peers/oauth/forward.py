"""Hand a request on to a server that others wrote, which speaks http on loopback."""

from collections.abc import Mapping
from http.client import HTTPConnection

from inboxlink.testing.peers.ports import LOOPBACK
from inboxlink.testing.peers.web import Answer, Request

__all__ = ["forward"]

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
_UPSTREAM_TIMEOUT_S = 20


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
