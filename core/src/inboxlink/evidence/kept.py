"""What the database of mail providers answered lately, kept on disk.

Nothing depends on it: what cannot be read, or was tampered with as far as can be told, was never
kept, and what cannot be written is asked again.
"""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from inboxlink.errors import HostError

__all__ = ["KEPT_ABSENT", "KEPT_FOUND", "MAX_BYTES", "MAX_ENTRIES", "Cache", "Kept"]

#: Providers move their servers seldom, and newcomers should be found soon.
KEPT_FOUND = timedelta(days=7)
KEPT_ABSENT = timedelta(days=1)
MAX_BYTES = 64 * 1024
MAX_ENTRIES = 2000


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer.

    Args:
        body: The file; None = the database had none.
        fetched: When it was asked; aware, in UTC.
    """

    body: bytes | None
    fetched: datetime


class Cache:
    """The answers by domain, each in a file of its own; several processes may use one folder.

    Args:
        folder: Made on the first write, for its owner alone.
        clock: The wall clock; aware, in UTC.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._clock = clock

    def get(self, domain: str) -> Kept | None:
        """What was answered about a domain; None = not known, or too long ago."""
        from inboxlink.vault.files import read_private_file

        try:
            content = read_private_file(self._path(domain))
        except HostError:
            return None
        kept = None if content is None else _read(content, domain)
        if kept is None:
            return None
        age = self._clock() - kept.fetched
        # A clock that was wrong when it was written must not keep it for ever.
        is_fresh = timedelta(0) <= age < (KEPT_ABSENT if kept.body is None else KEPT_FOUND)
        return kept if is_fresh else None

    def put(self, domain: str, body: bytes | None) -> None:
        """Keep an answer; None = the database has none. A larger one than it gives is not kept."""
        from inboxlink.vault.files import private_directory, replace_private_file

        if body is not None and len(body) > MAX_BYTES:
            return
        with suppress(HostError, OSError):
            private_directory(self._folder)
            self._make_room()
            # Waiting for the disk would hold up every other answer of the look-up.
            kept = _written(domain, body, self._clock())
            replace_private_file(self._path(domain), kept, durable=False)

    def forget(self, domain: str) -> None:
        """Drop what was answered about a domain, so that it is asked again."""
        with suppress(OSError):
            self._path(domain).unlink(missing_ok=True)

    def _path(self, domain: str) -> Path:
        # A domain is up to 253 characters of somebody's choice, and may be a device's name.
        return self._folder / hashlib.sha256(domain.encode()).hexdigest()[:40]

    def _make_room(self) -> None:
        if len(os.listdir(self._folder)) < MAX_ENTRIES:  # noqa: PTH208 - a third of the time
            return
        entries = list(self._folder.iterdir())
        entries.sort(key=lambda path: path.stat(follow_symlinks=False).st_mtime)
        for path in entries[: len(entries) - MAX_ENTRIES * 9 // 10]:
            path.unlink(missing_ok=True)


def _written(domain: str, body: bytes | None, now: datetime) -> bytes:
    head = {
        "domain": domain,
        "fetched": now.isoformat(),
        "size": None if body is None else len(body),
    }
    return json.dumps(head).encode() + b"\n" + (body or b"")


def _read(content: bytes, domain: str) -> Kept | None:
    first, _, body = content.partition(b"\n")
    try:
        head = json.loads(first)
        fetched = datetime.fromisoformat(head["fetched"])
        size = head["size"]
        if head["domain"] != domain or fetched.tzinfo is None:
            return None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if len(body) != (size or 0) or len(body) > MAX_BYTES:
        return None
    return Kept(None if size is None else body, fetched)
