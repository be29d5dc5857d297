"""Ask one name server over UDP, many questions through one socket (RFC 1035 section 4.2.1).

dnspython writes and reads the messages. Its own way makes a socket for each question, which costs
more than all the rest of it. Who would forge an answer still has to guess the port, which changes
every few hundred questions, and the question's number; what does not fit a question is not heard.
"""

import asyncio
import secrets
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import dns.message

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

    async def ask(
        self, query: "dns.message.QueryMessage", timeout_s: float
    ) -> "dns.message.QueryMessage":
        """Its answer, by TCP where that does not fit a datagram (RFC 7766 section 5).

        Raises:
            TimeoutError: There was none in time.
            OSError: Nobody is there, or the network is not.
            EOFError: It hung up in the middle of an answer by TCP.
            dns.exception.DNSException: What came by TCP is no answer.
        """
        import dns.asyncquery
        import dns.flags

        async with asyncio.timeout(timeout_s):
            answer = await (await self._open()).ask(query)
            if answer.flags & dns.flags.TC:
                answer = cast(
                    "dns.message.QueryMessage",
                    await dns.asyncquery.tcp(query, self._address, port=self._port),
                )
            return answer

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


class _Socket(asyncio.DatagramProtocol):
    """One socket, connected, so that nobody else's datagrams come in."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._pending: dict[
            int, tuple[dns.message.QueryMessage, asyncio.Future[dns.message.QueryMessage]]
        ] = {}
        self._left = _QUESTIONS_A_PORT
        self._is_leaving = False

    @property
    def is_used_up(self) -> bool:
        return self._left <= 0 or self._transport is None or self._transport.is_closing()

    async def ask(self, query: "dns.message.QueryMessage") -> "dns.message.QueryMessage":
        self._left -= 1
        query.id = secrets.randbelow(1 << 16)
        while query.id in self._pending:
            query.id = secrets.randbelow(1 << 16)
        heard = asyncio.get_running_loop().create_future()
        self._pending[query.id] = (query, heard)
        try:
            assert self._transport is not None
            self._transport.sendto(query.to_wire())
            return cast("dns.message.QueryMessage", await heard)
        finally:
            del self._pending[query.id]
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
        import dns.exception
        import dns.message

        asked = self._pending.get(int.from_bytes(data[:2], "big")) if len(data) > 2 else None
        if asked is None:
            return
        query, heard = asked
        try:
            answer = dns.message.from_wire(data)
        except (dns.exception.DNSException, ValueError):
            return  # the true answer may still come
        if query.is_response(answer) and not heard.done():
            heard.set_result(cast("dns.message.QueryMessage", answer))

    def error_received(self, exc: Exception) -> None:
        for _, heard in self._pending.values():
            if not heard.done():
                heard.set_exception(exc)
