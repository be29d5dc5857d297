"""What is asked of DNS, and how each way in which a question can end is told apart."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import dns.resolver
import pytest
from dnslib import QTYPE, RR

from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.network.resolver import Resolver
from inboxlink.network.settings import NetworkSettings
from inboxlink.testing.peers.nameserver import NameServer
from inboxlink.testing.peers.ports import CLOSED_PORT
from inboxlink.types.detection import MailExchange

_Value = TypeVar("_Value")

RECORDS = {
    "a.org": (
        "a.org. 60 IN MX 20 b.a.org.\na.org. 60 IN MX 10 C.a.org.\n"
        'a.org. 60 IN TXT "v=spf1 include:" "b.org -all"'
    ),
    "null.org": "null.org. 60 IN MX 0 .",
    "bare.org": "bare.org. 60 IN A 192.0.2.1",
    "six.org": "six.org. 60 IN AAAA 2001:db8::1",
    "_imaps._tcp.a.org": (
        "_imaps._tcp.a.org. 60 IN SRV 10 1 993 far.a.org.\n"
        "_imaps._tcp.a.org. 60 IN SRV 0 1 993 light.a.org.\n"
        "_imaps._tcp.a.org. 60 IN SRV 0 5 993 heavy.a.org."
    ),
    "gone.org": "gone.org. 60 IN SRV 0 0 0 .",
}


def ask(
    question: Callable[[Resolver], Awaitable[_Value]],
    records: Mapping[str, str] = RECORDS,
    **settings: Any,
) -> tuple[_Value, list[tuple[str, str]]]:
    with NameServer(records) as server:
        there = NetworkSettings(nameservers=(f"127.0.0.1:{server.port}",), **settings)
        return run(question, there), server.questions


def run(question: Callable[[Resolver], Awaitable[_Value]], settings: NetworkSettings) -> _Value:
    async def main() -> _Value:
        resolver = Resolver(settings)
        try:
            return await question(resolver)
        finally:
            await resolver.close()
            assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()] == []

    return asyncio.run(main())


def soon(seconds: float = 5) -> float:
    return time.monotonic() + seconds


def test_mail_exchangers_come_in_their_order() -> None:
    """Most preferred first, lower case, without the last dot; the null MX has no host."""
    answer, _ = ask(lambda dns: dns.mail_exchanges("a.org", soon()))
    assert answer == Answer(
        Outcome.FOUND, (MailExchange(10, "c.a.org"), MailExchange(20, "b.a.org")), ttl_s=60
    )
    null, _ = ask(lambda dns: dns.mail_exchanges("null.org", soon()))
    assert null.values == (MailExchange(0, ""),)


def test_nothing_and_nobody_are_told_apart() -> None:
    """A name without the record, and a name that is not there."""
    # case 21
    nothing, _ = ask(lambda dns: dns.mail_exchanges("bare.org", soon()))
    nobody, _ = ask(lambda dns: dns.mail_exchanges("nowhere.org", soon()))
    assert (nothing.outcome, nobody.outcome) == (Outcome.NOTHING, Outcome.NONEXISTENT)
    assert nothing.is_known
    assert nobody.is_known


def test_a_name_server_that_is_down_is_no_empty_answer() -> None:
    """A resolver that does not answer is a time-out or a failure, never "not there"."""
    there = NetworkSettings(nameservers=(f"127.0.0.1:{CLOSED_PORT}",))
    started = time.monotonic()
    answer = run(lambda dns: dns.mail_exchanges("a.org", soon(0.5)), there)
    assert answer.outcome in (Outcome.TIMED_OUT, Outcome.FAILED)
    assert not answer.is_known
    assert time.monotonic() - started < 1.5


def test_nobody_at_the_port_is_known_at_once() -> None:
    """The system says that nobody listens there, and nothing is waited for."""
    there = NetworkSettings(nameservers=(f"127.0.0.1:{CLOSED_PORT}",))
    started = time.monotonic()
    answer = run(lambda dns: dns.mail_exchanges("a.org", soon()), there)
    assert answer == Answer(Outcome.FAILED)
    assert time.monotonic() - started < 1


def test_silence_is_waited_for_so_long_and_no_longer() -> None:
    """Whoever has more time than that hears that the time was up."""
    with NameServer({}, lambda *_: None) as silent:
        started = time.monotonic()
        there = NetworkSettings(nameservers=(f"127.0.0.1:{silent.port}",))
        answer = run(lambda dns: dns.mail_exchanges("a.org", soon(20)), there)
    assert answer == Answer(Outcome.TIMED_OUT)
    assert 2.9 < time.monotonic() - started < 6
    assert silent.questions == 2 * [("a.org", "MX")]


@pytest.mark.parametrize("name", [f"{64 * 'a'}.org", ".".join(64 * ["abc"]) + ".org", "a..org"])
def test_a_name_that_cannot_be_is_asked_of_nobody(name: str) -> None:
    """RFC 1035 section 2.3.4: 63 octets a label, 255 in all."""
    answer, questions = ask(lambda dns: dns.texts(name, soon()))
    assert answer == Answer(Outcome.FAILED)
    assert questions == []


@pytest.mark.parametrize(
    ("host", "kind", "kept_s"), [("a.org", "A", 24 * 3600), ("b.org", "NXDOMAIN", 3600)]
)
def test_an_answer_is_kept_for_no_longer_than_a_day(host: str, kind: str, kept_s: int) -> None:
    """And that there is none for no longer than an hour, whatever the zone says."""

    def lasting(reply: Any, _: str) -> bytes:
        soa = f"org. {10**6} IN SOA ns.org. x.org. 1 1 1 1 {10**6}"
        if kind == "NXDOMAIN":
            reply.add_auth(*RR.fromZone(soa))
        return bytes(reply.pack())

    with NameServer({"a.org": f"a.org. {10**6} IN A 192.0.2.1"}, lasting) as server:
        there = NetworkSettings(nameservers=(f"127.0.0.1:{server.port}",))
        answer = run(lambda dns: dns.aliases(host, soon()), there)
    assert answer.ttl_s == kept_s


@pytest.mark.parametrize("is_marked", [False, True])
@pytest.mark.parametrize("dnssec", [False, True])
def test_a_mark_of_dnssec_counts_where_the_operator_says_so(is_marked: bool, dnssec: bool) -> None:
    """Whoever is on the way can set it too (RFC 4035 section 4.9.3)."""

    def marked(reply: Any, _: str) -> bytes:
        reply.header.ad = int(is_marked)
        return bytes(reply.pack())

    with NameServer(RECORDS, marked) as server:
        there = NetworkSettings(nameservers=(f"127.0.0.1:{server.port}",), dnssec=dnssec)
        answer = run(lambda dns: dns.aliases("bare.org", soon()), there)
    assert answer.is_signed == (is_marked and dnssec)
    assert answer.ttl_s == 60


def test_special_names_are_not_asked_of_the_public_dns() -> None:
    """A special-use domain is looked up only at servers that the operator names."""
    answer = run(lambda dns: dns.mail_exchanges("demo.test", soon()), NetworkSettings())
    assert answer.outcome is Outcome.NONEXISTENT
    found, questions = ask(
        lambda dns: dns.mail_exchanges("demo.test", soon()),
        {"demo.test": "demo.test. 60 IN MX 1 mx.demo.test."},
    )
    assert len(found.values) == 1
    assert questions == [("demo.test", "MX")]


def test_strings_of_a_text_are_joined() -> None:
    """RFC 7208 section 3.3: without anything between them."""
    answer, _ = ask(lambda dns: dns.texts("a.org", soon()))
    assert answer.values == ("v=spf1 include:b.org -all",)


def test_services_come_by_priority_then_weight() -> None:
    """The lower number first, among equals the heavier; a target of "." is no host."""
    # case 23
    answer, _ = ask(lambda dns: dns.services("_imaps._tcp.a.org", soon()))
    assert [each.host for each in answer.values] == ["heavy.a.org", "light.a.org", "far.a.org"]
    gone, _ = ask(lambda dns: dns.services("gone.org", soon()))
    assert gone.values == (Service(0, 0, 0, ""),)


@pytest.mark.parametrize(
    ("host", "address"), [("bare.org", "192.0.2.1"), ("six.org", "2001:db8::1")]
)
def test_a_host_of_one_family_has_addresses(host: str, address: str) -> None:
    """Addresses of IPv4 or IPv6 alone are enough."""
    # case 22
    answer, _ = ask(lambda dns: dns.addresses(host, soon()))
    assert [str(each) for each in answer.values] == [address]
    assert answer.outcome is Outcome.FOUND


def test_both_families_make_one_answer() -> None:
    """IPv4 first; names on the way; as long as the shorter one, as sure as the less sure one."""
    records = {
        "both.org": "both.org. 60 IN CNAME host.org.\nboth.org. 60 IN CNAME host.org.",
        "host.org": "",
    }
    lines = "host.org. 50 IN A 192.0.2.1\nhost.org. 40 IN AAAA 2001:db8::1"

    def followed(reply: Any, _: str) -> bytes:
        wanted = QTYPE[reply.q.qtype]
        reply.rr.clear()
        reply.add_answer(*RR.fromZone("both.org. 60 IN CNAME host.org."))
        reply.add_answer(*(each for each in RR.fromZone(lines) if QTYPE[each.rtype] == wanted))
        reply.header.ad = int(wanted == "A")
        return bytes(reply.pack())

    with NameServer(records, followed) as server:
        there = NetworkSettings(nameservers=(f"127.0.0.1:{server.port}",), dnssec=True)
        answer = run(lambda dns: dns.addresses("both.org", soon()), there)
    assert [str(each) for each in answer.values] == ["192.0.2.1", "2001:db8::1"]
    assert answer.aliases == ("host.org",)
    assert answer.ttl_s == 40
    assert not answer.is_signed


@pytest.mark.parametrize("broken", ["A", "AAAA"])
def test_that_a_host_has_no_address_takes_both_families_to_say(broken: str) -> None:
    """Where one of them was not heard, nobody knows."""

    def half(reply: Any, _: str) -> bytes:
        reply.header.rcode = 2 if QTYPE[reply.q.qtype] == broken else 0
        return bytes(reply.pack())

    with NameServer({"a.org": "a.org. 60 IN MX 1 b.org."}, half) as server:
        there = NetworkSettings(nameservers=(f"127.0.0.1:{server.port}",))
        answer = run(lambda dns: dns.addresses("a.org", soon()), there)
    assert answer == Answer(Outcome.FAILED)


def test_a_question_is_asked_once() -> None:
    """However many ask at once, and however often, while the answer may be kept."""

    async def ask_three_times(dns: Resolver) -> list[Answer[MailExchange]]:
        both = await asyncio.gather(*(dns.mail_exchanges("a.org", soon()) for _ in range(2)))
        return [*both, await dns.mail_exchanges("a.org", soon())]

    answers, questions = ask(ask_three_times)
    assert len(set(answers)) == 1
    assert questions == [("a.org", "MX")]


def test_whoever_gives_up_takes_the_answer_from_nobody() -> None:
    """One asker without time gets none; the other still hears it."""
    gave_up = Event()

    def waits(reply: Any, _: str) -> bytes:
        gave_up.wait(10)
        return bytes(reply.pack())

    async def ask_both(dns: Resolver) -> tuple[Answer[MailExchange], Answer[MailExchange]]:
        patient = asyncio.create_task(dns.mail_exchanges("a.org", soon(20)))
        hurried = await dns.mail_exchanges("a.org", soon(0.01))
        gave_up.set()
        return hurried, await patient

    with NameServer(RECORDS, waits) as server:
        there = NetworkSettings(nameservers=(f"127.0.0.1:{server.port}",))
        hurried, patient = run(ask_both, there)
    assert (hurried.outcome, patient.outcome) == (Outcome.TIMED_OUT, Outcome.FOUND)


def test_a_machine_without_name_servers_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its configuration names none: that says nothing about any name."""

    def none(self: dns.resolver.Resolver, _: object) -> None:
        self.nameservers = []
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver.Resolver, "read_resolv_conf", none)
    answer = run(lambda dns: dns.mail_exchanges("a.org", soon()), NetworkSettings())
    assert answer.outcome is Outcome.FAILED


def test_whatever_the_first_name_server_does_the_second_is_asked() -> None:
    """One that is not there, one without a way to it, one that does not answer in time."""
    with (
        NameServer(RECORDS) as server,
        NameServer({}, lambda *_: None) as silent,
    ):
        for first in (f"127.0.0.1:{CLOSED_PORT}", "127.0.0.1:0", f"127.0.0.1:{silent.port}"):
            there = NetworkSettings(nameservers=(first, f"127.0.0.1:{server.port}"))
            answer = run(lambda dns: dns.mail_exchanges("a.org", soon()), there)
            assert (first, answer.outcome) == (first, Outcome.FOUND)


class Slow(asyncio.DatagramProtocol):
    """A name server that knows of nothing, and takes its time to say so.

    Args:
        takes_s: How long.
    """

    def __init__(self, takes_s: float) -> None:
        self._takes_s = takes_s
        self._waiting: list[tuple[bytes, tuple[str, int]]] = []
        self.most_at_once = 0
        self.heard = 0
        self.ports: set[int] = set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.heard += 1
        self.ports.add(address[1])
        self._waiting.append((data, address))
        self.most_at_once = max(self.most_at_once, len(self._waiting))
        asyncio.get_running_loop().call_later(self._takes_s, self._answer)

    def _answer(self) -> None:
        data, address = self._waiting.pop(0)
        # The question as it came, as an answer of NXDOMAIN (RFC 1035 section 4.1.1).
        self._transport.sendto(data[:2] + b"\x81\x83" + data[4:], address)


def ask_many(
    server: Slow,
    count: int,
    again: tuple[int, ...] = (),
    watch: Callable[[], None] = lambda: None,
    **resolver: Any,
) -> list[Answer[str]]:
    """Ask a name server about so many names at once, and about some once more.

    `watch` is called before the first question and after the last answer.
    """

    async def main() -> list[Answer[str]]:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: server, local_addr=("127.0.0.1", 0)
        )
        port = transport.get_extra_info("sockname")[1]
        asking = Resolver(NetworkSettings(nameservers=(f"127.0.0.1:{port}",)), **resolver)
        try:
            watch()
            asked = (asking.texts(f"n{number}.org", soon(20)) for number in range(count))
            answers = list(await asyncio.gather(*asked))
            watch()
            return answers + [await asking.texts(f"n{each}.org", soon()) for each in again]
        finally:
            await asking.close()
            transport.close()

    return asyncio.run(main())


def test_many_questions_change_their_port() -> None:
    """Who would forge an answer has several ports to guess, and no answer is lost over it."""
    server = Slow(0.001)
    answers = ask_many(server, 600)
    assert {each.outcome for each in answers} == {Outcome.NONEXISTENT}
    assert len(server.ports) == 3


def test_a_socket_that_has_asked_enough_is_closed() -> None:
    """When its last answer is in; the one that asks now stays."""
    server, count = Slow(0.001), 600
    opened: list[int] = []

    def sockets() -> int:
        found = 0
        for each in Path("/proc/self/fd").iterdir():
            with suppress(OSError):  # the listing's own is gone
                found += str(each.readlink()).startswith("socket:")
        return found

    ask_many(server, count, watch=lambda: opened.append(sockets()))
    assert opened[-1] - opened[0] == 1


def test_what_was_asked_longest_ago_is_forgotten_first() -> None:
    """The answers that are kept have a limit; whoever asks again is answered anew."""
    server = Slow(0)
    ask_many(server, 4200, again=(4200, 0, 4199))
    assert server.heard == 4202


@pytest.mark.parametrize("at_once", [1, 4, 64])
def test_no_more_questions_are_in_flight_than_may_be(at_once: int) -> None:
    """The others wait for their turn, and have it."""
    server = Slow(0.05)
    answers = ask_many(server, 3 * at_once, at_once=at_once)
    assert {each.outcome for each in answers} == {Outcome.NONEXISTENT}
    # How many of them a machine with other work comes to see at once is its own affair.
    assert min(2, at_once) <= server.most_at_once <= at_once


def test_questions_keep_to_their_rate() -> None:
    """So many in a second and no more, also after a moment in which there was nothing to ask."""

    async def main(port: int) -> list[float]:
        resolver = Resolver(NetworkSettings(nameservers=(f"127.0.0.1:{port}",)), per_s=100)
        took_s = []
        try:
            for batch in ("a", "b"):
                began = time.monotonic()
                asked = (resolver.texts(f"{batch}{n}.org", soon()) for n in range(20))
                await asyncio.gather(*asked)
                took_s.append(time.monotonic() - began)
                await asyncio.sleep(0.3)
        finally:
            await resolver.close()
        return took_s

    with NameServer(RECORDS) as server:
        took_s = asyncio.run(main(server.port))
    assert len(server.questions) == 40
    # 19 pauses of 10 ms, of which a late timer is made up for by one.
    assert min(took_s) >= 0.175


def test_what_is_still_asked_at_the_end_is_not_answered() -> None:
    """Closing tells whoever waits that nobody could be asked, at once."""

    async def main(port: int) -> tuple[Answer[Any], float]:
        resolver = Resolver(NetworkSettings(nameservers=(f"127.0.0.1:{port}",)))
        waiting = asyncio.ensure_future(resolver.texts("a.org", soon(20)))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        await resolver.close()
        return await waiting, time.monotonic() - began

    with NameServer({}, lambda *_: None) as silent:
        answer, took = asyncio.run(main(silent.port))
    assert answer.outcome is Outcome.FAILED
    assert took < 1
