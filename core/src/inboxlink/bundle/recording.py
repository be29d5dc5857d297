"""Doors that write down what goes through them; nothing is changed on the way.

What is written is redacted before it is kept, so that nothing secret is ever held by a recording.
"""

import base64
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Literal, Self, TypeVar, cast

from inboxlink.bundle import documents
from inboxlink.bundle.dialogue import Dialogue
from inboxlink.bundle.pseudonyms import REDACTED, Pseudonyms
from inboxlink.bundle.transcript import Conversation, Failure, Turn
from inboxlink.errors import InboxlinkError, Problem, UnreachableError
from inboxlink.types.context import CertificateFacts, Channel, HttpAnswer, HttpSession, Wire
from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls
from inboxlink.types.service import Service
from inboxlink.types.text import Text
from inboxlink.types.validity import Validity

__all__ = ["Recorder", "redacted_problem"]

_R = TypeVar("_R")

#: More turns than a verification has; what a server floods is not kept.
_MAX_TURNS = 2000


@dataclass(slots=True)
class _Open:
    """A conversation that is being written."""

    head: dict[str, Any]
    turns: list[Turn] = field(default_factory=list)

    def add(self, turn: Turn) -> None:
        if len(self.turns) < _MAX_TURNS:
            self.turns.append(turn)


class Recorder:
    """It implements `Wire` over another one.

    Args:
        wire: Where everything goes.
        pseudonyms: Of the bundle.
    """

    def __init__(self, wire: Wire, pseudonyms: Pseudonyms) -> None:
        self._wire = wire
        self._names = pseudonyms
        self._hook = ""
        self._opened: list[_Open] = []
        self._lock = threading.Lock()

    @contextmanager
    def during(self, hook: str) -> Iterator[None]:
        """Write that what is said within the block is said for this hook."""
        before, self._hook = self._hook, hook
        try:
            yield
        finally:
            self._hook = before

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """What was said so far, in the order in which it began."""
        return tuple(
            Conversation(**each.head, turns=tuple(each.turns)) for each in tuple(self._opened)
        )

    def open(self, endpoint: Endpoint, deadline: float) -> Channel:
        """See `Wire.open`."""
        head = {
            "door": "open",
            "role": endpoint.role.value,
            "host": endpoint.host,
            "port": endpoint.port,
            "tls": endpoint.tls,
        }
        opened = self._begin(head)
        channel = self._noted(opened, lambda: self._wire.open(endpoint, deadline))
        dialogue = Dialogue(endpoint.role, self._names)
        greeting = channel.greeting
        opened.head |= {
            "took_ms": channel.took_ms,
            "tls_version": channel.tls_version,
            "validity": channel.validity,
            "greeting": None if greeting is None else dialogue.heard(greeting),
        }
        return _Channel(channel, opened, dialogue, self._failure)

    def http(self, host: str, deadline: float, pin: CertificatePin | None = None) -> HttpSession:
        """See `Wire.http`."""
        head = {"door": "http", "role": Role.API.value, "host": host, "port": 443}
        opened = self._begin(head | {"tls": Tls.IMPLICIT})
        session = self._noted(opened, lambda: self._wire.http(host, deadline, pin))
        opened.head |= {
            "took_ms": session.took_ms,
            "tls_version": session.tls_version,
            "validity": session.validity,
            "certificate": base64.b64encode(session.certificate).decode(),
        }
        return _Session(session, opened, self._names, self._failure)

    def certificate(self, endpoint: Endpoint, deadline: float) -> CertificateFacts:
        """See `Wire.certificate`; what it shows is public, and its names are the server's."""
        head = {"door": "certificate", "role": endpoint.role.value, "host": endpoint.host}
        opened = self._begin(head | {"port": endpoint.port, "tls": endpoint.tls})
        facts = self._noted(opened, lambda: self._wire.certificate(endpoint, deadline))
        opened.head |= {
            "validity": Validity(facts.not_before, facts.not_after),
            "certificate": facts.der,
        }
        return facts

    def get(self, url: str, deadline: float) -> HttpAnswer:
        """See `Wire.get`."""
        opened = self._begin({"door": "get", "host": self._names.text(url.partition("?")[0])})
        answer = self._noted(opened, lambda: self._wire.get(url, deadline))
        opened.add(Turn(answered=_answer(answer, self._names)))
        return answer

    def redirect(self, url: str, deadline: float) -> str | None:
        """See `Wire.redirect`."""
        opened = self._begin({"door": "redirect", "host": self._names.text(url.partition("?")[0])})
        found = self._noted(opened, lambda: self._wire.redirect(url, deadline))
        opened.add(Turn(answered={"location": found and self._names.text(found.partition("?")[0])}))
        return found

    def services(self, name: str, deadline: float) -> tuple[Service, ...]:
        """See `Wire.services`."""
        opened = self._begin({"door": "services", "host": name})
        found = self._noted(opened, lambda: self._wire.services(name, deadline))
        opened.add(
            Turn(
                answered=[
                    {"priority": s.priority, "weight": s.weight, "host": s.host, "port": s.port}
                    for s in found
                ]
            )
        )
        return found

    def _begin(self, head: dict[str, Any]) -> _Open:
        opened = _Open({"hook": self._hook, **head})
        with self._lock:
            self._opened.append(opened)
        return opened

    def _noted(self, opened: _Open, call: Callable[[], _R]) -> _R:
        try:
            return call()
        except InboxlinkError as error:
            if isinstance(error, UnreachableError):
                opened.head["took_ms"] = error.took_ms
            opened.add(Turn(failed=self._failure(error)))
            raise

    def _failure(self, error: InboxlinkError) -> Failure:
        stage: Literal["dns", "tcp", "tls"] | None = None
        if isinstance(error, UnreachableError):
            stage = error.stage
        return Failure(problem=redacted_problem(error.problem, self._names), stage=stage)


def redacted_problem(problem: Problem, names: Pseudonyms) -> Problem:
    """A problem whose values and words name nobody."""
    from dataclasses import replace

    def kept(text: Text) -> Text:
        params = {name: names.prose(str(value)) for name, value in text.params.items()}
        return replace(text, params=params)

    return replace(
        problem,
        message=kept(problem.message),
        remedy=None if problem.remedy is None else kept(problem.remedy),
        remote=None if problem.remote is None else names.prose(problem.remote),
    )


class _Channel:
    """It implements `Channel`."""

    def __init__(
        self,
        channel: Channel,
        opened: _Open,
        dialogue: Dialogue,
        failure: Callable[[InboxlinkError], Failure],
    ) -> None:
        self._channel = channel
        self._opened = opened
        self._dialogue = dialogue
        self._failure = failure

    @property
    def took_ms(self) -> tuple[tuple[str, float], ...]:
        return self._channel.took_ms

    @property
    def tls_version(self) -> str:
        return self._channel.tls_version

    @property
    def validity(self) -> Validity | None:
        return self._channel.validity

    @property
    def greeting(self) -> bytes | None:
        return self._channel.greeting

    def sendall(self, data: bytes) -> None:
        for line in self._dialogue.sent(bytes(data)):
            self._opened.add(Turn(sent=line))
        self.noted(lambda: self._channel.sendall(data))

    def makefile(self, mode: str = "rb") -> BinaryIO:
        return cast("BinaryIO", _Reader(self._channel.makefile(mode), self))

    def close(self) -> None:
        self._channel.close()

    def noted(self, call: Callable[[], _R]) -> _R:
        try:
            return call()
        except InboxlinkError as error:
            self._opened.add(Turn(failed=self._failure(error)))
            raise

    def heard(self, data: bytes) -> bytes:
        self._opened.add(Turn(heard=self._dialogue.heard(data) if data else ""))
        return data


class _Reader:
    """A reader of a channel, which writes what it gave."""

    def __init__(self, file: BinaryIO, channel: _Channel) -> None:
        self._file = file
        self._channel = channel

    def readline(self, size: int = -1) -> bytes:
        return self._channel.heard(self._channel.noted(lambda: self._file.readline(size)))

    def read(self, size: int = -1) -> bytes:
        return self._channel.heard(self._channel.noted(lambda: self._file.read(size)))

    def close(self) -> None:
        self._file.close()


class _Session:
    """It implements `HttpSession`."""

    def __init__(
        self,
        session: HttpSession,
        opened: _Open,
        names: Pseudonyms,
        failure: Callable[[InboxlinkError], Failure],
    ) -> None:
        self._session = session
        self._opened = opened
        self._names = names
        self._failure = failure

    @property
    def took_ms(self) -> tuple[tuple[str, float], ...]:
        return self._session.took_ms

    @property
    def tls_version(self) -> str:
        return self._session.tls_version

    @property
    def validity(self) -> Validity | None:
        return self._session.validity

    @property
    def certificate(self) -> bytes:
        return self._session.certificate

    @property
    def connection(self) -> int:
        return self._session.connection

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        asked: dict[str, Any] = {
            "method": method,
            "target": documents.request_target(target, self._names),
            "headers": documents.request_headers(headers or {}, self._names),
            "body": REDACTED if body else "",
        }
        self._opened.add(Turn(asked=asked))
        try:
            answer = self._session.send(method, target, headers, body)
        except InboxlinkError as error:
            self._opened.add(Turn(failed=self._failure(error)))
            raise
        written = _answer(answer, self._names) | {"connection": self._session.connection}
        self._opened.add(Turn(answered=written))
        return answer

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _answer(answer: HttpAnswer, names: Pseudonyms) -> dict[str, Any]:
    content_type = answer.headers.get("content-type", "")
    return {
        "status": answer.status,
        "headers": documents.answer_headers(answer.headers, names),
        "body": documents.answer_body(content_type, answer.status, answer.body, names),
    }
