"""Doors that answer from a transcript, so that a provider runs again without the account.

The same provider, given the same settings, asks the same questions in the same order; what it is
told is what was heard then. Nothing of what it sends is compared with anything, because nothing
secret was written; a question more than was asked then ends as a connection that was lost.
"""

import base64
import io
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import BinaryIO, Self, cast

from pydantic import TypeAdapter

from inboxlink.bundle.transcript import Conversation, Failure
from inboxlink.errors import InboxlinkError, MailboxError, UnreachableError, problem
from inboxlink.types.context import CertificateFacts, Channel, HttpAnswer, HttpSession
from inboxlink.types.detection import CertificatePin, Endpoint
from inboxlink.types.service import Service
from inboxlink.types.validity import Validity

__all__ = ["Replay"]

_FOREVER = Validity(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


class Replay:
    """It implements `Wire`.

    Args:
        conversations: What was said, of the hook that is run again.
    """

    def __init__(self, conversations: Iterable[Conversation]) -> None:
        self._left = list(conversations)
        self._lock = threading.Lock()

    def open(self, endpoint: Endpoint, deadline: float) -> Channel:  # noqa: ARG002 - of `Wire`
        """See `Wire.open`."""
        found = self._next("open", endpoint.host, endpoint.port, endpoint.role.value)
        return _Channel(found, endpoint)

    def http(
        self,
        host: str,
        deadline: float,  # noqa: ARG002 - of `Wire`
        pin: CertificatePin | None = None,  # noqa: ARG002
    ) -> HttpSession:
        """See `Wire.http`."""
        return _Session(self._next("http", host, 443))

    def certificate(self, endpoint: Endpoint, deadline: float) -> CertificateFacts:  # noqa: ARG002
        """See `Wire.certificate`."""
        from cryptography import x509

        from inboxlink.network.certificate import facts

        found = self._next("certificate", endpoint.host, endpoint.port)
        der = base64.b64decode(found.certificate or "")
        return facts(x509.load_der_x509_certificate(der), endpoint.host)

    def get(self, url: str, deadline: float) -> HttpAnswer:  # noqa: ARG002
        """See `Wire.get`."""
        found = self._next("get", url.partition("?")[0])
        return _http_answer(url, _answered(found))

    def redirect(self, url: str, deadline: float) -> str | None:  # noqa: ARG002
        """See `Wire.redirect`."""
        said = _answered(self._next("redirect", url.partition("?")[0]))
        location = said.get("location")
        return location if isinstance(location, str) else None

    def services(self, name: str, deadline: float) -> tuple[Service, ...]:  # noqa: ARG002
        """See `Wire.services`."""
        found = self._next("services", name)
        listed = next((turn.answered for turn in found.turns if turn.answered is not None), [])
        return TypeAdapter(tuple[Service, ...]).validate_python(listed)

    def _next(self, door: str, host: str, port: int = 0, role: str | None = None) -> Conversation:
        with self._lock:
            for place, each in enumerate(self._left):
                is_it = (each.door, each.host, each.port) == (door, host, port)
                if is_it and role in (None, each.role):
                    found = self._left.pop(place)
                    break
            else:
                raise UnreachableError(
                    problem("connection_refused", host=host, port=str(port)), "tcp"
                )
        first = found.turns[0].failed if found.turns else None
        if first is not None:
            raise _error(first, found.took_ms)
        return found


class _Channel:
    """It implements `Channel`."""

    def __init__(self, said: Conversation, endpoint: Endpoint) -> None:
        self.took_ms = said.took_ms
        self.tls_version = said.tls_version or "TLS"
        self.validity = said.validity or _FOREVER
        self.greeting = None if said.greeting is None else _octets(said.greeting)
        self._host, self._port = endpoint.host, str(endpoint.port)
        self._turns = list(said.turns)
        self._sent = [turn.sent for turn in said.turns if turn.sent is not None]
        #: The tags of then, by those of now.
        self._tags: dict[bytes, bytes] = {}

    def sendall(self, data: bytes) -> None:
        for line in bytes(data).splitlines():
            if not self._sent:
                raise MailboxError(problem("connection_lost", host=self._host, port=self._port))
            before = self._sent.pop(0).partition(" ")[0].encode()
            self._tags[before] = line.partition(b" ")[0]

    def makefile(self, mode: str = "rb") -> BinaryIO:
        assert mode == "rb"
        return cast("BinaryIO", io.BufferedReader(_Heard(self)))

    def close(self) -> None:
        """Nothing is open."""

    def receive(self) -> bytes:
        """What was heard next; empty at the end."""
        while self._turns:
            turn = self._turns.pop(0)
            if turn.failed is not None:
                raise _error(turn.failed, ())
            if turn.heard is not None:
                return self._as_tagged(_octets(turn.heard))
        return b""

    def _as_tagged(self, line: bytes) -> bytes:
        tag, space, rest = line.partition(b" ")
        return self._tags.get(tag, tag) + space + rest


class _Heard(io.RawIOBase):
    def __init__(self, channel: _Channel) -> None:
        self._channel = channel
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        if not self._left:
            self._left = self._channel.receive()
        count = min(len(view), len(self._left))
        view[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class _Session:
    """It implements `HttpSession`."""

    def __init__(self, said: Conversation) -> None:
        self.took_ms = said.took_ms
        self.tls_version = said.tls_version or "TLS"
        self.validity = said.validity or _FOREVER
        self.certificate = base64.b64decode(said.certificate or "")
        self.connection = 1
        self._host = said.host
        self._turns = [turn for turn in said.turns if turn.asked is None]

    def send(
        self,
        method: str,  # noqa: ARG002 - of `HttpSession`
        target: str,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002
        body: bytes | None = None,  # noqa: ARG002
    ) -> HttpAnswer:
        if not self._turns:
            raise MailboxError(problem("connection_lost", host=self._host, port="443"))
        turn = self._turns.pop(0)
        if turn.failed is not None:
            raise _error(turn.failed, ())
        said = turn.answered if isinstance(turn.answered, dict) else {}
        connection = said.get("connection")
        self.connection = connection if isinstance(connection, int) else 1
        return _http_answer(f"https://{self._host}{target}", said)

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _answered(found: Conversation) -> Mapping[str, object]:
    said = next((turn.answered for turn in found.turns if turn.answered is not None), {})
    return said if isinstance(said, dict) else {}


def _http_answer(url: str, said: Mapping[str, object]) -> HttpAnswer:
    headers = said.get("headers")
    status = said.get("status")
    return HttpAnswer(
        url,
        status if isinstance(status, int) else 502,
        {str(name): str(value) for name, value in headers.items()}
        if isinstance(headers, dict)
        else {},
        _octets(str(said.get("body", ""))),
    )


def _error(failure: Failure, took_ms: tuple[tuple[str, float], ...]) -> InboxlinkError:
    if failure.stage is not None:
        return UnreachableError(failure.problem, failure.stage, took_ms)
    return InboxlinkError.of(failure.problem)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "replace")
