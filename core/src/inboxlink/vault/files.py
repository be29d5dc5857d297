"""Files that are their owner's alone, whatever the umask says."""

import os
import stat
from pathlib import Path

from inboxlink.errors import HostError, problem

__all__ = ["private_directory", "private_file", "replace_private_file"]


def private_directory(path: Path) -> None:
    """Make a directory with mode 0700, or check the one that is there.

    Raises:
        HostError: `file_exposed`.
    """
    if not path.exists():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    _check(path, is_right_kind=stat.S_ISDIR)


def private_file(path: Path) -> None:
    """Check that a file is plain, one's own, and closed to others.

    Raises:
        HostError: `file_exposed`.
    """
    _check(path, is_right_kind=stat.S_ISREG)


def replace_private_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, durably, with mode 0600."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check(path: Path, is_right_kind: object) -> None:
    found = path.lstat()
    assert callable(is_right_kind)
    is_open = stat.S_IMODE(found.st_mode) & 0o077
    if not is_right_kind(found.st_mode) or is_open or found.st_uid != os.geteuid():
        raise HostError(problem("file_exposed", path=str(path)))
