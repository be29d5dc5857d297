"""What is asked of DNS, and how each way in which a question can end is told apart."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import pytest

from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.network.resolver import Resolver
from inboxlink.network.settings import NetworkSettings
from inboxlink.testing.peers.nameserver import NameServer
from inboxlink.testing.peers.ports import free_port
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
    there = NetworkSettings(nameservers=(f"127.0.0.1:{free_port()}",))
    started = time.monotonic()
    answer = run(lambda dns: dns.mail_exchanges("a.org", soon(0.5)), there)
    assert answer.outcome in (Outcome.TIMED_OUT, Outcome.FAILED)
    assert not answer.is_known
    assert time.monotonic() - started < 1.5


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

    async def ask_both(dns: Resolver) -> list[Answer[MailExchange]]:
        return list(
            await asyncio.gather(
                dns.mail_exchanges("a.org", soon(0)), dns.mail_exchanges("a.org", soon())
            )
        )

    (hurried, patient), _ = ask(ask_both)
    assert (hurried.outcome, patient.outcome) == (Outcome.TIMED_OUT, Outcome.FOUND)
