"""Ask DNS, many questions at once, by dnspython.

A question is asked once however many wait for its answer, and every way in which it can end is an
`Answer`: that a name does not exist and that nobody could be asked are never the same.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any, TypeVar

from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.network.asking import Asking
from inboxlink.network.datagrams import NameServer
from inboxlink.network.loop import run
from inboxlink.network.policy import IPAddress
from inboxlink.network.settings import NetworkSettings
from inboxlink.types.address import is_special_use
from inboxlink.types.detection import MailExchange

__all__ = ["Resolver", "run_with_resolver"]

_Value = TypeVar("_Value")

#: Questions in flight.
_AT_ONCE = 64
_MAX_KEPT = 4096
#: Seconds that it is made up for when a timer rings late, so that the rate is kept.
_LATE_S = 0.01
#: That a special-use name is not there does not change.
_NEVER_THERE: Answer[Any] = Answer(Outcome.NONEXISTENT, ttl_s=3600)


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
        self._at_once = at_once
        self._between_s = 1 / per_s if per_s else 0.0
        self._next = 0.0
        self._in_flight = 0
        self._waiting: deque[Asking] = deque()
        self._waking: asyncio.TimerHandle | None = None
        self._asked: OrderedDict[tuple[str, str], Asking] = OrderedDict()

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
        """End what is still being asked: its answer is that nobody could be."""
        self._waiting.clear()
        if self._waking is not None:
            self._waking.cancel()
        for server in self.__dict__.get("_servers", ()):
            await server.close()
        for asking in tuple(self._asked.values()):
            asking.end(Answer(Outcome.FAILED))

    def begin(self, name: str, kind: str) -> Asking:
        """Ask a question for whoever will wait for its answer; it ends by itself.

        Args:
            name: In ASCII, without the last dot.
            kind: `A`, `AAAA`, `MX`, `TXT` or `SRV`.
        """
        key = (name, kind)
        asking = self._asked.get(key)
        if asking is None or asking.is_outdated:
            asking = self._asked[key] = Asking(name, kind, dnssec=self._settings.dnssec)
            self._forget()
            if not self._settings.nameservers and is_special_use(name):
                # RFC 6761 section 6: such a name is not for the public DNS to answer.
                asking.end(_NEVER_THERE)
            else:
                self._waiting.append(asking)
                self._send()
        return asking

    def begin_addresses(self, host: str) -> None:
        """Ask what `addresses` will."""
        self.begin(host, "A")
        self.begin(host, "AAAA")

    async def _ask(self, name: str, kind: str, deadline: float) -> Answer[Any]:
        return await self.begin(name, kind).heard(deadline)

    def _send(self) -> None:
        while self._waiting and self._in_flight < self._at_once and self._is_due():
            asking = self._waiting.popleft()
            self._in_flight += 1
            asking.when_heard(self._heard)
            asking.ask(self._servers)

    def _heard(self, _answer: Answer[Any]) -> None:
        self._in_flight -= 1
        if self._waiting:
            # Not from here: where nobody can be asked, each would hear so within the one before.
            asyncio.get_running_loop().call_soon(self._send)

    def _is_due(self) -> bool:
        """Whether another question may begin; if not, the queue is looked at when it may."""
        if not self._between_s:
            return True
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now < self._next:
            if self._waking is None:
                self._waking = loop.call_at(self._next, self._wake)
            return False
        self._next = max(self._next, now - _LATE_S) + self._between_s
        return True

    def _wake(self) -> None:
        self._waking = None
        self._send()

    @cached_property
    def _servers(self) -> tuple[NameServer, ...]:
        theirs = self._settings.nameservers
        if theirs:
            parts = (each.rpartition(":") for each in theirs)
            return tuple(NameServer(address.strip("[]"), int(port)) for address, _, port in parts)
        import dns.resolver

        try:
            system = dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration:
            return ()
        return tuple(NameServer(str(each), system.port) for each in system.nameservers)

    def _forget(self) -> None:
        while len(self._asked) > _MAX_KEPT:
            key, asking = next(iter(self._asked.items()))
            if asking.answer is None:
                return
            del self._asked[key]


def run_with_resolver(
    settings: NetworkSettings, ask: Callable[[Resolver], Coroutine[Any, Any, _Value]]
) -> _Value:
    """Run what asks DNS, with a resolver of its own, and to the end."""

    async def main() -> _Value:
        resolver = Resolver(settings)
        try:
            return await ask(resolver)
        finally:
            await resolver.close()

    return run(main())
