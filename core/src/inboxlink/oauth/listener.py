"""Wait on this machine for one authorization answer (RFC 8252 sections 7.3 and 8.3).

Anything on the machine can connect here, and any page that the browser shows can make it do so.
So every connection has a thread and a deadline of its own, no request but the expected one has
any effect, and none can keep that one waiting. Nothing is logged: a request's first line holds
the code.
"""

import errno
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from selectors import EVENT_READ, DefaultSelector
from types import TracebackType
from typing import Self

from inboxlink.errors import HostError, SignInError, problem
from inboxlink.oauth.answer_page import Arrival
from inboxlink.oauth.visit import Expected, Reply, drain, hear, written

__all__ = ["HOSTS", "WAIT_S", "Listener"]

#: The addresses behind the names that an authorization server can take for this machine. A
#: browser tries both families of `localhost`, so that both must be ours.
HOSTS = {
    "127.0.0.1": ((socket.AF_INET, "127.0.0.1"),),
    "localhost": ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")),
}

#: A person signs in, finds a second factor and reads a consent page in this time.
WAIT_S = 300.0

_READ_S = 5.0

#: The oldest connection is hung up on for the next one, so that silent ones hold up nobody.
_MAX_CONNECTIONS = 64

#: How often another port is tried where the second family's is taken.
_TRIES = 20


class Listener:
    """The redirect address of one sign-in.

    The port is taken at once, because the authorization request names it, and is connectable only
    while `wait` runs. Leaving the block closes everything.

    Args:
        host: One of `HOSTS`, as the redirect address calls this machine.
        path: Of the redirect address; an answer elsewhere is none.
        page: Words the page for a browser, as HTML.
        read_s: Seconds that a connection has for its whole request.

    Raises:
        HostError: `listener_failed`.
    """

    def __init__(
        self, host: str, path: str, page: Callable[[Arrival], str], *, read_s: float = _READ_S
    ) -> None:
        self._path = path
        self._page = page
        self._read_s = read_s
        self._sockets = _bound(host)
        self._authority = f"{host}:{self._sockets[0].getsockname()[1]}"
        self._bell, self._ringer = socket.socketpair()
        self._lock = threading.Lock()
        self._visits: dict[socket.socket, threading.Thread] = {}
        self._is_taken = False
        self._answer: dict[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def redirect_uri(self) -> str:
        """The address that the authorization request names."""
        return f"http://{self._authority}{self._path}"

    def wait(self, state: str, timeout_s: float = WAIT_S) -> dict[str, str]:
        """The parameters of the first answer with this state; closes when it has it, or none.

        Raises:
            SignInError: `sign_in_timed_out`.
            HostError: `listener_failed`.
        """
        until = time.monotonic() + timeout_s
        try:
            return self._listen(Expected(self._authority, self._path, state), until)
        except OSError as error:
            raise _failed(error) from None
        finally:
            self.close()

    def close(self) -> None:
        """Hang up on everybody; closing twice is harmless."""
        for each in (*self._sockets, self._bell, self._ringer):
            each.close()
        with self._lock:
            visits = dict(self._visits)
        for visitor, thread in visits.items():
            _hang_up(visitor)
            thread.join(1)

    def _listen(self, expected: Expected, until: float) -> dict[str, str]:
        with DefaultSelector() as selector:
            selector.register(self._bell, EVENT_READ)
            for each in self._sockets:
                each.listen()
                selector.register(each, EVENT_READ, data=each)
            while self._answer is None:
                left = until - time.monotonic()
                if left <= 0:
                    raise SignInError(problem("sign_in_timed_out"))
                for key, _ in selector.select(left):
                    if key.data is not None:
                        self._receive(key.data, expected)
        return self._answer

    def _receive(self, listening: socket.socket, expected: Expected) -> None:
        try:
            visitor, _ = listening.accept()
        except (BlockingIOError, ConnectionAbortedError):  # it went away again
            return
        except OSError:  # no descriptor is left
            if not self._make_room():
                raise
            return
        if len(self._visits) >= _MAX_CONNECTIONS:
            self._make_room()
        thread = threading.Thread(target=self._serve, args=(visitor, expected), daemon=True)
        with self._lock:
            self._visits[visitor] = thread
        thread.start()

    def _make_room(self) -> bool:
        with self._lock:
            oldest = next(iter(self._visits), None)
            if oldest is None:
                return False
            del self._visits[oldest]
        _hang_up(oldest)
        return True

    def _serve(self, visitor: socket.socket, expected: Expected) -> None:
        until = time.monotonic() + self._read_s
        try:
            with visitor:
                method, reply = hear(visitor, until, expected)
                if reply.params is not None and not self._is_first():
                    reply = Reply(HTTPStatus.GONE, Arrival.UNUSABLE)
                try:
                    visitor.settimeout(self._read_s)
                    visitor.sendall(written(reply, self._page, is_head=method == b"HEAD"))
                finally:
                    if reply.params is not None:
                        self._answer = reply.params
                        self._ringer.send(b"\0")
                drain(visitor, until)
        except OSError:
            pass  # it hung up, or took too long
        finally:
            with self._lock:
                self._visits.pop(visitor, None)

    def _is_first(self) -> bool:
        with self._lock:
            is_first, self._is_taken = not self._is_taken, True
        return is_first


def _hang_up(visitor: socket.socket) -> None:
    with suppress(OSError):  # it did first
        visitor.shutdown(socket.SHUT_RDWR)


def _bound(host: str) -> list[socket.socket]:
    for _ in range(_TRIES):
        sockets: list[socket.socket] = []
        try:
            for family, address in HOSTS[host]:
                port = sockets[0].getsockname()[1] if sockets else 0
                sockets.append(_bind(family, address, port))
        except OSError as error:
            if not sockets:
                raise _failed(error) from None
            if error.errno == errno.EADDRINUSE:
                # Somebody else would hear what a browser sends to the other family.
                sockets.pop().close()
                continue
            # Without IPv6 there is no second address that a browser could try.
        return sockets
    raise _failed(OSError(errno.EADDRINUSE, ""))


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)  # noqa: FBT003 - the socket's own
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


def _failed(error: OSError) -> HostError:
    reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return HostError(problem("listener_failed", reason=reason))
