"""A connection of a look-up: what a server does with it, over TLS and without."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import TypeVar

import pytest

from inboxlink.network.stream import Stream
from peers.certificates import Authority

_Value = TypeVar("_Value")
_Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HOST = "web.example.test"
LOOPBACK = ip_address("127.0.0.1")
#: More than the system's buffers take at once.
MUCH = bytes(range(256)) * 32 * 1024
BOTH = pytest.mark.parametrize("encrypted", [False, True])


def at(
    authority: Authority, serve: _Serve, use: Callable[[Stream], Awaitable[_Value]], encrypted: bool
) -> _Value:
    """What comes of using a connection to a server, the standard library's."""

    async def main() -> _Value:
        context = None
        if encrypted:
            issued = authority.issue(HOST)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(issued.cert, issued.key)
        is_over = asyncio.Event()

        async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                await serve(reader, writer)
                await reader.read()
            writer.transport.abort()
            asyncio.get_running_loop().call_soon(is_over.set)

        server = await asyncio.start_server(visited, "127.0.0.1", 0, ssl=context)
        async with server, asyncio.timeout(20):
            stream = await Stream.connect(LOOPBACK, server.sockets[0].getsockname()[1])
            try:
                if encrypted:
                    trusting = ssl.create_default_context(cafile=authority.ca_file)
                    await stream.encrypt(trusting, HOST)
                return await use(stream)
            finally:
                stream.close()
                await is_over.wait()

    return asyncio.run(main())


async def all_of(stream: Stream) -> bytes:
    heard = bytearray()
    while more := await stream.receive(16 * 1024):
        heard += more
    return bytes(heard)


@BOTH
def test_much_goes_both_ways(authority: Authority, encrypted: bool) -> None:
    """More than fits into the system's buffers goes through whole and in its order."""

    async def keep_and_return(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)  # until the client has filled what there is
        writer.write(await reader.readexactly(len(MUCH)))
        await writer.drain()
        writer.close()

    async def use(stream: Stream) -> bytes:
        await stream.send(MUCH)
        return await all_of(stream)

    assert at(authority, keep_and_return, use, encrypted) == MUCH


@BOTH
def test_an_end_without_a_word_is_an_end(authority: Authority, encrypted: bool) -> None:
    """Many servers hang up without ending TLS; what they said before is heard."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        # Not the transport's own end, which would be a polite one.
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)

    assert at(authority, hang_up, all_of, encrypted) == b"hello"


@BOTH
def test_a_reset_is_no_end(authority: Authority, encrypted: bool) -> None:
    """Who throws the connection away has not said all that there was."""

    async def throw_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        taken = writer.get_extra_info("socket")
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def use(stream: Stream) -> bytes:
        with pytest.raises(ConnectionResetError):
            await all_of(stream)
        return b"reset"

    assert at(authority, throw_away, use, encrypted) == b"reset"


@BOTH
def test_who_gives_up_may_go_on(authority: Authority, encrypted: bool) -> None:
    """Waiting that is cancelled leaves nothing watched, and takes nothing that comes later."""

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.write(b"late")
        await writer.drain()
        writer.close()

    async def use(stream: Stream) -> bytes:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await stream.receive(1024)
                pytest.fail("nothing was said yet")
        await stream.send(b"go")
        return await all_of(stream)

    assert at(authority, slowly, use, encrypted) == b"late"
