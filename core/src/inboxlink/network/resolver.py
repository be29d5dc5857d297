"""Ask DNS, many questions at once, by dnspython.

A question is asked once however many wait for its answer, and every way in which it can end is an
`Answer`: that a name does not exist and that nobody could be asked are never the same.
"""

import asyncio
import math
import time
from collections import OrderedDict
from dataclasses import replace
from functools import cached_property
from typing import Any

from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.network.datagrams import NameServer
from inboxlink.network.messages import Question, Reply
from inboxlink.network.policy import IPAddress
from inboxlink.network.settings import NetworkSettings
from inboxlink.types.address import is_special_use
from inboxlink.types.detection import MailExchange

__all__ = ["Resolver"]

#: Seconds for one try at one name server, and for all of them.
_TRY_S = 1.5
_LIFETIME_S = 3.0
#: Questions in flight.
_AT_ONCE = 64
#: Seconds that an answer, or the absence of one, may be kept.
_MAX_TTL_S = 24 * 3600
_MAX_NEGATIVE_TTL_S = 3600
_MAX_KEPT = 4096


class Resolver:
    """The one way to DNS of a look-up; it belongs to one event loop and is closed at its end.

    Args:
        settings: Which name servers to ask.
        at_once: How many questions may be in flight.
        per_s: How many may begin in a second; 0 = as many as there are.
    """

    def __init__(
        self, settings: NetworkSettings, *, at_once: int = _AT_ONCE, per_s: int = 0
    ) -> None:
        self._settings = settings
        self._between_s = 1 / per_s if per_s else 0.0
        self._next = 0.0
        self._slots = asyncio.Semaphore(at_once)
        self._asked: OrderedDict[tuple[str, str], asyncio.Task[Answer[Any]]] = OrderedDict()
        self._until: dict[tuple[str, str], float] = {}

    async def mail_exchanges(self, domain: str, deadline: float) -> Answer[MailExchange]:
        """MX, most preferred first; the null MX of RFC 7505 is one with an empty host."""
        return await self._ask(domain, "MX", deadline)

    async def texts(self, name: str, deadline: float) -> Answer[str]:
        """TXT, the strings of each joined (RFC 7208 section 3.3)."""
        return await self._ask(name, "TXT", deadline)

    async def services(self, name: str, deadline: float) -> Answer[Service]:
        """SRV of a name such as `_imaps._tcp.example.org`, lowest priority number first."""
        return await self._ask(name, "SRV", deadline)

    async def aliases(self, host: str, deadline: float) -> Answer[IPAddress]:
        """Where a name leads, by its A records alone."""
        return await self._ask(host, "A", deadline)

    async def addresses(self, host: str, deadline: float) -> Answer[IPAddress]:
        """Addresses of a host, those of IPv4 first."""
        self.begin_addresses(host)
        v4 = await self._ask(host, "A", deadline)
        v6 = await self._ask(host, "AAAA", deadline)
        # A name server that knows of one kind only may fail on the other.
        first, second = (v4, v6) if v4.values or not v6.values else (v6, v4)
        if not first.values:
            return first if not first.is_known else second
        return Answer(
            Outcome.FOUND,
            v4.values + v6.values,
            first.aliases,
            is_signed=v4.is_signed and v6.is_signed,
            ttl_s=min(v4.ttl_s, v6.ttl_s),
        )

    async def close(self) -> None:
        """End what is still being asked."""
        pending = [task for task in self._asked.values() if not task.done()]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for server in self.__dict__.get("_servers", ()):
            server.close()

    def begin(self, name: str, kind: str) -> "asyncio.Task[Answer[Any]]":
        """Ask a question for whoever will wait for its answer; it ends by itself.

        Args:
            name: In ASCII, without the last dot.
            kind: `A`, `AAAA`, `MX`, `TXT` or `SRV`.
        """
        key = (name, kind)
        task = self._asked.get(key)
        if task is None or time.monotonic() > self._until.get(key, math.inf):
            self._until.pop(key, None)
            task = asyncio.create_task(self._answer(key))
            self._asked[key] = task
            self._forget()
        return task

    def begin_addresses(self, host: str) -> None:
        """Ask what `addresses` will."""
        self.begin(host, "A")
        self.begin(host, "AAAA")

    async def _ask(self, name: str, kind: str, deadline: float) -> Answer[Any]:
        task = self.begin(name, kind)
        if not task.done():
            left = deadline - time.monotonic()
            # Whoever else waits for the same answer still gets it, hence no cancellation here.
            await asyncio.wait((task,), timeout=max(left, 0))
        return task.result() if task.done() else Answer(Outcome.TIMED_OUT)

    async def _answer(self, key: tuple[str, str]) -> Answer[Any]:
        name, kind = key
        if not self._settings.nameservers and is_special_use(name):
            # RFC 6761 section 6: such a name is not for the public DNS to answer.
            return Answer(Outcome.NONEXISTENT, ttl_s=_MAX_NEGATIVE_TTL_S)
        async with self._slots:
            await self._turn()
            answer = await self._resolve(name, kind)
        self._until[key] = time.monotonic() + answer.ttl_s
        return answer

    async def _turn(self) -> None:
        if self._between_s:
            now = time.monotonic()
            self._next = max(self._next, now) + self._between_s
            await asyncio.sleep(self._next - now)

    async def _resolve(self, name: str, kind: str) -> Answer[Any]:
        try:
            question = Question(name, kind)
            reply = await self._exchange(question)
            if reply is None:
                return Answer(Outcome.FAILED)
            answer = reply.answer(question)
        except TimeoutError:
            return Answer(Outcome.TIMED_OUT)
        except (OSError, ValueError):
            return Answer(Outcome.FAILED)
        limit = _MAX_TTL_S if answer.outcome is Outcome.FOUND else _MAX_NEGATIVE_TTL_S
        is_believed = answer.is_signed <= self._settings.dnssec
        if is_believed and answer.ttl_s <= limit:
            return answer
        is_signed = answer.is_signed and is_believed
        return replace(answer, is_signed=is_signed, ttl_s=min(answer.ttl_s, limit))

    async def _exchange(self, question: Question) -> Reply | None:
        """The first name server's answer that is one; None = all of them refuse.

        Raises:
            TimeoutError: None of them answered in time, and not all refused.
            MalformedReply: What came by TCP is no answer.
        """
        end = time.monotonic() + _LIFETIME_S
        servers = list(self._servers)
        while servers:
            for server in tuple(servers):
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                try:
                    reply = await server.ask(question, min(_TRY_S, left))
                except TimeoutError:
                    continue  # it may only have been slow
                except (OSError, EOFError):
                    servers.remove(server)
                    continue
                if reply.is_one:
                    return reply
                servers.remove(server)
        return None

    @cached_property
    def _servers(self) -> tuple[NameServer, ...]:
        theirs = self._settings.nameservers
        if theirs:
            parts = (each.rpartition(":") for each in theirs)
            return tuple(NameServer(address.strip("[]"), int(port)) for address, _, port in parts)
        import dns.resolver

        system = dns.resolver.Resolver()
        return tuple(NameServer(str(each), system.port) for each in system.nameservers)

    def _forget(self) -> None:
        while len(self._asked) > _MAX_KEPT:
            key, task = next(iter(self._asked.items()))
            if not task.done():
                return
            del self._asked[key]
            self._until.pop(key, None)
