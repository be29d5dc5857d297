"""TLS before a mail server that has none, where each sign-in is seen and faults are done.

Until somebody is signed in the dialogue passes line by line, because there a sign-in may begin;
after that octets are handed on as they come.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from inboxlink.testing.peers.mail_faults import MailFault, MailFaults, Protocol, SignIn
from inboxlink.testing.peers.mail_starttls import start_tls
from inboxlink.testing.peers.ports import LOOPBACK

__all__ = ["start_front"]

#: Told of every sign-in that was answered.
Told = Callable[[SignIn], None]

_SIGNS_IN = {
    Protocol.IMAP: (b"LOGIN", b"AUTHENTICATE"),
    Protocol.SUBMISSION: (b"AUTH",),
}


async def start_front(
    protocol: Protocol,
    port: int,
    context: ssl.SSLContext,
    faults: MailFaults,
    told: Told,
    *,
    is_implicit: bool,
) -> asyncio.Server:
    """Serve over TLS what is served on a port of loopback.

    Args:
        protocol: What is spoken there.
        port: Where the server is.
        context: With the certificate to show.
        faults: Asked for each connection, and for each sign-in.
        told: Called with each sign-in that was answered.
        is_implicit: Whether TLS begins with the first byte, or else after STARTTLS.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transports = [writer.transport]
        try:
            await converse(reader, writer, transports)
        except OSError:  # it does not trust the certificate, or went away
            writer.transport.abort()
        except asyncio.CancelledError:  # the server ends; TLS would wait for the client's goodbye
            for each in transports:
                each.abort()
            raise

    async def converse(
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        transports: list[asyncio.WriteTransport],
    ) -> None:
        # Here and not by the server's own means, which know nobody in the middle of a handshake:
        # where the server ended then, the connection would be left.
        if is_implicit:
            await writer.start_tls(context)
        fault = faults.at_connection(protocol)
        if fault is not None:
            await _misbehave(fault, reader, writer)
            return
        if not is_implicit and not await start_tls(protocol, reader, writer, context):
            writer.close()
            return
        back_reader, back_writer = await asyncio.open_connection(LOOPBACK, port)
        transports.append(back_writer.transport)
        if not is_implicit:
            await back_reader.readline()  # it was greeted before TLS, and is not again
        dialogue = _Dialogue(protocol, faults, told)
        await asyncio.gather(
            _pump(reader, back_writer, dialogue.is_open, lambda line: dialogue.asked(line, writer)),
            _pump(back_reader, writer, dialogue.is_open, dialogue.answered),
        )

    return await asyncio.start_server(serve, LOOPBACK, 0)


async def _misbehave(
    fault: MailFault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        if fault.is_silent:
            while await reader.read(65536):  # until the client goes away
                pass
        else:
            writer.write(fault.greeting or b"")
            await writer.drain()
    except OSError:
        pass  # it went away first
    finally:
        writer.transport.abort() if fault.is_silent else writer.close()


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    is_open: Callable[[], bool],
    heard: Callable[[bytes], Awaitable[bool]],
) -> None:
    """Hand on what is read; while the sign-in is open, each line that `heard` lets pass."""
    try:
        while data := await (reader.readline() if is_open() else reader.read(65536)):
            if is_open() and not await heard(data):
                continue
            writer.write(data)
            await writer.drain()
    except (OSError, ValueError):  # it hung up, or sends a line that never ends
        pass
    finally:
        writer.close()


class _Dialogue:
    """What one client and its server say to each other until somebody is signed in."""

    def __init__(self, protocol: Protocol, faults: MailFaults, told: Told) -> None:
        self._protocol = protocol
        self._faults = faults
        self._told = told
        self._tag: bytes | None = None
        self._is_signed_in = False

    def is_open(self) -> bool:
        """Whether a sign-in may still begin."""
        return not self._is_signed_in

    async def asked(self, line: bytes, client: asyncio.StreamWriter) -> bool:
        """Look at a line of the client's; False = it was answered here."""
        words = line.split(maxsplit=2)
        place = 1 if self._protocol is Protocol.IMAP else 0
        # Inside an exchange every line is the client's half of it.
        if self._tag is not None or len(words) <= place:
            return True
        if words[place].upper() not in _SIGNS_IN[self._protocol]:
            return True
        tag = words[0] if self._protocol is Protocol.IMAP else b""
        fault = self._faults.at_sign_in(self._protocol)
        if fault is None or fault.refusal is None:
            self._tag = tag
            return True
        self._told(SignIn(self._protocol, ok=False))
        client.write(b" ".join(filter(None, (tag, fault.refusal.encode()))) + b"\r\n")
        await client.drain()
        return False

    async def answered(self, line: bytes) -> bool:
        """Look at a line of the server's, which always passes."""
        if self._tag is None:
            return True
        if self._protocol is Protocol.IMAP:
            words = line.split(maxsplit=2)
            if words[:1] != [self._tag]:
                return True
            ok = words[1:2] == [b"OK"]
        else:
            if line.startswith(b"334"):
                return True
            ok = line.startswith(b"235")
        self._tag, self._is_signed_in = None, ok
        self._told(SignIn(self._protocol, ok=ok))
        return True
