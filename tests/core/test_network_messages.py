"""What is read of an answer of DNS, beside what dnspython makes of the same octets."""

import contextlib
from typing import Any

import dns.exception
import dns.message
import dns.rcode
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inboxlink.network.answers import Answer, Outcome
from inboxlink.network.messages import MalformedReply, Question, read

NAME = "a.example.org"
HEAD = f"id 7\nopcode QUERY\nrcode %s\nflags QR RD RA\n;QUESTION\n{NAME}. IN %s\n;ANSWER\n%s"
SOA = ";AUTHORITY\norg. 50 IN SOA ns.org. h.org. 1 2 3 4 40\n"

#: Answers as a zone file has them: what is asked, the code, the records, the rest.
ANSWERS = {
    "mx": ("MX", "NOERROR", f"{NAME}. 60 IN MX 20 B.org.\n{NAME}. 30 IN MX 10 c.org.\n", ""),
    "null": ("MX", "NOERROR", f"{NAME}. 60 IN MX 0 .\n", ""),
    "txt": ("TXT", "NOERROR", f'{NAME}. 60 IN TXT "v=spf1 " "-all"\n', ""),
    "srv": ("SRV", "NOERROR", f"{NAME}. 60 IN SRV 1 2 993 imap.org.\n", ""),
    "a": ("A", "NOERROR", f"{NAME}. 60 IN CNAME B.org.\nb.org. 9 IN A 192.0.2.1\n", ""),
    "aaaa": ("AAAA", "NOERROR", f"{NAME}. 60 IN AAAA 2001:db8::1\n", ""),
    "alias": ("TXT", "NXDOMAIN", f"{NAME}. 60 IN CNAME gone.org.\n", SOA),
    "absent": ("TXT", "NXDOMAIN", "", SOA),
    "nothing": ("MX", "NOERROR", "", SOA),
    "no start": ("MX", "NOERROR", "", ""),
    "contradiction": ("A", "NXDOMAIN", f"{NAME}. 60 IN A 192.0.2.1\n", ""),
    "circle": ("A", "NOERROR", f"{NAME}. 60 IN CNAME b.org.\nb.org. 60 IN CNAME {NAME}.\n", ""),
}


def packed(name: str) -> bytes:
    kind, code, records, rest = ANSWERS[name]
    return dns.message.from_text(HEAD % (code, kind, records) + rest).to_wire()


def theirs(data: bytes, kind: str) -> tuple[Any, ...] | None:
    """What dnspython reads; None = no answer to the question, or none that means anything."""
    query = dns.message.make_query(NAME, kind, id=int.from_bytes(data[:2], "big"))
    try:
        message = dns.message.from_wire(data)
        if not query.is_response(message) or message.rcode() not in (0, 3):
            return None
        chain = message.resolve_chaining()  # type: ignore[attr-defined]
    except (dns.exception.DNSException, ValueError):
        return None
    aliases = tuple(_text(each[0].target) for each in chain.cnames)
    values = sorted(str(each).lower() for each in chain.answer or ())
    return message.rcode() != dns.rcode.NXDOMAIN, aliases, len(values), chain.minimum_ttl


def ours(data: bytes, kind: str) -> Answer[Any] | None:
    question = Question(NAME, kind)
    reply = read(data, question)
    if reply is None or not reply.is_one:
        return None
    try:
        return reply.answer(question)
    except MalformedReply:
        return None


def _text(name: Any) -> str:
    return str(name).rstrip(".").lower()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_as_dnspython_reads_it(name: str) -> None:
    """Aliases, records, absence and the time for which it may be kept are the same."""
    data, kind = packed(name), ANSWERS[name][0]
    expected, answer = theirs(data, kind), ours(data, kind)
    assert (answer is None) == (expected is None)
    if answer is not None and expected is not None:
        is_there, aliases, count, ttl_s = expected
        assert (answer.outcome is not Outcome.NONEXISTENT) == is_there
        assert (answer.aliases, len(answer.values), answer.ttl_s) == (aliases, count, ttl_s)


@given(
    st.sampled_from(sorted(ANSWERS)),
    st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=2)), max_size=4),
)
@example("a", [(40, b"\xc0\x28")])
def test_nothing_is_made_of_octets_that_dnspython_makes_nothing_of(
    name: str, changes: list[tuple[int, bytes]]
) -> None:
    """Whatever is changed in an answer, it is refused or read, and never into other records."""
    data, kind = bytearray(packed(name)), ANSWERS[name][0]
    for at, octets in changes:
        data[at : at + len(octets)] = octets
    answer, expected = ours(bytes(data), kind), theirs(bytes(data), kind)
    # dnspython also refuses what is broken in parts that nobody reads here.
    if answer is not None and expected is not None and len(data) == len(packed(name)):
        is_there, aliases, _, _ = expected
        assert (answer.outcome is not Outcome.NONEXISTENT) == is_there
        assert answer.aliases == aliases


@given(st.binary(max_size=600))
def test_no_octets_raise(data: bytes) -> None:
    """Anything at all is an answer or none."""
    question = Question(NAME, "MX")
    head = question.message(7)[:2] + b"\x81\x80\0\1\0\2\0\1\0\0" + question.message(7)[12:]
    for each in (data, head + data):
        reply = read(each, question)
        with contextlib.suppress(MalformedReply):
            assert reply is None or reply.answer(question) is not None


@pytest.mark.parametrize("name", ["a..org", ".org", f"{'a' * 64}.org", "a." * 127 + "org", "é.org"])
def test_no_question_is_put_that_dns_cannot_hear(name: str) -> None:
    """Labels of 1 to 63 octets, names of 255, in ASCII (RFC 1035 section 2.3.4)."""
    with pytest.raises(ValueError, match=r"label|name|ascii"):
        Question(name, "A")
