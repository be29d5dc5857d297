"""One renewal of an account at a time, over the threads and processes of a machine.

The kernel's lock, because it ends with its holder however that ends. It is a lock of an open file
and not of a name: whoever has it makes sure that the name still leads to the file, and a file that
is new under its name is told apart, since the holder of the one before may be at work.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from inboxlink.errors import HostError, problem
from inboxlink.vault.files import file_trouble, private_directory

__all__ = ["POLL_S", "Held", "alone", "busy", "forget"]

#: Seconds between two looks at what another process holds.
POLL_S = 0.05

_FOLDER = "refreshing"


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that is held."""

    descriptor: int

    @property
    def is_new(self) -> bool:
        """Whether nobody has held this very file and settled that no other one is in use."""
        return os.pread(self.descriptor, 32, 0) != self._name

    def settle(self) -> None:
        """Let the next holder rely on this file."""
        if self.is_new:
            with suppress(OSError):  # of a full disk: the next holder is only more careful
                os.pwrite(self.descriptor, self._name, 0)

    @property
    def _name(self) -> bytes:
        # A copy of the file has another number.
        return b"%d\n" % os.fstat(self.descriptor).st_ino


@contextmanager
def alone(directory: Path, connection_id: str, until: float) -> Iterator[Held]:
    """Hold the lock of an account.

    Args:
        directory: The data directory.
        connection_id: Whose lock it is.
        until: Seconds on the monotonic clock at which the wait ends.

    Raises:
        HostError: `refresh_busy`: somebody else held it for the whole time; `file_exposed`,
            `store_full`, `store_unavailable`.
    """
    path = _path(directory, connection_id)
    private_directory(path.parent)
    while (held := _taken(path)) is None:
        if time.monotonic() >= until:
            raise busy()
        time.sleep(POLL_S)
    try:
        yield held
    finally:
        os.close(held.descriptor)


def busy() -> HostError:
    """The error of whoever has waited long enough."""
    from inboxlink.plugins.calling import DEADLINES_S

    return HostError(problem("refresh_busy", retry_after_s=DEADLINES_S["refresh"]))


def forget(directory: Path, connection_id: str) -> None:
    """Remove the lock's file of an account that is gone."""
    with suppress(OSError):
        _path(directory, connection_id).unlink()


def _path(directory: Path, connection_id: str) -> Path:
    # Hashed, because whoever writes to the database could name any file.
    name = hashlib.sha256(connection_id.encode()).hexdigest()[:32]
    return directory / _FOLDER / f"{name}.lock"


def _taken(path: Path) -> Held | None:
    """The lock, unless somebody else has it or the file is not the one under its name."""
    from filelock import lock_descriptor

    with file_trouble(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        try:
            os.fchmod(descriptor, 0o600)  # whatever the umask says
            if lock_descriptor(descriptor, blocking=False) and _leads_to(path, descriptor):
                return Held(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
    os.close(descriptor)
    return None


def _leads_to(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
