"""Ask one name server over UDP, many questions through one socket (RFC 1035 section 4.2.1).

dnspython's own way makes a socket for each question, which costs more than all the rest of it. Who
would forge an answer still has to guess the port, which changes every few hundred questions, and
the question's number; what does not fit a question is not heard.
"""

import asyncio
import secrets
from typing import cast

from inboxlink.network.messages import MalformedReply, Question, Reply, read

__all__ = ["NameServer"]

_QUESTIONS_A_PORT = 256


class NameServer:
    """One name server; it belongs to one event loop and is closed at its end.

    Args:
        address: Its address.
        port: Its port, for UDP and TCP.
    """

    def __init__(self, address: str, port: int) -> None:
        self._address = address
        self._port = port
        self._socket: _Socket | None = None
        self._opening = asyncio.Lock()

    async def ask(self, question: Question, timeout_s: float) -> Reply:
        """Its answer, by TCP where that does not fit a datagram (RFC 7766 section 5).

        Raises:
            TimeoutError: There was none in time.
            OSError: Nobody is there, or the network is not.
            EOFError: It hung up in the middle of an answer by TCP.
            MalformedReply: What came by TCP is no answer.
        """
        end = asyncio.get_running_loop().time() + timeout_s
        usable = self._socket
        if usable is None or usable.is_used_up:
            usable = await self._open()
        reply = await usable.ask(question, end)
        if not reply.is_cut:
            return reply
        async with asyncio.timeout_at(end):
            return await self._by_tcp(question)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _open(self) -> "_Socket":
        async with self._opening:
            if self._socket is None or self._socket.is_used_up:
                if self._socket is not None:
                    self._socket.close_when_heard()
                _, self._socket = await asyncio.get_running_loop().create_datagram_endpoint(
                    _Socket, remote_addr=(self._address, self._port)
                )
            return self._socket

    async def _by_tcp(self, question: Question) -> Reply:
        reader, writer = await asyncio.open_connection(self._address, self._port)
        try:
            number = secrets.randbelow(1 << 16)
            message = question.message(number)
            # Two octets of length stand before each message (RFC 1035 section 4.2.2).
            writer.write(len(message).to_bytes(2, "big") + message)
            data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        finally:
            writer.transport.abort()
        reply = read(data, question) if data[:2] == message[:2] else None
        if reply is None or reply.is_cut:
            raise MalformedReply("no answer")
        return reply


class _Socket(asyncio.DatagramProtocol):
    """One socket, connected, so that nobody else's datagrams come in."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._pending: dict[int, tuple[Question, asyncio.Future[Reply]]] = {}
        # Those of all its questions at once: each would be a call of the system otherwise.
        octets = memoryview(secrets.token_bytes(2 * _QUESTIONS_A_PORT)).cast("H")
        self._numbers = list(dict.fromkeys(octets))
        self._is_leaving = False

    @property
    def is_used_up(self) -> bool:
        return not self._numbers or self._transport is None or self._transport.is_closing()

    async def ask(self, question: Question, end: float) -> Reply:
        loop = asyncio.get_running_loop()
        number = self._numbers.pop()
        heard: asyncio.Future[Reply] = loop.create_future()
        # A timer alone costs a third of what `asyncio.timeout` does, for every question.
        giving_up = loop.call_at(end, _give_up, heard)
        self._pending[number] = (question, heard)
        try:
            assert self._transport is not None
            self._transport.sendto(question.message(number))
            return await heard
        finally:
            giving_up.cancel()
            del self._pending[number]
            if self._is_leaving:
                self.close_when_heard()

    def close_when_heard(self) -> None:
        self._is_leaving = True
        if not self._pending:
            self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's
        asked = self._pending.get(int.from_bytes(data[:2], "big")) if len(data) > 2 else None
        if asked is None:
            return
        question, heard = asked
        if heard.done():
            return
        reply = read(data, question)
        if reply is not None:  # or else the true answer may still come
            heard.set_result(reply)

    def error_received(self, exc: Exception) -> None:
        for _, heard in self._pending.values():
            if not heard.done():
                heard.set_exception(exc)


def _give_up(heard: "asyncio.Future[Reply]") -> None:
    if not heard.done():
        heard.set_exception(TimeoutError())
