"""The threads that run a provider's code: nobody waits for them for ever, nobody hears them.

Python cannot end a thread, so each is a daemon, which keeps no program from ending. What it
prints is dropped where the host asks for that: a JSON document on standard output is one document,
and a terminal shows nothing that was not cleaned. A provider that writes to the descriptor itself
is not held by this; no provider is in a sandbox.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from weakref import WeakSet

__all__ = ["provider_thread", "silenced"]

_running: "WeakSet[threading.Thread]" = WeakSet()


def provider_thread(provider: str, what: str, target: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread for a provider's import or hook."""
    thread = threading.Thread(target=target, name=f"inboxlink-{provider}-{what}", daemon=True)
    _running.add(thread)
    thread.start()
    return thread


@contextmanager
def silenced() -> Iterator[None]:
    """Drop what providers print, on both standard streams of the process."""
    before = sys.stdout, sys.stderr
    with Path(os.devnull).open("w") as nowhere:
        sys.stdout, sys.stderr = (_Silenced(each, nowhere) for each in before)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


class _Silenced:
    def __init__(self, stream: IO[str], nowhere: IO[str]) -> None:
        self._stream = stream
        self._nowhere = nowhere

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the stream's own
        is_dropped = threading.current_thread() in _running
        return getattr(self._nowhere if is_dropped else self._stream, name)
