"""Take libraries that are built on requests through the core's own door to the network.

requests reads proxies, netrc files and certificate bundles from the environment, follows
redirects, takes answers of any length and waits as long as a server drips; google-auth-oauthlib and
msal inherit all of it. Here a session has one adapter, which sends through `ctx.http`: verified
TLS, an absolute deadline, a cap, and only to the hosts that the provider named.
"""

import logging
from collections.abc import Collection, Mapping
from io import BytesIO
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from inboxlink.errors import MailboxError, problem
from inboxlink.types.context import HookContext, HttpAnswer

__all__ = ["headers_of", "quiet_loggers", "response_of", "through_the_door", "web_session"]

_Session = TypeVar("_Session", bound=requests.Session)

#: They print tokens, codes or verifiers at DEBUG, and answers of token endpoints at ERROR.
_LOGGERS = (
    "requests_oauthlib",
    "oauthlib",
    "msal",
    "google.auth",
    "google_auth_oauthlib",
    "urllib3",
)


def quiet_loggers(*names: str) -> None:
    """Keep libraries from logging secrets, whatever level the host's own logging has.

    Args:
        names: Loggers beside those of the libraries that are known here.
    """
    quiet = (*_LOGGERS, *names)
    for name in quiet:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # A level that somebody set below one of them would stand.
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(tuple(f"{each}." for each in quiet)):
            logging.getLogger(name).setLevel(logging.NOTSET)


def web_session(ctx: HookContext, hosts: Collection[str]) -> requests.Session:
    """A session of requests for these hosts and no other.

    What goes wrong on the way is raised as the `InboxlinkError` of the network, through the
    library that uses the session.

    Args:
        ctx: Lends the network; the session ends with it.
        hosts: Names of web servers that the provider's own constants give.
    """
    return through_the_door(requests.Session(), ctx, hosts)


def through_the_door(session: _Session, ctx: HookContext, hosts: Collection[str]) -> _Session:
    """The same as `web_session` for a session that a library made itself."""
    quiet_loggers()
    session.trust_env = False
    session.max_redirects = 0
    session.adapters.clear()
    session.mount("https://", _Adapter(ctx, frozenset(hosts)))
    return session


class _Adapter(BaseAdapter):
    def __init__(self, ctx: HookContext, hosts: frozenset[str]) -> None:
        super().__init__()
        self._ctx = ctx
        self._hosts = hosts

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002, ARG002 - requests' own signature
        timeout: Any = None,  # noqa: ANN401, ARG002
        verify: Any = True,  # noqa: ANN401, ARG002, FBT002
        cert: Any = None,  # noqa: ANN401, ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        parts = urlsplit(str(request.url))
        host = parts.hostname or ""
        if parts.scheme != "https" or parts.port not in (None, 443) or host not in self._hosts:
            raise MailboxError(problem("http_failed", host=host, port=str(parts.port or 443)))
        body = request.body.encode() if isinstance(request.body, str) else request.body
        assert body is None or isinstance(body, bytes)  # nothing here streams
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with self._ctx.http(host) as session:
            answer = session.send(
                request.method or "GET", target, headers_of(request), body or None
            )
        return response_of(request, answer)

    def close(self) -> None:
        """Nothing is kept open."""


def headers_of(request: requests.PreparedRequest) -> dict[str, str]:
    """The headers that a library set, less those that the core sets itself."""
    own = {"host", "content-length", "accept-encoding", "connection", "user-agent", "cookie"}
    return {
        str(name): value if isinstance(value, str) else value.decode("latin-1")
        for name, value in request.headers.items()
        if str(name).lower() not in own
    }


def response_of(request: requests.PreparedRequest, answer: HttpAnswer) -> requests.Response:
    """An answer in the form in which libraries that are built on requests read it."""
    response = requests.Response()
    response.request = request
    response.url = str(request.url)
    response.status_code = answer.status
    response.headers.update(answer.headers)
    # Redirects are answers like any other: what was sent must not go elsewhere.
    response.headers.pop("location", None)
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.raw = HTTPResponse(body=BytesIO(answer.body), preload_content=False)
    return response
