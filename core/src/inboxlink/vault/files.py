"""Files that are their owner's alone, whatever the umask says."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inboxlink.errors import HostError, problem

__all__ = [
    "file_trouble",
    "private_directory",
    "private_file",
    "read_private_file",
    "replace_private_file",
    "sync_directory",
]

#: Never through a symbolic link, and never waiting for the other end of a pipe.
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def private_directory(path: Path) -> None:
    """Make a directory and what is missing above it with mode 0700, or check the one there is.

    Raises:
        HostError: `file_exposed`; `store_full` or `store_unavailable` where none can be made.
    """
    with file_trouble(path):
        # Not mkdir's own `parents`: it gives those the mode that everybody may read.
        missing = [each for each in (path, *path.parents) if not os.path.lexists(each)]
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
            each.chmod(0o700)
        found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or not _is_ones_own(found):
        raise HostError(problem("file_exposed", path=str(path)))


def private_file(path: Path) -> None:
    """Check that a file is plain, one's own, and closed to others.

    Raises:
        HostError: `file_exposed`; `store_unavailable` where there is none.
    """
    with file_trouble(path):
        found = path.lstat()
    _check_file(path, found)


def read_private_file(path: Path) -> bytes | None:
    """Read a file that passes `private_file`; None = there is none.

    Raises:
        HostError: As `private_file`.
    """
    with file_trouble(path):
        try:
            descriptor = os.open(path, _READING)
        except FileNotFoundError:
            return None
        # What is checked is what was opened: nothing can be put in its place in between.
        with os.fdopen(descriptor, "rb") as file:
            _check_file(path, os.fstat(descriptor))
            return file.read()


def replace_private_file(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file whole or not at all, with mode 0600. One writer at a time.

    Args:
        path: The file.
        content: What it is to hold.
        durable: Whether it is on the disk when this returns. Where it is not, a loss of power may
            leave a file that is empty or cut off; the end of the process may not.

    Raises:
        HostError: `store_full`, `store_unavailable`; the file is as it was.
    """
    temporary = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with file_trouble(path):
        # One that a killed process left must not stand in the way for ever.
        temporary.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(content)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if durable:
            sync_directory(path.parent)


@contextmanager
def file_trouble(path: Path) -> Iterator[None]:
    """Name what the system refuses.

    Raises:
        HostError: `file_exposed` for a symbolic link where a file must be; `store_full`;
            `store_unavailable`.
    """
    try:
        yield
    except OSError as error:
        code = "store_unavailable"
        if error.errno == errno.ELOOP:
            code = "file_exposed"
        elif error.errno in _NO_ROOM:
            code = "store_full"
        raise HostError(problem(code, path=str(path))) from None


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_file(path: Path, found: os.stat_result) -> None:
    # A second name in another directory would be outside of what the directory's mode protects.
    is_plain = stat.S_ISREG(found.st_mode) and found.st_nlink <= 1
    if not is_plain or not _is_ones_own(found):
        raise HostError(problem("file_exposed", path=str(path)))


def _is_ones_own(found: os.stat_result) -> bool:
    return not stat.S_IMODE(found.st_mode) & 0o077 and found.st_uid == os.geteuid()
