"""Ask DNS, many questions at once, by dnspython.

A question is asked once however many wait for its answer, and every way in which it can end is an
`Answer`: that a name does not exist and that nobody could be asked are never the same.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar

from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.network.datagrams import NameServer
from inboxlink.network.policy import IPAddress
from inboxlink.network.settings import NetworkSettings
from inboxlink.types.address import is_special_use
from inboxlink.types.detection import MailExchange

if TYPE_CHECKING:
    import dns.message

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

_Value = TypeVar("_Value")


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
        return await self._ask(domain, "MX", _mail_exchanges, deadline)

    async def texts(self, name: str, deadline: float) -> Answer[str]:
        """TXT, the strings of each joined (RFC 7208 section 3.3)."""
        return await self._ask(name, "TXT", _texts, deadline)

    async def services(self, name: str, deadline: float) -> Answer[Service]:
        """SRV of a name such as `_imaps._tcp.example.org`, lowest priority number first."""
        return await self._ask(name, "SRV", _services, deadline)

    async def aliases(self, host: str, deadline: float) -> Answer[IPAddress]:
        """Where a name leads, by its A records alone."""
        return await self._ask(host, "A", _addresses, deadline)

    async def addresses(self, host: str, deadline: float) -> Answer[IPAddress]:
        """Addresses of a host, those of IPv4 first."""
        v4, v6 = await asyncio.gather(
            self._ask(host, "A", _addresses, deadline),
            self._ask(host, "AAAA", _addresses, deadline),
        )
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

    async def _ask(
        self,
        name: str,
        kind: str,
        read: Callable[[Any], tuple[_Value, ...]],
        deadline: float,
    ) -> Answer[_Value]:
        key = (name, kind)
        task = self._asked.get(key)
        if task is None or time.monotonic() > self._until.get(key, math.inf):
            self._until.pop(key, None)
            task = asyncio.create_task(self._answer(key, read))
            self._asked[key] = task
            self._forget()
        left = deadline - time.monotonic()
        # Whoever else waits for the same answer still gets it, hence no cancellation here.
        done, _ = await asyncio.wait((task,), timeout=max(left, 0))
        return task.result() if done else Answer(Outcome.TIMED_OUT)

    async def _answer(
        self, key: tuple[str, str], read: Callable[[Any], tuple[_Value, ...]]
    ) -> Answer[_Value]:
        name, kind = key
        if is_special_use(name) and not self._settings.nameservers:
            # RFC 6761 section 6: such a name is not for the public DNS to answer.
            return Answer(Outcome.NONEXISTENT, ttl_s=_MAX_NEGATIVE_TTL_S)
        async with self._slots:
            await self._turn()
            answer = await self._resolve(name, kind, read)
        self._until[key] = time.monotonic() + answer.ttl_s
        return answer

    async def _turn(self) -> None:
        if self._between_s:
            now = time.monotonic()
            self._next = max(self._next, now) + self._between_s
            await asyncio.sleep(self._next - now)

    async def _resolve(
        self, name: str, kind: str, read: Callable[[Any], tuple[_Value, ...]]
    ) -> Answer[_Value]:
        import dns.exception
        import dns.rcode

        try:
            response = await self._exchange(name, kind)
            if response is None:
                return Answer(Outcome.FAILED)
            is_there = response.rcode() != dns.rcode.NXDOMAIN
            return self._read(response, is_there=is_there, read=read)
        except TimeoutError:
            return Answer(Outcome.TIMED_OUT)
        except (dns.exception.DNSException, OSError, ValueError):
            return Answer(Outcome.FAILED)

    async def _exchange(self, name: str, kind: str) -> "dns.message.QueryMessage | None":
        """The first name server's answer that is one; None = all of them refuse.

        Raises:
            TimeoutError: None of them answered in time, and not all refused.
        """
        import dns.flags
        import dns.message
        import dns.rcode

        # AD in a question asks for AD in the answer (RFC 6840 section 5.7).
        query = dns.message.make_query(name, kind, flags=dns.flags.RD | dns.flags.AD)
        end = time.monotonic() + _LIFETIME_S
        servers = list(self._servers)
        while servers:
            for server in tuple(servers):
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                try:
                    response = await server.ask(query, min(_TRY_S, left))
                except TimeoutError:
                    continue  # it may only have been slow
                except (OSError, EOFError):
                    servers.remove(server)
                    continue
                if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                    return response
                servers.remove(server)
        return None

    def _read(
        self,
        response: "dns.message.QueryMessage",
        *,
        is_there: bool,
        read: Callable[[Any], tuple[_Value, ...]],
    ) -> Answer[_Value]:
        import dns.flags

        chain = response.resolve_chaining()
        values = read(chain.answer or ())
        aliases = tuple(_text(rrset[0].target) for rrset in chain.cnames)
        outcome = Outcome.FOUND if is_there else Outcome.NONEXISTENT
        if is_there and not values and not aliases:
            outcome = Outcome.NOTHING
        limit = _MAX_TTL_S if outcome is Outcome.FOUND else _MAX_NEGATIVE_TTL_S
        is_signed = self._settings.dnssec and bool(response.flags & dns.flags.AD)
        return Answer(outcome, values, aliases, is_signed, min(chain.minimum_ttl, limit))

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


def _mail_exchanges(records: Any) -> tuple[MailExchange, ...]:  # noqa: ANN401 - dnspython's
    found = (MailExchange(each.preference, _text(each.exchange)) for each in records)
    return tuple(sorted(found, key=lambda each: (each.preference, each.host)))


def _texts(records: Any) -> tuple[str, ...]:  # noqa: ANN401
    return tuple(b"".join(each.strings).decode("utf-8", "replace") for each in records)


def _services(records: Any) -> tuple[Service, ...]:  # noqa: ANN401
    found = (Service(each.priority, each.weight, each.port, _text(each.target)) for each in records)
    return tuple(sorted(found, key=lambda each: (each.priority, -each.weight, each.host)))


def _addresses(records: Any) -> tuple[IPAddress, ...]:  # noqa: ANN401
    return tuple(ip_address(each.address) for each in records)


def _text(name: Any) -> str:  # noqa: ANN401
    return str(name.to_text()).rstrip(".").lower()
