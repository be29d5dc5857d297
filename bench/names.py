"""A name server for benchmarks, fast enough to be no part of what is measured.

Answers are made before the first question comes; to answer is to look them up by the question's
own octets. It runs in a process of its own, on loopback.
"""

import asyncio
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

__all__ = ["serving"]

#: Name to its records, each as "TYPE value" of a zone file; a CNAME answers every type.
Zone = Mapping[str, list[str]]

_TTL_S = 300
_NXDOMAIN = 3
#: The owner of every answer, by a pointer (RFC 1035 section 4.1.4).
_QUESTIONS_NAME = struct.pack("!H", 0xC000 | 12)
#: Of an absence every resolver says how long it may be kept (RFC 2308 section 3).
_START = "ns.example. hostmaster.example. 1 3600 600 86400 60"


@contextmanager
def serving(zone: Zone, folder: Path, delay_ms: float = 0, port: int = 0) -> Iterator[int]:
    """Run a name server for a zone; gives its port.

    Args:
        zone: What it answers; everything else does not exist.
        folder: Where the zone is written for the process to read.
        delay_ms: How long every answer is kept back.
        port: On 127.0.0.1; 0 = any that is free.
    """
    file = folder / "zone"
    lines = (f"{name} {record}\n" for name, records in zone.items() for record in records)
    file.write_text("".join(lines))
    with subprocess.Popen(
        [sys.executable, __file__, str(file), str(delay_ms), str(port)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


class _Server(asyncio.DatagramProtocol):
    def __init__(self, file: BinaryIO, delay_s: float) -> None:
        self._delay_s = delay_s
        self._answers: dict[bytes, list[bytes]] = {}
        self._aliases: dict[bytes, bytes] = {}
        self._names: set[bytes] = set()
        start = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.SOA, _START).to_wire()
        self._absence = struct.pack("!HHIH", dns.rdatatype.SOA, 1, _TTL_S, len(start)) + start
        for line in file:
            name, kind, value = line.decode().split(maxsplit=2)
            self._add(dns.name.from_text(name), kind, value)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        answer = self._answer(data)
        if self._delay_s:
            asyncio.get_running_loop().call_later(
                self._delay_s, self._transport.sendto, answer, address
            )
        else:
            self._transport.sendto(answer, address)

    def _add(self, name: dns.name.Name, kind: str, value: str) -> None:
        owner = name.to_wire().lower()
        rdtype = dns.rdatatype.from_text(kind)
        data = dns.rdata.from_text(dns.rdataclass.IN, rdtype, value).to_wire()
        record = _QUESTIONS_NAME + struct.pack("!HHIH", rdtype, 1, _TTL_S, len(data)) + data
        if kind == "CNAME":
            self._aliases[owner] = record
        else:
            self._answers.setdefault(owner + struct.pack("!H", rdtype), []).append(record)
        self._names.add(owner)

    def _answer(self, data: bytes) -> bytes:
        end = data.index(b"\0", 12) + 1
        name, kind = data[12:end].lower(), data[end : end + 2]
        alias = self._aliases.get(name)
        records = [alias] if alias else self._answers.get(name + kind, [])
        code = 0 if name in self._names else _NXDOMAIN
        # QR, RD and RA; one question, no EDNS.
        absence = b"" if records else _zone(name) + self._absence
        counts = (1, len(records), bool(absence), 0)
        header = data[:2] + struct.pack("!HHHHH", 0x8180 | code, *counts)
        return header + data[12 : end + 4] + b"".join(records) + absence


def _zone(name: bytes) -> bytes:
    """The last label of a name, by a pointer to it in the question (RFC 1035 section 4.1.4)."""
    at = 0
    while name[at + name[at] + 1]:
        at += name[at] + 1
    return struct.pack("!H", 0xC000 | 12 + at)


async def _serve(path: str, delay_ms: str, port: str) -> None:
    with Path(path).open("rb") as file:
        server = _Server(file, float(delay_ms) / 1000)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", int(port))
    )
    print(transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
