"""Count the TLS contexts that a piece of code makes, whoever makes them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from OpenSSL import SSL

__all__ = ["counted"]


@contextmanager
def counted() -> Iterator[list[str]]:
    """The names of the classes of which contexts are made while the block runs, in any thread."""
    made: list[str] = []
    new, init = ssl.SSLContext.__new__, SSL.Context.__init__

    def noted_new(cls: type[ssl.SSLContext], *args: Any, **kwargs: Any) -> ssl.SSLContext:
        made.append(cls.__qualname__)
        return new(cls, *args, **kwargs)

    def noted_init(self: SSL.Context, *args: Any, **kwargs: Any) -> None:
        made.append(type(self).__qualname__)
        init(self, *args, **kwargs)

    ssl.SSLContext.__new__ = noted_new
    SSL.Context.__init__ = noted_init
    try:
        yield made
    finally:
        ssl.SSLContext.__new__ = new
        SSL.Context.__init__ = init
