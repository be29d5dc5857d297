"""Ask one name server over UDP, many questions through one socket (RFC 1035 section 4.2.1).

dnspython's own way makes a socket for each question, which costs more than all the rest of it. Who
would forge an answer still has to guess the port, which changes every few hundred questions, and
the question's number; what does not fit a question is not heard.
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

from inboxlink.network.messages import MalformedReply, Question, Reply, read

__all__ = ["NameServer", "Post"]

_QUESTIONS_A_PORT = 256
#: Datagrams that are read before anything else has its turn.
_AT_A_TIME = 64
#: A datagram is never longer.
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Post:
    """A question on its way to one name server.

    Args:
        question: What is asked.
        end: Until when an answer is waited for, on the loop's clock.
        hear: Called once, and from within the turn of the loop in which an answer comes, with the
            answer or with why there is none: a `TimeoutError` of no answer in time, an `OSError`
            of nobody there or no network, an `EOFError` where it hung up in the middle of an answer
            by TCP, a `MalformedReply` where what came by TCP is no answer.
    """

    question: Question
    end: float
    hear: Callable[[Reply | Exception], None]


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
        self._streams: set[asyncio.Task[None]] = set()

    def ask(self, post: Post) -> None:
        """Ask at once; by TCP where the answer does not fit a datagram (RFC 7766 section 5)."""
        if self._socket is None or self._socket.is_used_up:
            if self._socket is not None:
                self._socket.close_when_heard()
            try:
                self._socket = _Socket(self._address, self._port, self._ask_by_tcp)
            except OSError as error:
                self._socket = None
                post.hear(error)
                return
        self._socket.ask(post)

    async def close(self) -> None:
        """Close the sockets; what was not heard by now is not heard any more."""
        if self._socket is not None:
            self._socket.close()
        for task in self._streams:
            task.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)

    def _ask_by_tcp(self, post: Post) -> None:
        task = asyncio.create_task(self._by_tcp(post))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)

    async def _by_tcp(self, post: Post) -> None:
        heard: Reply | Exception
        try:
            async with asyncio.timeout_at(post.end):
                heard = await self._streamed(post.question)
        except (OSError, EOFError, MalformedReply) as error:  # of which TimeoutError is one
            heard = error
        post.hear(heard)

    async def _streamed(self, question: Question) -> Reply:
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


class _Socket:
    """One socket, connected, so that nobody else's datagrams come in.

    A transport of asyncio would read one datagram in a turn of the loop, and the answer that
    somebody waits for may stand behind twenty others.

    Args:
        address: The name server's address.
        port: Its port.
        on_cut: Takes what is to be asked again by TCP.

    Raises:
        OSError: There is no way to that address.
    """

    def __init__(self, address: str, port: int, on_cut: Callable[[Post], None]) -> None:
        self._on_cut = on_cut
        self._loop = asyncio.get_running_loop()
        self._socket = _connected(address, port)
        self._loop.add_reader(self._socket, self._read)
        self._pending: dict[int, tuple[Post, asyncio.TimerHandle]] = {}
        # Those of all its questions at once: each would be a call of the system otherwise.
        octets = memoryview(secrets.token_bytes(2 * _QUESTIONS_A_PORT)).cast("H")
        self._numbers = list(dict.fromkeys(octets))
        self._is_leaving = False

    @property
    def is_used_up(self) -> bool:
        return not self._numbers

    def ask(self, post: Post) -> None:
        number = self._numbers.pop()
        giving_up = self._loop.call_at(post.end, self._give_up, number)
        self._pending[number] = (post, giving_up)
        try:
            self._socket.send(post.question.message(number))
        except BlockingIOError:
            pass  # as if it were lost on its way
        except OSError as error:
            self._fail(error)

    def close_when_heard(self) -> None:
        self._is_leaving = True
        if not self._pending:
            self.close()

    def close(self) -> None:
        for _, giving_up in self._pending.values():
            giving_up.cancel()
        self._pending.clear()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for _ in range(_AT_A_TIME):
            try:
                data = self._socket.recv(_MAX_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                self._fail(error)
                return
            self._hear(data)
            if self._is_leaving and not self._pending:
                return  # it is closed

    def _hear(self, data: bytes) -> None:
        number = int.from_bytes(data[:2], "big")
        asked = self._pending.get(number) if len(data) > 2 else None
        if asked is None:
            return
        reply = read(data, asked[0].question)
        if reply is None:  # the true answer may still come
            return
        post = self._taken(number)
        if reply.is_cut:
            self._on_cut(post)
        else:
            post.hear(reply)

    def _fail(self, error: OSError) -> None:
        # Whoever hears of it may ask again at once, and only fails for itself then.
        for number in tuple(self._pending):
            if number in self._pending:
                self._taken(number).hear(error)

    def _give_up(self, number: int) -> None:
        self._taken(number).hear(TimeoutError())

    def _taken(self, number: int) -> Post:
        post, giving_up = self._pending.pop(number)
        giving_up.cancel()
        if self._is_leaving:
            self.close_when_heard()
        return post


def _connected(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
        opened.settimeout(0)
        opened.connect((address, port))
        stack.pop_all()
    return opened
