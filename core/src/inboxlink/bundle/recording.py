"""Doors that write down what goes through them; nothing is changed on the way.

What is written is redacted before it is kept, so that nothing secret is ever held by a recording.
"""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from inboxlink.bundle.dialogue import Dialogue
from inboxlink.bundle.pseudonyms import Pseudonyms
from inboxlink.bundle.recorded import Opened, RecordedChannel, RecordedSession
from inboxlink.bundle.transcript import Conversation, Turn
from inboxlink.errors import UnreachableError
from inboxlink.types.context import CertificateFacts, Channel, HttpAnswer, HttpSession, Wire
from inboxlink.types.detection import CertificatePin, Endpoint, Role, Tls
from inboxlink.types.service import Service
from inboxlink.types.validity import Validity

__all__ = ["Recorder"]

_R = TypeVar("_R")


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
        self._opened: list[Opened] = []
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
        return tuple(each.written for each in tuple(self._opened))

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
        return RecordedChannel(channel, opened, dialogue)

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
        return RecordedSession(session, opened)

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
        opened.add_answer(answer)
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

    def _begin(self, head: dict[str, Any]) -> Opened:
        opened = Opened({"hook": self._hook, **head}, self._names)
        with self._lock:
            self._opened.append(opened)
        return opened

    def _noted(self, opened: Opened, call: Callable[[], _R]) -> _R:
        try:
            return opened.noted(call)
        except UnreachableError as error:
            opened.head["took_ms"] = error.took_ms
            raise
