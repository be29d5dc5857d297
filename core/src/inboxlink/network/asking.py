"""One question to DNS: its way through the name servers, and who waits for its answer.

The answer is handed on in the very turn of the loop in which it comes. A task for each question
would hand it on two turns later, behind all that the loop has to do in between.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from inboxlink.network.answers import Answer, Outcome
from inboxlink.network.datagrams import NameServer, Post
from inboxlink.network.messages import MalformedReply, Question, Reply

__all__ = ["Asking"]

#: Seconds for one try at one name server, and for all of them.
_TRY_S = 1.5
_LIFETIME_S = 3.0
#: Seconds that an answer, or the absence of one, may be kept.
_MAX_TTL_S = 24 * 3600
_MAX_NEGATIVE_TTL_S = 3600

_Hear = Callable[[Answer[Any]], None]


class Asking:
    """A question that is being asked, or was answered; it belongs to one event loop.

    Args:
        name: In ASCII, without the last dot.
        kind: `A`, `AAAA`, `MX`, `TXT` or `SRV`.
        dnssec: Whether the name servers' word is believed that an answer is validated.
    """

    __slots__ = ("_answer", "_dnssec", "_end", "_hearers", "_kind", "_name", "_until", "_ways")

    def __init__(self, name: str, kind: str, *, dnssec: bool) -> None:
        self._name = name
        self._kind = kind
        self._dnssec = dnssec
        self._answer: Answer[Any] | None = None
        self._until = 0.0
        self._hearers: list[_Hear] = []
        #: The name servers that are still worth a try, the next one first.
        self._ways: list[NameServer] = []
        self._end = 0.0

    @property
    def answer(self) -> Answer[Any] | None:
        """The answer; None = there is none yet."""
        return self._answer

    @property
    def is_outdated(self) -> bool:
        """Whether the answer may no longer be kept."""
        return self._answer is not None and time.monotonic() > self._until

    def when_heard(self, hear: _Hear) -> None:
        """Have a function called with the answer, at once where it is there."""
        if self._answer is not None:
            hear(self._answer)
        else:
            self._hearers.append(hear)

    async def heard(self, deadline: float) -> Answer[Any]:
        """The answer; `timed_out` where none came by the deadline, which is on the loop's clock."""
        if self._answer is not None:
            return self._answer
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[Answer[Any]] = loop.create_future()

        def hear(answer: Answer[Any]) -> None:
            if not heard.done():  # it is, where whoever waited was cancelled
                heard.set_result(answer)

        self._hearers.append(hear)
        giving_up = loop.call_at(deadline, hear, Answer(Outcome.TIMED_OUT))
        try:
            return await heard
        finally:
            giving_up.cancel()

    def ask(self, servers: Sequence[NameServer]) -> None:
        """Ask one name server after the other, and all of them again, until one says something."""
        try:
            question = Question(self._name, self._kind)
        except ValueError:  # there can be no such name
            self.end(Answer(Outcome.FAILED))
            return
        self._ways = list(servers)
        self._end = asyncio.get_running_loop().time() + _LIFETIME_S
        self._try(question)

    def end(self, answer: Answer[Any]) -> None:
        """Let that be the answer, unless there is one."""
        if self._answer is not None:
            return
        limit_s = _MAX_TTL_S if answer.outcome is Outcome.FOUND else _MAX_NEGATIVE_TTL_S
        is_believed = answer.is_signed <= self._dnssec
        if not is_believed or answer.ttl_s > limit_s:
            is_signed = answer.is_signed and is_believed
            answer = replace(answer, is_signed=is_signed, ttl_s=min(answer.ttl_s, limit_s))
        self._answer = answer
        self._until = time.monotonic() + answer.ttl_s
        hearers, self._hearers = self._hearers, []
        for hear in hearers:
            hear(answer)

    def _try(self, question: Question) -> None:
        now = asyncio.get_running_loop().time()
        if not self._ways:  # nobody is there, or all of them refuse
            self.end(Answer(Outcome.FAILED))
        elif now >= self._end:
            self.end(Answer(Outcome.TIMED_OUT))
        else:
            until = min(now + _TRY_S, self._end)
            self._ways[0].ask(Post(question, until, lambda heard: self._hear(question, heard)))

    def _hear(self, question: Question, heard: Reply | Exception) -> None:
        if isinstance(heard, Reply) and heard.is_one:
            try:
                self.end(heard.answer(question))
            except MalformedReply:
                self.end(Answer(Outcome.FAILED))
        elif isinstance(heard, MalformedReply):
            self.end(Answer(Outcome.FAILED))
        else:
            tried = self._ways.pop(0)
            if isinstance(heard, TimeoutError):  # it may only have been slow
                self._ways.append(tried)
            self._try(question)
