"""IMAP and submission servers for the benchmarks, in a process of their own.

They speak what a verification asks, as RFC 3501, RFC 2971, RFC 5321 and RFC 4954 have it, over
implicit TLS (RFC 8314 section 3), offer what Dovecot offers, and let nobody in without the
password. Each protocol is served twice: at once, and with every reply delayed.

    python bench/servers.py CERTIFICATE KEY DELAY_S     serves until its standard input ends
"""

import asyncio
import base64
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HOST", "Ports", "password_of", "running"]

HOST = "mail.example.test"

_LOOPBACK = "127.0.0.1"
_BEFORE = b"IMAP4rev1 SASL-IR LITERAL+ ENABLE IDLE ID AUTH=PLAIN"
_AFTER = b"IMAP4rev1 SASL-IR LITERAL+ ENABLE IDLE ID SORT UIDPLUS LIST-EXTENDED SPECIAL-USE MOVE"
_FOLDERS = (b'(\\HasNoChildren \\Drafts) "/" Drafts', b'(\\HasNoChildren \\Sent) "/" Sent')
_INBOX = (
    b"FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
    b"OK [PERMANENTFLAGS ()] Read-only mailbox.",
    b"3 EXISTS",
    b"0 RECENT",
    b"OK [UIDVALIDITY 1761000000] UIDs valid",
    b"OK [UIDNEXT 4] Predicted next UID",
)


def password_of(address: str) -> str:
    """The one password that lets an address in, so that no two mailboxes share one."""
    return f"correct horse of {address}"


@dataclass(frozen=True)
class Ports:
    """Where the servers listen on loopback; the slow ones delay every reply."""

    imap: int
    smtp: int
    slow_imap: int
    slow_smtp: int


@contextmanager
def running(certificate: Path, key: Path, delay_s: float, core: int | None) -> Iterator[Ports]:
    """The servers in another process, on one core of the machine where one is named."""
    command = [sys.executable, __file__, str(certificate), str(key), str(delay_s)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if core is not None:
                os.sched_setaffinity(process.pid, {core})
            assert process.stdout is not None
            yield Ports(**json.loads(process.stdout.readline()))
        finally:
            process.kill()


class _Server(asyncio.Protocol):
    """One connection: whole lines in, whole replies out, each after the delay."""

    greeting: bytes

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._buffer = b""
        self.is_known = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.say(self.greeting)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\r\n")
        for line in lines:
            self.hear(line)

    def hear(self, line: bytes) -> None:
        raise NotImplementedError

    def knows(self, message: bytes) -> bool:
        """Whether an initial response of PLAIN (RFC 4616) holds an address and its password."""
        _, address, password = base64.b64decode(message).decode().split("\0")
        return self.lets_in(address, password)

    def lets_in(self, address: str, password: str) -> bool:
        self.is_known = password == password_of(address)
        return self.is_known

    def say(self, *lines: bytes, is_last: bool = False) -> None:
        reply = b"".join(line + b"\r\n" for line in lines)
        if self._delay_s:
            asyncio.get_running_loop().call_later(self._delay_s, self._write, reply, is_last)
        else:
            self._write(reply, is_last)

    def _write(self, reply: bytes, is_last: bool) -> None:  # noqa: FBT001 - of call_later
        if not self._transport.is_closing():
            self._transport.write(reply)
            if is_last:
                self._transport.close()


class _Imap(_Server):
    greeting = b"* OK [CAPABILITY " + _BEFORE + b"] ready."

    def hear(self, line: bytes) -> None:
        tag, verb, *rest = line.split(b" ")
        match verb.upper():
            case b"CAPABILITY":
                offered = _AFTER if self.is_known else _BEFORE
                self.say(b"* CAPABILITY " + offered, tag + b" OK done")
            case b"ID":
                self.say(b'* ID ("name" "bench")', tag + b" OK done")
            case b"AUTHENTICATE" if rest[0] == b"PLAIN" and self.knows(rest[1]):
                self.say(tag + b" OK [CAPABILITY " + _AFTER + b"] Logged in")
            case b"AUTHENTICATE":
                self.say(tag + b" NO [AUTHENTICATIONFAILED] Authentication failed.")
            case b"LOGIN" if self.lets_in(*b" ".join(rest).decode().replace('"', "").split(" ", 1)):
                self.say(tag + b" OK [CAPABILITY " + _AFTER + b"] Logged in")
            case b"EXAMINE" if self.is_known:
                self.say(*(b"* " + each for each in _INBOX), tag + b" OK [READ-ONLY] done")
            case b"LIST" if self.is_known:
                inbox = b'(\\HasNoChildren) "/" INBOX'
                folders = (b"* LIST " + each for each in (*_FOLDERS, inbox))
                self.say(*folders, tag + b" OK done")
            case b"LOGOUT":
                self.say(b"* BYE Logging out", tag + b" OK done", is_last=True)
            case _:
                self.say(tag + b" BAD unknown, or not now")


class _Smtp(_Server):
    greeting = b"220 mail.example.test ESMTP"

    def hear(self, line: bytes) -> None:
        verb, *rest = line.split(b" ")
        match verb.upper():
            case b"EHLO":
                offered = (b"SIZE 35882577", b"8BITMIME", b"ENHANCEDSTATUSCODES", b"AUTH PLAIN")
                lines = (b"mail.example.test", *offered)
                self.say(*(b"250-" + each for each in lines), b"250 PIPELINING")
            case b"AUTH" if rest[0] == b"PLAIN" and self.knows(rest[1]):
                self.say(b"235 2.7.0 Authentication successful")
            case b"AUTH":
                self.say(b"535 5.7.8 Authentication failed")
            case b"MAIL" | b"RCPT" if self.is_known:
                self.say(b"250 2.1.0 Ok")
            case b"RSET":
                self.say(b"250 2.0.0 Ok")
            case b"QUIT":
                self.say(b"221 2.0.0 Bye", is_last=True)
            case _:
                self.say(b"503 5.5.1 unknown, or not now")


async def _serve(certificate: str, key: str, delay_s: float) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()

    async def port(server: type[_Server], seconds: float) -> int:
        listening = await loop.create_server(
            lambda: server(seconds), _LOOPBACK, 0, ssl=context, backlog=1024
        )
        return int(listening.sockets[0].getsockname()[1])

    ports = {
        "imap": await port(_Imap, 0),
        "smtp": await port(_Smtp, 0),
        "slow_imap": await port(_Imap, delay_s),
        "slow_smtp": await port(_Smtp, delay_s),
    }
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2], float(sys.argv[3])))
