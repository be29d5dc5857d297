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
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any
from weakref import WeakSet

__all__ = ["Worker", "provider_thread", "silenced"]

_running: "WeakSet[threading.Thread]" = WeakSet()


def provider_thread(provider: str, what: str, target: Callable[[], None]) -> threading.Thread:
    """Start a daemon thread for a provider's import or hook."""
    thread = threading.Thread(target=target, name=f"inboxlink-{provider}-{what}", daemon=True)
    _running.add(thread)
    thread.start()
    return thread


_Work = tuple[Callable[[], None], threading.Lock]


class Worker:
    """A thread that runs a provider's hooks, one after the other, while nobody overruns.

    To begin a thread costs three times what it costs to hand a thread its work. It ends with the
    object.
    """

    def __init__(self, provider: str) -> None:
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread = provider_thread(provider, "hooks", partial(_work_off, self._work))

    def __del__(self) -> None:
        self._work.put(None)

    @property
    def is_alive(self) -> bool:
        """Whether it can work: a process that was forked has none of its parent's threads."""
        return self._thread.is_alive()

    def run(self, target: Callable[[], None], timeout_s: float) -> bool:
        """Run what raises nothing; False = it was not done in time, and may never be."""
        done = threading.Lock()
        done.acquire()
        self._work.put((target, done))
        return done.acquire(timeout=timeout_s)


def _work_off(work: "SimpleQueue[_Work | None]") -> None:
    while (each := work.get()) is not None:
        target, done = each
        target()
        done.release()
        # Nothing of a call is kept until the next one.
        del each, target, done


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
