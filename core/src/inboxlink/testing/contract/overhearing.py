"""What leaves by the network, and within which use of a secret: the core's doors, with a note."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.types.attempts import Attempts
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import CertificatePin, Endpoint

__all__ = ["CountedAttempts", "Overheard", "Sent", "holds"]

#: What may be base64 (RFC 4648): the mechanisms of SASL and HTTP Basic write secrets in it.
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}")


class Sent(NamedTuple):
    """One message to a server.

    Args:
        data: What was sent.
        held: The secrets that `ctx.attempt` was holding then.
    """

    data: bytes
    held: tuple[str, ...]


class CountedAttempts(Attempts):
    """The uses of secrets, counted; the rules are the core's.

    Args:
        attempts: Which judges.
        uses: Is told each secret that is used.
        held: Has those whose use is under way, in any thread.
    """

    def __init__(self, attempts: Attempts, uses: list[str], held: list[str]) -> None:
        super().__init__()
        self._attempts = attempts
        self._uses = uses
        self._held = held

    @contextmanager
    def use(self, host: str, username: str, secret: str) -> Iterator[None]:
        """See `Attempts.use`."""
        with self._attempts.use(host, username, secret):
            self._uses.append(secret)
            self._held.append(secret)
            try:
                yield
            finally:
                self._held.remove(secret)


class Overheard(Network):
    """The doors to the network, with a note of what goes out.

    Args:
        settings: Of the installation.
        sent: Is told each message.
        held: The secrets whose use is under way.
    """

    def __init__(self, settings: NetworkSettings, sent: list[Sent], held: list[str]) -> None:
        super().__init__(settings)
        self._sent = sent
        self._held = held

    def open(self, endpoint: Endpoint, deadline: float) -> Any:  # noqa: ANN401 - a channel, wrapped
        """See `Wire.open`."""
        return _Channel(super().open(endpoint, deadline), self._sent, self._held)

    def http(self, host: str, deadline: float, pin: CertificatePin | None = None) -> Any:  # noqa: ANN401
        """See `Wire.http`."""
        return _Session(super().http(host, deadline, pin), self._sent, self._held)


class _Wrapped:
    def __init__(self, inner: Any, sent: list[Sent], held: list[str]) -> None:  # noqa: ANN401
        self._inner = inner
        self._sent = sent
        self._held = held

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._inner, name)


class _Channel(_Wrapped):
    def sendall(self, data: bytes) -> None:
        self._sent.append(Sent(bytes(data), tuple(self._held)))
        self._inner.sendall(data)


class _Session(_Wrapped):
    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        named = "".join(f"{name}: {value}\n" for name, value in (headers or {}).items())
        data = f"{method} {target}\n{named}\n".encode() + (body or b"")
        self._sent.append(Sent(data, tuple(self._held)))
        answer: HttpAnswer = self._inner.send(method, target, headers, body)
        return answer

    def __enter__(self) -> "_Session":
        self._inner.__enter__()
        return self

    def __exit__(self, *told: object) -> None:
        self._inner.__exit__(*told)


def holds(data: bytes, secret: str) -> bool:
    """Whether a message holds a secret, in the clear or in base64."""
    wanted = secret.encode("utf-8", "surrogatepass")
    if wanted in data:
        return True
    return any(wanted in _decoded(each) for each in _BASE64.findall(data))


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return b""
