"""A DNS server on loopback: dnslib answers from a table of zone-file lines, or as it is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from errno import EADDRINUSE
from threading import Thread
from types import TracebackType
from typing import Any

from dnslib import QTYPE, RR, DNSError
from dnslib.server import DNSLogger, DNSServer

from inboxlink.testing.peers.ports import LOOPBACK

__all__ = ["NameServer", "Twist"]

#: An honest reply (dnslib's record) and "udp" or "tcp", to the bytes that go out; None = silence.
Twist = Callable[[Any, str], bytes | None]

_ATTEMPTS = 50  # at a port that is free for both protocols; the first does, nearly always


def _honest(reply: Any, _: str) -> bytes:
    return bytes(reply.pack())


class NameServer:
    """Answers `records` (name to zone-file lines), NXDOMAIN to the rest; notes every question.

    Args:
        records: What it knows.
        twist: What it makes of each reply, for a server that is not honest.
    """

    def __init__(self, records: Mapping[str, str], twist: Twist = _honest) -> None:
        self._twist = twist
        self._records: dict[str, list[Any]] = {}
        for name, lines in records.items():
            self.set(name, lines)
        self.questions: list[tuple[str, str]] = []
        self._is_closed = False
        pairs = (self._pair() for _ in range(_ATTEMPTS))
        self._servers = next(pair for pair in pairs if pair is not None)
        _, self.port = self._servers[0].server.server_address

    def set(self, name: str, lines: str) -> None:
        """Answer a name with these zone-file lines from now on, and with no others."""
        self._records[name.rstrip(".") + "."] = RR.fromZone(lines)

    def add(self, name: str, lines: str) -> None:
        """Answer a name with these zone-file lines too."""
        self._records.setdefault(name.rstrip(".") + ".", []).extend(RR.fromZone(lines))

    def __enter__(self) -> "NameServer":
        for server in self._servers:
            # As dnslib would, which then takes half a second to see that it is to stop.
            Thread(target=server.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_closed = True
        for server in self._servers:
            server.server.shutdown()
            server.server.server_close()

    def _pair(self) -> tuple[Any, Any] | None:
        """Servers of UDP and TCP at one port; None where somebody else has it for UDP."""
        quiet = DNSLogger(log="recv", logf=lambda _: None)
        streams = DNSServer(self, address=LOOPBACK, port=0, tcp=True, logger=quiet)
        _, port = streams.server.server_address
        try:
            return DNSServer(self, address=LOOPBACK, port=port, logger=quiet), streams
        except OSError as error:
            streams.server.server_close()
            if error.errno != EADDRINUSE:
                raise
            return None

    def resolve(self, request: Any, handler: Any) -> Any:
        """Answer one question; dnslib calls it."""
        packed = self._twist(self._reply(request), handler.protocol)
        if packed is None or self._is_closed:  # a twist may take longer than the test
            raise DNSError("silence")  # dnslib answers nothing then
        return _Packed(packed)

    def _reply(self, request: Any) -> Any:
        reply = request.reply()
        name, kind = str(request.q.qname), QTYPE[request.q.qtype]
        self.questions.append((name.rstrip("."), kind))
        records = self._records.get(name)
        if records is None:
            reply.header.rcode = 3  # NXDOMAIN
            return reply
        for record in records:
            if QTYPE[record.rtype] in (kind, "CNAME"):
                reply.add_answer(record)
        return reply


@dataclass(frozen=True)
class _Packed:
    """What dnslib sends as it is."""

    data: bytes

    def pack(self) -> bytes:
        return self.data
