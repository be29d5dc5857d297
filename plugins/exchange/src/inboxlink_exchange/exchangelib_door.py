"""exchangelib, its unsafe defaults cured: the one module that imports it.

Its sessions go through a `SignedSession`, and so through the core's door with its deadline, caps,
pinned address and verified TLS; it never holds the password. Its Autodiscover, which posts
passwords to whoever answers and keeps a pickle in the temporary directory, is taken out; its
process-wide adapter refuses whatever would go another way; it retries nothing and logs nothing.
"""

from collections.abc import Mapping
from contextlib import suppress
from secrets import token_hex
from typing import Any, NoReturn
from urllib.parse import urlsplit

import exchangelib.autodiscover
import requests
from exchangelib import DELEGATE, UTC, Account, Configuration, Credentials, FailFast, Version
from exchangelib.autodiscover import cache, discovery
from exchangelib.protocol import BaseProtocol, Protocol
from exchangelib.transport import DEFAULT_HEADERS, NOAUTH
from exchangelib.version import EXCHANGE_2010_SP2
from requests.adapters import BaseAdapter

from inboxlink.errors import MailboxError, problem
from inboxlink.oauth.web import headers_of, quiet_loggers, response_of
from inboxlink_exchange.signed_session import SignedSession

__all__ = ["account_of"]

_LOGGERS = ("exchangelib", "spnego", "requests_ntlm")


def account_of(address: str, url: str, signed: SignedSession) -> Account:
    """A mailbox of exchangelib's that speaks through a signed session.

    Args:
        address: The mailbox.
        url: Of EWS.
        signed: To its host.
    """
    quiet_loggers(*_LOGGERS)
    config = Configuration(
        service_endpoint=url,
        # No secret: what makes this object's protocol its own in exchangelib's process-wide cache.
        credentials=Credentials(token_hex(16), ""),
        auth_type=NOAUTH,
        # The oldest that is taken (req 68); the server's own version comes with its first answer.
        version=Version(build=EXCHANGE_2010_SP2),
        retry_policy=FailFast(),
        max_connections=1,
    )
    account = Account(
        address, config=config, access_type=DELEGATE, locale="en_US", default_timezone=UTC
    )
    with suppress(KeyError):
        del Protocol[config]
    account.protocol = _protocol(config, signed)
    return account


class _Protocol(Protocol):  # type: ignore[misc]  # exchangelib has no types
    """One whose sessions have one adapter."""

    signed: SignedSession

    def create_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.headers.update(DEFAULT_HEADERS)
        session.adapters.clear()
        session.mount("https://", _Adapter(self.service_endpoint, self.signed))
        session.session_id = 1  # type: ignore[attr-defined]  # exchangelib keeps both there
        session.usage_count = 0  # type: ignore[attr-defined]
        return session


def _protocol(config: Configuration, signed: SignedSession) -> _Protocol:
    # Not by a call, which would look for one in a cache that outlives the hook.
    protocol = _Protocol.__new__(_Protocol)
    protocol.__init__(config=config)  # type: ignore[misc]
    protocol.signed = signed
    return protocol


class _Adapter(BaseAdapter):
    def __init__(self, url: str, signed: SignedSession) -> None:
        super().__init__()
        self._url = url
        self._signed = signed

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - requests' own signature
        timeout: Any = None,  # noqa: ANN401, ARG002
        verify: Any = True,  # noqa: ANN401, ARG002, FBT002
        cert: Any = None,  # noqa: ANN401, ARG002
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> requests.Response:
        if request.url != self._url:
            host = urlsplit(str(request.url)).hostname or "-"
            raise MailboxError(problem("http_failed", host=host, port="443"))
        body = request.body
        assert isinstance(body, bytes)
        target = urlsplit(self._url).path
        answer = self._signed.send(request.method or "POST", target, headers_of(request), body)
        return response_of(request, answer)

    def close(self) -> None:
        """The session is its owner's to close."""


class _Refusing(BaseAdapter):
    """Stands where exchangelib would open a connection of its own."""

    def __init__(self, **_: object) -> None:
        super().__init__()

    def send(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError("exchangelib went past the door")

    def close(self) -> None:
        """There is nothing to close."""


class _NoCache:
    """Stands where exchangelib would read and write a pickle."""

    def __getattribute__(self, name: str) -> NoReturn:
        raise AssertionError(f"exchangelib's Autodiscover was used ({name})")


BaseProtocol.HTTP_ADAPTER_CLS = _Refusing
for _module in (exchangelib.autodiscover, cache, discovery):
    _module.autodiscover_cache = _NoCache()
