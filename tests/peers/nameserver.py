"""A DNS server on loopback: dnslib answers from a table of zone-file lines."""

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from dnslib import QTYPE, RR
from dnslib.server import DNSLogger, DNSServer

from peers.ports import LOOPBACK, free_port

__all__ = ["NameServer"]


class NameServer:
    """Answers `records` (name to zone-file lines), NXDOMAIN to the rest; notes every question."""

    def __init__(self, records: Mapping[str, str]) -> None:
        self._records: dict[str, list[Any]] = {}
        for name, lines in records.items():
            self.set(name, lines)
        self.questions: list[tuple[str, str]] = []
        self.port = free_port()
        self._servers = [
            DNSServer(
                self,
                address=LOOPBACK,
                port=self.port,
                tcp=tcp,
                logger=DNSLogger(logf=lambda _: None),
            )
            for tcp in (False, True)
        ]

    def set(self, name: str, lines: str) -> None:
        """Answer a name with these zone-file lines from now on."""
        self._records[name.rstrip(".") + "."] = RR.fromZone(lines)

    def __enter__(self) -> "NameServer":
        for server in self._servers:
            # How often it looks whether it should end is how long its end takes.
            serve = threading.Thread(
                target=server.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
            )
            serve.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.server.shutdown()
            server.server.server_close()

    def resolve(self, request: Any, handler: Any) -> Any:
        """Answer one question; dnslib calls it."""
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
