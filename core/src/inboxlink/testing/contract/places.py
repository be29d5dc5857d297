"""Servers that are not there, and servers that say nothing: what a bad day looks like."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from inboxlink.testing.declarations import World

__all__ = ["silent", "unreachable"]

_LOOPBACK = "127.0.0.1"


@contextmanager
def unreachable(world: World) -> Iterator[World]:
    """The same names, at none of which anybody listens."""
    # Bound and never listening, so that nobody else can take the port meanwhile.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as nobody:
        nobody.bind((_LOOPBACK, 0))
        yield _all_at(world, nobody.getsockname()[1])


@contextmanager
def silent(world: World) -> Iterator[World]:
    """The same names, at all of which somebody takes the connection and never says a word."""
    with socket.create_server((_LOOPBACK, 0), backlog=64) as listener:
        taken: list[socket.socket] = []
        thread = threading.Thread(target=_take, args=(listener, taken), daemon=True)
        thread.start()
        try:
            yield _all_at(world, listener.getsockname()[1])
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(5)
            for each in taken:
                each.close()


def _take(listener: socket.socket, taken: list[socket.socket]) -> None:
    with suppress(OSError):  # the listener was closed
        while True:
            taken.append(listener.accept()[0])


def _all_at(world: World, port: int) -> World:
    return replace(world, connect=dict.fromkeys(world.connect, f"{_LOOPBACK}:{port}"))
