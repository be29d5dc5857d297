"""Name servers that are silent, broken or forged: none of them makes anything known."""

import asyncio
import time
from itertools import pairwise
from typing import Any

import pytest
from dnslib import QTYPE, RR

from inboxlink.errors import UnreachableError
from inboxlink.network.answers import Answer, Outcome
from inboxlink.network.policy import IPAddress
from inboxlink.network.resolver import Resolver
from inboxlink.network.settings import NetworkSettings
from inboxlink.network.wire import Network
from inboxlink.testing.peers.nameserver import NameServer, Twist
from inboxlink.types.detection import Endpoint, Role, Tls

HOST = "mail.a.org"
RECORDS = {HOST: f"{HOST}. 60 IN A 192.0.2.1\n{HOST}. 60 IN AAAA 2001:db8::1"}

#: For a server that never answers: far less than what one try may take.
IMPATIENT_S = 0.4


def settings(server: NameServer) -> NetworkSettings:
    return NetworkSettings(nameservers=(f"127.0.0.1:{server.port}",))


def addresses(server: NameServer, seconds: float) -> Answer[IPAddress]:
    async def ask() -> Answer[IPAddress]:
        resolver = Resolver(settings(server))
        try:
            return await resolver.addresses(HOST, time.monotonic() + seconds)
        finally:
            await resolver.close()

    return asyncio.run(ask())


def coded(rcode: int) -> Twist:
    def twist(reply: Any, _: str) -> bytes:
        reply.header.rcode = rcode
        reply.rr.clear()
        return bytes(reply.pack())

    return twist


def another_id(reply: Any, _: str) -> bytes:
    reply.header.id ^= 0x5555
    return bytes(reply.pack())


def another_question(reply: Any, _: str) -> bytes:
    reply.q.qname = "mail.b.org"
    return bytes(reply.pack())


def another_name(reply: Any, _: str) -> bytes:
    for record in reply.rr:
        record.rname = "mail.b.org"
    return bytes(reply.pack())


def another_type(reply: Any, _: str) -> bytes:
    """The addresses of the other family, under the name that was asked."""
    other = "AAAA" if QTYPE[reply.q.qtype] == "A" else "A"
    value = "2001:db8::1" if other == "AAAA" else "192.0.2.1"
    reply.rr[:] = RR.fromZone(f"{HOST}. 60 IN {other} {value}")
    return bytes(reply.pack())


def a_question(reply: Any, _: str) -> bytes:
    reply.header.qr = 0
    return bytes(reply.pack())


def a_loop(reply: Any, _: str) -> bytes:
    reply.rr[:] = RR.fromZone(f"{HOST}. 60 IN CNAME b.org.\nb.org. 60 IN CNAME {HOST}.")
    return bytes(reply.pack())


def itself(reply: Any, _: str) -> bytes:
    reply.rr[:] = RR.fromZone(f"{HOST}. 60 IN CNAME {HOST}.")
    return bytes(reply.pack())


def a_long_way(reply: Any, _: str) -> bytes:
    names = [HOST, *(f"n{number}.b.org" for number in range(40))]
    steps = (f"{one}. 60 IN CNAME {other}." for one, other in pairwise(names))
    reply.rr[:] = RR.fromZone("\n".join(steps) + f"\n{names[-1]}. 60 IN A 192.0.2.1")
    return bytes(reply.pack())


def cut_off(reply: Any, _: str) -> bytes:
    """Without its last two bytes: an address of which half is there."""
    return bytes(reply.pack())[:-2]


def truncated(reply: Any, protocol: str) -> bytes | None:
    """Truncated by its own word, and nothing to be had by TCP."""
    if protocol == "tcp":
        return None
    reply.header.tc = 1
    reply.rr.clear()
    return bytes(reply.pack())


def a_pointer_to_itself(reply: Any, _: str) -> bytes:
    """The name of the answer is a compression pointer that leads to itself (RFC 1035 4.1.4)."""
    question = bytes(reply.pack())
    reply.rr.clear()
    head = bytes(reply.pack())
    here = (0xC000 | len(head)).to_bytes(2, "big")
    return question[:12] + head[12:] + here + b"\0\1\0\1\0\0\0<\0\4\xc0\0\2\1"


def many_announced(reply: Any, _: str) -> bytes:
    """65535 answers by its header, one in it."""
    packed = bytearray(reply.pack())
    packed[6:8] = b"\xff\xff"
    return bytes(packed)


FAILED, TIMED_OUT = {Outcome.FAILED}, {Outcome.TIMED_OUT}

#: What the server makes of its replies, and how the question may end. What could be a forgery
#: from elsewhere is waited through; what is the server's own fault fails.
HOSTILE: dict[str, tuple[Twist, set[Outcome]]] = {
    "silent": (lambda reply, protocol: None, TIMED_OUT),
    "another id": (another_id, TIMED_OUT),
    "another question": (another_question, TIMED_OUT),
    "no reply but a question": (a_question, TIMED_OUT),
    "truncated for good": (truncated, TIMED_OUT | FAILED),
    "empty": (lambda reply, protocol: b"", TIMED_OUT),
    "junk": (lambda reply, protocol: b"\xff" * 600, TIMED_OUT),
    "cut off": (cut_off, TIMED_OUT | FAILED),
    "a pointer to itself": (a_pointer_to_itself, TIMED_OUT | FAILED),
    "many announced": (many_announced, TIMED_OUT | FAILED),
    "format error": (coded(1), FAILED),
    "server failure": (coded(2), FAILED),
    "not implemented": (coded(4), FAILED),
    "refused": (coded(5), FAILED),
    "a loop": (a_loop, FAILED),
    "an alias of itself": (itself, FAILED),
    "forty aliases": (a_long_way, FAILED),
    "another name": (another_name, {Outcome.NOTHING}),
    "another type": (another_type, {Outcome.NOTHING}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_answer_is_an_address(name: str) -> None:
    """None gives an address, and all but an empty answer leave it open whether there is one."""
    # case 20, 21
    twist, outcomes = HOSTILE[name]
    seconds = IMPATIENT_S if Outcome.TIMED_OUT in outcomes else 5
    with NameServer(RECORDS, twist) as server:
        started = time.monotonic()
        answer = addresses(server, seconds)
        assert time.monotonic() - started < seconds + 1
        assert {kind for _, kind in server.questions} == {"A", "AAAA"}
    assert answer.outcome in outcomes
    assert answer.values == ()
    assert answer.is_known == (answer.outcome is Outcome.NOTHING)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("silent", "timed_out"),
        ("another id", "timed_out"),
        ("server failure", "dns_failed"),
        ("a loop", "dns_failed"),
        ("another name", "host_not_found"),
    ],
)
def test_no_hostile_answer_is_connected(name: str, code: str) -> None:
    """The way to a mail server ends at its first stage, by name, within the deadline."""
    with NameServer(RECORDS, HOSTILE[name][0]) as server:
        network = Network(settings(server))
        seconds = IMPATIENT_S if code == "timed_out" else 5
        started = time.monotonic()
        with pytest.raises(UnreachableError) as caught:
            network.open(Endpoint(Role.IMAP, HOST, 993, Tls.IMPLICIT), started + seconds)
        assert time.monotonic() - started < seconds + 1
    assert (caught.value.code, caught.value.stage) == (code, "dns")
    assert caught.value.problem.message.params == {"host": HOST, "port": "993"}
    assert [stage for stage, _ in caught.value.took_ms] == ["dns"]


def test_a_truncated_answer_is_asked_for_again_by_tcp() -> None:
    """What does not fit into a datagram comes whole (RFC 7766 section 5)."""
    # case 21
    asked = []

    def twist(reply: Any, protocol: str) -> bytes:
        asked.append((QTYPE[reply.q.qtype], protocol))
        if protocol == "udp":
            reply.header.tc = 1
            reply.rr.clear()
        return bytes(reply.pack())

    lines = "\n".join(f"{HOST}. 60 IN A 192.0.2.{number}" for number in range(1, 101))
    with NameServer({HOST: lines}, twist) as server:
        answer = addresses(server, 5)
    assert {str(each) for each in answer.values} == {f"192.0.2.{n}" for n in range(1, 101)}
    assert sorted(asked) == [("A", "tcp"), ("A", "udp"), ("AAAA", "tcp"), ("AAAA", "udp")]


def test_a_forged_answer_does_not_hide_the_true_one() -> None:
    """After a datagram that is not the answer, the answer is still heard."""
    forged = []

    def twist(reply: Any, protocol: str) -> bytes:
        if not forged:
            forged.append(reply.header.id)
            return another_id(reply, protocol)
        return bytes(reply.pack())

    with NameServer(RECORDS, twist) as server:
        answer = addresses(server, 5)
    assert [str(each) for each in answer.values] == ["192.0.2.1", "2001:db8::1"]


def test_one_family_that_fails_does_not_hide_the_other() -> None:
    """A server that fails on AAAA, as some old ones do, still gives the IPv4 address."""
    # case 22

    def twist(reply: Any, protocol: str) -> bytes | None:
        if QTYPE[reply.q.qtype] == "AAAA":
            return coded(2)(reply, protocol)
        return bytes(reply.pack())

    with NameServer(RECORDS, twist) as server:
        answer = addresses(server, 5)
    assert [str(each) for each in answer.values] == ["192.0.2.1"]
    assert answer.is_known
