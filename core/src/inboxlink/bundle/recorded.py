"""What is written of a conversation while it goes on: by mail protocols, and by http."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Self, TypeVar, cast

from inboxlink.bundle import documents
from inboxlink.bundle.dialogue import Dialogue
from inboxlink.bundle.pseudonyms import REDACTED, Pseudonyms
from inboxlink.bundle.transcript import Conversation, Failure, Turn
from inboxlink.errors import InboxlinkError, UnreachableError
from inboxlink.types.context import Channel, HttpAnswer, HttpSession
from inboxlink.types.validity import Validity

__all__ = ["Opened", "RecordedChannel", "RecordedSession"]

_R = TypeVar("_R")

#: More turns than a verification has; what a server floods is not kept.
_MAX_TURNS = 2000


@dataclass(slots=True)
class Opened:
    """A conversation that is being written, with nothing in it that names anybody.

    Args:
        head: The fields of `Conversation` but its turns.
        names: The pseudonyms of the bundle.
    """

    head: dict[str, Any]
    names: Pseudonyms
    _turns: list[Turn] = field(default_factory=list)

    @property
    def written(self) -> Conversation:
        """As far as it has come."""
        return Conversation(**self.head, turns=tuple(self._turns))

    def add(self, turn: Turn) -> None:
        """Write a turn, unless there are too many."""
        if len(self._turns) < _MAX_TURNS:
            self._turns.append(turn)

    def add_request(
        self, method: str, target: str, headers: Mapping[str, str], *, has_body: bool
    ) -> None:
        """Write what is asked by http; of a body, that there is one."""
        asked = {
            "method": method,
            "target": documents.request_target(target, self.names),
            "headers": documents.request_headers(headers, self.names),
            "body": REDACTED if has_body else "",
        }
        self.add(Turn(asked=asked))

    def add_answer(self, answer: HttpAnswer, **more: object) -> None:
        """Write what came back by http."""
        kind = answer.headers.get("content-type", "")
        answered = {
            "status": answer.status,
            "headers": documents.answer_headers(answer.headers, self.names),
            "body": documents.answer_body(kind, answer.status, answer.body, self.names),
        }
        self.add(Turn(answered=answered | more))

    def noted(self, call: Callable[[], _R]) -> _R:
        """What a call gives; its error is written, and raised."""
        try:
            return call()
        except InboxlinkError as error:
            stage = error.stage if isinstance(error, UnreachableError) else None
            failure = Failure(problem=self.names.problem(error.problem), stage=stage)
            self.add(Turn(failed=failure))
            raise


class RecordedChannel:
    """It implements `Channel` over another one."""

    def __init__(self, channel: Channel, opened: Opened, dialogue: Dialogue) -> None:
        self._channel = channel
        self._opened = opened
        self._dialogue = dialogue

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
        self._opened.noted(lambda: self._channel.sendall(data))

    def makefile(self, mode: str = "rb") -> BinaryIO:
        return cast("BinaryIO", _Reader(self._channel.makefile(mode), self._opened, self._dialogue))

    def close(self) -> None:
        self._channel.close()


class _Reader:
    """A reader of a channel, which writes what it gave."""

    def __init__(self, file: BinaryIO, opened: Opened, dialogue: Dialogue) -> None:
        self._file = file
        self._opened = opened
        self._dialogue = dialogue

    def readline(self, size: int = -1) -> bytes:
        return self._heard(self._opened.noted(lambda: self._file.readline(size)))

    def read(self, size: int = -1) -> bytes:
        return self._heard(self._opened.noted(lambda: self._file.read(size)))

    def close(self) -> None:
        self._file.close()

    def _heard(self, data: bytes) -> bytes:
        self._opened.add(Turn(heard=self._dialogue.heard(data) if data else ""))
        return data


class RecordedSession:
    """It implements `HttpSession` over another one."""

    def __init__(self, session: HttpSession, opened: Opened) -> None:
        self._session = session
        self._opened = opened

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
        self._opened.add_request(method, target, headers or {}, has_body=bool(body))
        answer = self._opened.noted(lambda: self._session.send(method, target, headers, body))
        self._opened.add_answer(answer, connection=self._session.connection)
        return answer

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
