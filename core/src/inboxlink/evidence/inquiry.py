"""One domain, and the questions about it: each is asked once, however many steps want to know."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from inboxlink.errors import InboxlinkError
from inboxlink.evidence import community, greeting, pacc
from inboxlink.evidence.kept import Cache
from inboxlink.evidence.records import DKIM_SELECTORS, SERVICES, Records
from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.network.deadline import since_ms
from inboxlink.network.dialer import Dialer
from inboxlink.network.fetcher import Fetcher
from inboxlink.network.policy import IPAddress
from inboxlink.network.resolver import Resolver
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import Lookup, MailExchange, Trust

__all__ = ["Inquiry"]

_Value = TypeVar("_Value")

#: Seconds for one file of the web.
_WEB_S = 4.0
#: Seconds until a server has greeted.
_GREETING_S = 3.0
_SHOWN_VALUES = 4


class Inquiry:
    """What is being asked about a domain, and the log of it.

    Args:
        domain: The A-label form.
        resolver: Asks DNS.
        dialer: Connects to servers.
        deadline: On the monotonic clock, for everything.
        cache: What the database of mail providers said lately; None = nothing is kept.
        refresh: Whether it is asked anew all the same.
        frugal: Whether to ask one question first where its answer may save others.
    """

    def __init__(
        self,
        domain: str,
        resolver: Resolver,
        dialer: Dialer,
        deadline: float,
        *,
        cache: Cache | None = None,
        refresh: bool = False,
        frugal: bool = False,
    ) -> None:
        self.domain = domain
        self.deadline = deadline
        self.log: list[Lookup] = []
        self._cache = cache
        self._refresh = refresh
        self._frugal = frugal
        self._resolver = resolver
        self._dialer = dialer
        self._fetcher = Fetcher(dialer)
        self._began = time.monotonic()
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        #: Questions to DNS: when each was asked, and what it was answered.
        self._asked: dict[str, float] = {}
        self._answers: dict[str, Answer[Any]] = {}
        #: A label that nobody would have made: where it exists, every label does.
        self._unlikely = f"{secrets.token_hex(6)}.{domain}"

    async def mail_exchanges(self) -> Answer[MailExchange]:
        """MX of the domain."""
        return await self._dns("mx", self.domain, self._resolver.mail_exchanges)

    async def texts(self, name: str) -> Answer[str]:
        """TXT of a name."""
        return await self._dns("txt", name, self._resolver.texts)

    async def services(self, service: str) -> Answer[Service]:
        """SRV of a service of the domain."""
        if self._frugal and not await self._has_services():
            return Answer(Outcome.NONEXISTENT)
        return await self._dns("srv", f"_{service}._tcp.{self.domain}", self._resolver.services)

    async def _has_services(self) -> bool:
        branch = await self.aliases(f"_tcp.{self.domain}")
        return branch.outcome is not Outcome.NONEXISTENT  # nor anything below it (RFC 8020)

    async def aliases(self, host: str) -> Answer[IPAddress]:
        """Where a name leads, by its A records: what matters are the names on the way."""
        return await self._dns("a", host, self._resolver.aliases)

    async def wildcard(self) -> Answer[IPAddress]:
        """Where a name leads that does not exist unless all do."""
        return await self.aliases(self._unlikely)

    def begin(self, hosts: Sequence[str] = ()) -> None:
        """Ask together what the steps will ask, so that all of it costs one round trip.

        Args:
            hosts: Those of the web that the steps will connect.
        """
        # What decides for most domains goes out first, then what connections wait for.
        self._begin("mx", self.domain)
        for host in hosts:
            self._resolver.begin_addresses(host)
        if hosts:
            # Records that name a file.
            self._begin("txt", self.domain)
            self._begin("txt", pacc.record_name(self.domain))
        self._begin_records(SERVICES, DKIM_SELECTORS)
        self._begin("a", self._unlikely)

    async def records(self) -> Records:
        """All that DNS says; a frugal inquiry leaves out what another answer makes idle."""
        domain = self.domain
        services: tuple[str, ...] = SERVICES
        selectors: tuple[str, ...] = DKIM_SELECTORS
        if self._frugal:
            # Microsoft's customers publish both of theirs, or none.
            selectors = tuple(each for each in selectors if each != "selector2")
            services = SERVICES if await self._has_services() else ()
        self._begin_records(services, selectors)
        if not self._frugal:
            self._begin("a", self._unlikely)
        autodiscover = await self.aliases(f"autodiscover.{domain}")
        dkim = {each: await self.texts(f"{each}._domainkey.{domain}") for each in selectors}
        # What every name leads to takes away from what names lead to, and from nothing else.
        is_led = bool(autodiscover.aliases) or any(each.aliases for each in dkim.values())
        return Records(
            domain=domain,
            mx=await self.mail_exchanges(),
            txt=await self.texts(domain),
            autodiscover=autodiscover,
            wildcard=await self.wildcard() if is_led or not self._frugal else None,
            services={each: await self.services(each) for each in services},
            dkim=dkim,
        )

    def fetch(
        self, url: str, trust: Trust = Trust.VERIFIED, *, plain: bool = False, follow: bool = True
    ) -> "asyncio.Future[HttpAnswer | InboxlinkError]":
        """A file of the web, or why it could not be had; it is asked for from now on.

        Args:
            url: The address.
            trust: What a good answer would be worth.
            plain: As in `Fetcher.get`.
            follow: As there.
        """
        return self._once(url, lambda: self._fetch(url, trust, plain=plain, follow=follow))

    def community(self, name: str) -> "asyncio.Future[HttpAnswer | InboxlinkError]":
        """What the database of mail providers has under a name; what it said lately is kept."""
        return self._once(f"community:{name}", lambda: self._community(name))

    async def _community(self, name: str) -> HttpAnswer | InboxlinkError:
        url = community.address(name)
        if self._cache is not None and self._refresh:
            self._cache.forget(name)
        kept = self._cache.get(name) if self._cache is not None else None
        if kept is not None:
            self.note(url, "kept" if kept.body is not None else "kept_none", Trust.VERIFIED)
            return HttpAnswer(url, 404 if kept.body is None else 200, {}, kept.body or b"")
        answer = await self.fetch(url)
        if self._cache is not None and isinstance(answer, HttpAnswer):
            if answer.status in (404, 410):
                self._cache.put(name, None)
            elif answer.status == 200:
                self._cache.put(name, answer.body)
        return answer

    async def greeting(self, protocol: str, host: str, port: int) -> bool:
        """Whether a server greets over TLS as one of `imap` or `smtp` does."""
        source = f"{protocol}://{host}:{port}"
        return await self._once(source, lambda: self._greeting(source, protocol, host, port))

    def note(self, source: str, outcome: str, trust: Trust, began: float | None = None) -> None:
        """Add a line to the log; `began` is on the monotonic clock, None = took no time."""
        now = time.monotonic()
        self.log.append(
            Lookup(
                source,
                outcome,
                0.0 if began is None else since_ms(began),
                trust,
                round(((now if began is None else began) - self._began) * 1000, 1),
            )
        )

    def stop(self) -> None:
        """Ask no further of the web; what was not answered by now is not heard any more."""
        for task in self._tasks.values():
            task.cancel()

    async def close(self) -> None:
        """End what is still being asked."""
        self.stop()
        if self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _dns(
        self, kind: str, name: str, ask: Callable[[str, float], Awaitable[Answer[_Value]]]
    ) -> Answer[_Value]:
        source = self._begin(kind, name)
        if source not in self._answers:
            answer = await ask(name, self.deadline)
            self._heard(source, self._asked[source], answer)
        return self._answers[source]

    def _begin_records(self, services: Sequence[str], selectors: Sequence[str]) -> None:
        self._begin("mx", self.domain)
        self._begin("txt", self.domain)
        self._begin("a", f"autodiscover.{self.domain}")
        for each in services:
            self._begin("srv", f"_{each}._tcp.{self.domain}")
        for each in selectors:
            self._begin("txt", f"{each}._domainkey.{self.domain}")

    def _begin(self, kind: str, name: str) -> str:
        """Ask a question, once; the resolver sees to its end."""
        source = f"dns:{kind} {self._shown(name)}"
        if source not in self._asked:
            began = self._asked[source] = time.monotonic()
            asking = self._resolver.begin(name, kind.upper())
            asking.when_heard(partial(self._heard, source, began))
        return source

    def _heard(self, source: str, began: float, answer: Answer[Any]) -> None:
        if source not in self._answers:
            self._answers[source] = answer
            trust = Trust.SIGNED if answer.is_signed else Trust.DNS
            self.note(source, _outcome(answer), trust, began)

    async def _fetch(
        self, url: str, trust: Trust, *, plain: bool, follow: bool
    ) -> HttpAnswer | InboxlinkError:
        began = time.monotonic()
        deadline = min(self.deadline, began + _WEB_S)
        try:
            answer = await self._fetcher.get(url, deadline, plain=plain, follow=follow)
        except InboxlinkError as error:
            self.note(url, error.code, trust, began)
            return error
        way = "".join(f" → {each}" for each in (*answer.via[1:], answer.url) if answer.via)
        self.note(url, f"HTTP {answer.status}, {len(answer.body)} B{way}", trust, began)
        return answer

    async def _greeting(self, source: str, protocol: str, host: str, port: int) -> bool:
        began = time.monotonic()
        deadline = min(self.deadline, began + _GREETING_S)
        outcome = await greeting.listen(self._dialer, protocol, host, port, deadline)
        self.note(source, outcome, Trust.NONE, began)
        return outcome == greeting.GREETS

    def _once(
        self, key: str, ask: Callable[[], Coroutine[None, None, _Value]]
    ) -> "asyncio.Future[_Value]":
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(ask())
        # A step that is no longer wanted must not take the answer from the others.
        return asyncio.shield(task)

    def _shown(self, name: str) -> str:
        return name if name != self._unlikely else f"(random).{self.domain}"


def _outcome(answer: Answer[Any]) -> str:
    if answer.outcome is not Outcome.FOUND:
        return answer.outcome.value
    values = [_value(each) for each in answer.values[:_SHOWN_VALUES]]
    if len(answer.values) > _SHOWN_VALUES:
        values.append(f"+{len(answer.values) - _SHOWN_VALUES}")
    chain = [f"CNAME {each}" for each in answer.aliases]
    return ", ".join(chain + values) or answer.outcome.value


def _value(value: object) -> str:
    if isinstance(value, MailExchange):
        return f"{value.preference} {value.host or '.'}"
    if isinstance(value, Service):
        return f"{value.host or '.'}:{value.port}"
    return str(value)[:80]
