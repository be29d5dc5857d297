"""What a pure hook reaches for beyond its arguments: sockets, processes, clocks, chance."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from types import BuiltinFunctionType, FrameType
from typing import Any

__all__ = ["Watch", "watching"]

#: Audit events (PEP 578) of the standard library.
_OUTSIDE = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "http.")

#: Built-in functions that tell the time, or what nobody can foresee.
_CLOCKS = {
    "time": frozenset(
        {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime", "gmtime"}
    ),
    "posix": frozenset({"urandom", "getrandom"}),
}
_DATES = frozenset({"now", "utcnow", "today"})

_watches: "list[Watch]" = []
_is_heard = threading.Event()


class Watch:
    """What was seen while a provider's hooks ran.

    Args:
        provider: Whose threads count; what runs beside them, such as the servers of a test, does
            not.
    """

    def __init__(self, provider: str) -> None:
        self.network: list[str] = []
        self.clock: list[str] = []
        self._prefix = f"inboxlink-{provider}-"

    def audit(self, event: str) -> None:
        """One audit event, in the thread that it happened in."""
        is_theirs = threading.current_thread().name.startswith(self._prefix)
        if is_theirs and event.startswith(_OUTSIDE) and not _is_importing(sys._getframe()):  # noqa: SLF001
            self.network.append(event)

    def profile(self, frame: FrameType, event: str, argument: Any) -> None:  # noqa: ANN401
        """One event of `sys.setprofile`."""
        if (
            event != "c_call"
            or self not in _watches
            or not isinstance(argument, BuiltinFunctionType)
        ):
            return
        name, owner = argument.__name__, argument.__self__
        module = getattr(owner, "__name__", "")
        is_date = name in _DATES and isinstance(owner, type) and issubclass(owner, date)
        if (is_date or name in _CLOCKS.get(module, ())) and not _is_importing(frame):
            self.clock.append(f"{module}.{name}()")


@contextmanager
def watching(provider: str) -> Iterator[Watch]:
    """Watch the threads of a provider that begin within the block."""
    if not _is_heard.is_set():
        _is_heard.set()
        sys.addaudithook(_heard)  # it stays for as long as the process does
    watch = Watch(provider)
    before = threading.getprofile()
    _watches.append(watch)
    threading.setprofile(watch.profile)
    try:
        yield watch
    finally:
        threading.setprofile(before)
        _watches.remove(watch)


def _heard(event: str, _: tuple[Any, ...]) -> None:
    for watch in tuple(_watches):
        watch.audit(event)


def _is_importing(frame: FrameType | None) -> bool:
    # What a module does when it is imported for the first time is no act of the hook.
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        frame = frame.f_back
    return False
