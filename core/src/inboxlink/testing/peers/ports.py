"""Ports on loopback."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["CLOSED_PORT", "LOOPBACK", "held_port", "wait_until"]

LOOPBACK = "127.0.0.1"

#: Nobody listens there: tcpmux (RFC 7805 made its protocol historic). A port that was free a
#: moment ago would be worse, because the system may give it to the next program that wants any.
CLOSED_PORT = 1


@contextmanager
def held_port() -> Iterator[int]:
    """A port for a server that cannot take any and say which it got.

    As long as it is held, nobody gets it who asks the system for any port, and no connection
    begins there, not even one to itself. A server that is told the number and binds it with
    `SO_REUSEADDR`, as servers do, may listen there; until then connections are refused.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, 0))
        yield int(holder.getsockname()[1])


def wait_until(port: int, *, is_open: bool, timeout_s: float = 15) -> None:
    """Wait until a port answers, or no longer does."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            socket.create_connection((LOOPBACK, port), timeout=0.5).close()
            answers = True
        except OSError:
            answers = False
        if answers == is_open:
            return
        time.sleep(0.02)
    raise TimeoutError(f"port {port}: open={is_open} was waited for in vain")
