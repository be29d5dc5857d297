"""Write a question to DNS, and read as much of its answer as anybody wants (RFC 1035 section 4).

dnspython reads names and holds every length to the message's end. Its own messages, which can also
be changed, signed and written, cost ten times what it takes to read six kinds of record once.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from inboxlink.network.answers import Answer, Outcome, Service
from inboxlink.types.detection import MailExchange

if TYPE_CHECKING:
    import dns.wirebase

__all__ = ["MalformedReply", "Question", "Reply", "read"]

_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
#: Two highest bits say that the rest of a name is elsewhere in the message (section 4.1.4); most
#: owners are the question's own name, right after the header.
_POINTER = 0xC0
_THE_QUESTIONS = b"\xc0\x0c"
_IN = 1
_CNAME, _SOA = 5, 6

#: Bits of a header (RFC 1035 section 4.1.1, RFC 4035 section 3.2.3).
_QR, _OPCODE, _TC, _RD, _AD, _RCODE = 0x8000, 0x7800, 0x0200, 0x0100, 0x0020, 0x000F
_NOERROR, _NXDOMAIN = 0, 3
#: FORMERR, SERVFAIL, NOTIMP and REFUSED may come without the question.
_MAY_BE_BARE = frozenset({1, 2, 4, 5})

_MAX_NAME = 255
_MAX_LABEL = 63
_MAX_ALIASES = 16
#: More than that has its highest bit set, and counts as zero (RFC 2181 section 8).
_MAX_TTL_S = 0x7FFFFFFF
#: Seconds that an absence may be kept whose zone does not say for how long.
_NEGATIVE_TTL_S = 300


class MalformedReply(ValueError):
    """The answer to a question, and none that means anything."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One type of record: its number, how its data is read, and in which order several come."""

    number: int
    read: "Callable[[dns.wirebase.Parser], Any]"
    key: Callable[[Any], Any] | None = None


class Question:
    """One question.

    Args:
        name: In ASCII, without the last dot.
        kind: `A`, `AAAA`, `MX`, `TXT` or `SRV`.

    Raises:
        ValueError: There can be no such name.
    """

    __slots__ = ("_kind", "_name", "_octets")

    def __init__(self, name: str, kind: str) -> None:
        labels = name.lower().encode("ascii").split(b".")
        if not all(1 <= len(each) <= _MAX_LABEL for each in labels):
            raise ValueError("a label is too long, or empty")
        octets = b"".join([bytes((len(each),)) + each for each in labels]) + b"\0"
        if len(octets) > _MAX_NAME:
            raise ValueError("a name is too long")
        self._name = name.lower()
        self._kind = _KINDS[kind]
        self._octets = octets + struct.pack("!HH", self._kind.number, _IN)

    def message(self, number: int) -> bytes:
        """The question as it is sent, under a number."""
        # AD in a question asks for AD in the answer (RFC 6840 section 5.7).
        return _HEADER.pack(number, _RD | _AD, 1, 0, 0, 0) + self._octets

    def is_of(self, data: bytes) -> bool:
        """Whether a message repeats this question and no other, in whatever case."""
        end = _HEADER.size + len(self._octets)
        return data[_HEADER.size : end].lower() == self._octets

    @property
    def name(self) -> str:
        return self._name

    @property
    def kind(self) -> _Kind:
        return self._kind

    @property
    def size(self) -> int:
        return len(self._octets)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a name server said to a question.

    Args:
        code: RFC 1035's RCODE.
        is_cut: Whether it did not fit, and is to be had by TCP.
        is_marked: Whether the server marks it as validated by DNSSEC.
        records: Owner, type, seconds and data of the answer's records, as far as they are of the
            question's type or aliases.
        negative_ttl_s: How long the zone lets an absence be kept (RFC 2308 section 5).
    """

    code: int
    is_cut: bool = False
    is_marked: bool = False
    records: tuple[tuple[str, int, int, Any], ...] = ()
    negative_ttl_s: int = _NEGATIVE_TTL_S

    @property
    def is_one(self) -> bool:
        """Whether it tells anything about the name."""
        return self.code in (_NOERROR, _NXDOMAIN)

    def answer(self, question: Question) -> Answer[Any]:
        """Follow the aliases to the records.

        Raises:
            MalformedReply: They go in circles or too far, or lead to records of a name that is said
                not to exist.
        """
        name, kind = question.name, question.kind
        ttl_s = _MAX_TTL_S
        aliases: list[str] = []
        values: list[Any] = []
        while not values:
            alias = None
            for owner, number, record_ttl_s, data in self.records:
                if owner != name:
                    continue
                if number == kind.number:
                    values.append(data)
                    ttl_s = min(ttl_s, record_ttl_s)
                elif alias is None:
                    alias = data
                    alias_ttl_s = record_ttl_s
            if values or alias is None:
                break
            aliases.append(alias)
            ttl_s = min(ttl_s, alias_ttl_s)
            name = alias
            if len(aliases) == _MAX_ALIASES:
                raise MalformedReply("too many aliases")
        is_there = self.code != _NXDOMAIN
        if values and not is_there:
            raise MalformedReply("records of what does not exist")
        if not values:
            ttl_s = min(ttl_s, self.negative_ttl_s)
        if kind.key is not None:
            values.sort(key=kind.key)
        outcome = Outcome.FOUND if values or aliases else Outcome.NOTHING
        return Answer(
            outcome if is_there else Outcome.NONEXISTENT,
            tuple(values),
            tuple(aliases),
            self.is_marked,
            ttl_s,
        )


def read(data: bytes, question: Question) -> Reply | None:
    """Read a message; None = it is no answer to the question, and the true one may still come."""
    import dns.exception
    import dns.wirebase

    if len(data) < _HEADER.size:
        return None
    _, flags, questions, answers, authorities, _ = _HEADER.unpack_from(data)
    if flags & (_QR | _OPCODE) != _QR:
        return None
    code = flags & _RCODE
    if questions == 0 and code in _MAY_BE_BARE:
        return Reply(code)
    if questions != 1 or not question.is_of(data):
        return None
    if flags & _TC:
        return Reply(code, is_cut=True)
    try:
        parser = dns.wirebase.Parser(data, _HEADER.size + question.size)
        records = tuple([_record(parser, question) for _ in range(answers)])
        is_absent = all(number != question.kind.number for _, number, _, _ in records)
        negative_ttl_s = _negative_ttl_s(parser, authorities if is_absent else 0)
    except (dns.exception.DNSException, ValueError):
        return None
    return Reply(code, is_marked=bool(flags & _AD), records=records, negative_ttl_s=negative_ttl_s)


def _record(parser: "dns.wirebase.Parser", question: Question) -> tuple[str, int, int, Any]:
    kind = question.kind
    if parser.wire.startswith(_THE_QUESTIONS, parser.current):
        parser.get_bytes(2)
        owner = question.name
    else:
        owner = _name(parser)
    number, of_class, ttl_s, size = _RECORD.unpack(parser.get_bytes(_RECORD.size))
    if of_class != _IN or number not in (kind.number, _CNAME):
        parser.get_bytes(size)
        return owner, 0, 0, None
    with parser.restrict_to(size):
        data = kind.read(parser) if number == kind.number else _name(parser)
    return owner, number, ttl_s if ttl_s <= _MAX_TTL_S else 0, data


def _negative_ttl_s(parser: "dns.wirebase.Parser", authorities: int) -> int:
    for _ in range(authorities):
        _skip_name(parser)
        number, _, ttl_s, size = _RECORD.unpack(parser.get_bytes(_RECORD.size))
        data = parser.get_bytes(size)
        if number == _SOA:
            return min(int(ttl_s), int.from_bytes(data[-4:], "big"))
    return _NEGATIVE_TTL_S


def _skip_name(parser: "dns.wirebase.Parser") -> None:
    while octet := parser.get_uint8():
        if octet >= _POINTER:
            parser.get_bytes(1)
            return
        parser.get_bytes(octet)


def _name(parser: "dns.wirebase.Parser") -> str:
    """A name, lower case, without the last dot: the root is an empty one."""
    import dns.name

    return dns.name.from_wire_parser(parser).to_text().rstrip(".").lower()


def _text(parser: "dns.wirebase.Parser") -> str:
    """A TXT record, its strings joined (RFC 7208 section 3.3)."""
    strings = [parser.get_counted_bytes()]
    while parser.remaining():
        strings.append(parser.get_counted_bytes())
    return b"".join(strings).decode("utf-8", "replace")


def _mail_exchange(parser: "dns.wirebase.Parser") -> MailExchange:
    return MailExchange(parser.get_uint16(), _name(parser))


def _service(parser: "dns.wirebase.Parser") -> Service:
    priority, weight, port = parser.get_struct("!HHH")
    return Service(priority, weight, port, _name(parser))


_KINDS = {
    "A": _Kind(1, lambda parser: IPv4Address(parser.get_bytes(4))),
    "AAAA": _Kind(28, lambda parser: IPv6Address(parser.get_bytes(16))),
    "MX": _Kind(15, _mail_exchange, lambda each: (each.preference, each.host)),
    "TXT": _Kind(16, _text),
    "SRV": _Kind(33, _service, lambda each: (each.priority, -each.weight, each.host)),
}
