"""Open the store safely, bring its schema up to date, and name what can go wrong with it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from inboxlink.errors import HostError, problem
from inboxlink.vault.files import (
    file_trouble,
    private_directory,
    private_file,
    sync_directory,
)

__all__ = ["HEAD", "Store", "is_made", "open_store"]

#: The newest revision in `migrations`. It stands here too, so that a store that is up to date is
#: opened without importing alembic; a test compares the two.
HEAD = "0004"

_FILE = "inboxlink.db"
_OTHERWISE = "store_unavailable"

#: Every page of SQLite is a multiple of it (https://sqlite.org/fileformat.html section 1.3.2).
_SMALLEST_PAGE = 512

#: FULL, because an acknowledgement must outlive a power cut; secure_delete, because a removed
#: secret's ciphertext must not stay in free pages.
_PRAGMAS = (
    "busy_timeout = 30000",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
)

#: What the names of SQLite's result codes begin with (https://sqlite.org/rescode.html), by the
#: error that they mean. Where the disk is full, growing the -shm file fails with a code of its own.
_SQLITE_CODES = (
    ("SQLITE_BUSY", "store_busy"),
    ("SQLITE_LOCKED", "store_busy"),
    ("SQLITE_FULL", "store_full"),
    ("SQLITE_IOERR_SHMSIZE", "store_full"),
    ("SQLITE_CORRUPT", "store_corrupt"),
    ("SQLITE_NOTADB", "store_corrupt"),
)


class Store:
    """The database. `write` is one durable transaction, `read` a consistent look."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self._engine = engine
        self._reader = engine.execution_options(inboxlink_read=True)
        self._path = path

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that other writers wait for, durable when the block ends.

        Raises:
            HostError: `store_busy`, `store_full`, `store_corrupt`, `store_unavailable`.
        """
        with _typed(self._path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A look that sees one state of the store.

        Raises:
            HostError: As `write`.
        """
        with _typed(self._path), self._reader.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection to the database."""
        self._engine.dispose()


def is_made(url: str | None, directory: Path) -> bool:
    """Whether `open_store` would find what an earlier one made, as far as files tell."""
    return os.path.lexists(directory if url is not None else directory / _FILE)


def open_store(url: str | None, directory: Path) -> Store:
    """Open the store, and make or migrate it where that is due.

    Args:
        url: An SQLAlchemy URL; None = a SQLite file in `directory`.
        directory: The data directory; it is made with mode 0700.

    Raises:
        HostError: `file_exposed`, `store_newer`, and as `Store.write`.
    """
    private_directory(directory)
    with _typed(None):
        # Not as text, where a "?" in the directory's name would end it.
        address = sa.URL.create("sqlite", database=str(directory / _FILE))
        if url is not None:
            address = sa.make_url(url)
        path = _path(address)
        engine = sa.create_engine(address, hide_parameters=True, pool_pre_ping=path is None)
    if path is not None:
        _make_private(path)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_configure, path))
        event.listen(engine, "begin", _begin)
    store = Store(engine, path)
    try:
        _bring_up_to_date(store)
        if path is not None:
            _check_private(path)
    except BaseException:
        store.close()
        raise
    return store


def _path(address: sa.URL) -> Path | None:
    is_file = address.get_backend_name() == "sqlite" and address.database not in (None, ":memory:")
    return Path(str(address.database)) if is_file else None


def _make_private(path: Path) -> None:
    # SQLite gives -wal and -shm the mode of the main file, so that this one settles all three.
    with file_trouble(path):
        if not os.path.lexists(path):
            with _one_at_a_time(path.parent):
                if not os.path.lexists(path):  # or another process was first
                    _create(path)
    _check_private(path)
    with file_trouble(path):
        _check_size(path)


def _check_size(path: Path) -> None:
    # SQLite would take an empty file for a new database, and throw away what the -wal beside it
    # holds; a last page that was cut it would fill with zeros. Ours is whole from its birth on.
    size = path.stat().st_size
    is_cut = size % _SMALLEST_PAGE != 0 and not os.path.lexists(_wal(path))
    if size < _SMALLEST_PAGE or is_cut:
        raise HostError(problem("store_corrupt", path=str(path)))


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _create(path: Path) -> None:
    if os.path.lexists(_wal(path)):  # the database itself is lost
        raise HostError(problem("store_corrupt", path=str(path)))
    temporary = path.with_name(f".{path.name}.new")
    # One that a killed process left must not stand in the way for ever.
    temporary.unlink(missing_ok=True)
    try:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
        with _typed(path), closing(sqlite3.connect(temporary)) as database:
            database.execute("PRAGMA journal_mode = WAL")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _check_private(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + suffix)
        if os.path.lexists(beside):
            private_file(beside)


def _configure(path: Path | None, connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's
    # sqlite3 would begin transactions on its own and late; SQLAlchemy's `begin` event does it.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    if path is not None and connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        with _one_at_a_time(path.parent):
            connection.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _one_at_a_time(directory: Path) -> Iterator[None]:
    # Where two processes switch to WAL at the same moment SQLite refuses one at once, whatever
    # its timeout: it never waits while a read lock becomes a write lock. Not a lock of the
    # database's file, whose closing would end the locks that SQLite holds in this process
    # (https://sqlite.org/howtocorrupt.html section 2.2).
    from fcntl import LOCK_EX, flock

    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flock(descriptor, LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _begin(connection: Connection) -> None:
    is_read = connection.get_execution_options().get("inboxlink_read", False)
    # A writer takes its lock at once: one that reads first and writes later can be refused.
    connection.exec_driver_sql("BEGIN" if is_read else "BEGIN IMMEDIATE")


def _bring_up_to_date(store: Store) -> None:
    if _revision(store) == HEAD:
        return
    from alembic.util import CommandError

    from inboxlink.store.migrations import upgrade

    try:
        with store.write() as connection:
            upgrade(connection)
    except CommandError:  # a revision that is not in `migrations`
        raise HostError(problem("store_newer")) from None


def _revision(store: Store) -> str | None:
    with store.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    if found is not None and found > HEAD:
        raise HostError(problem("store_newer"))
    return found


@contextmanager
def _typed(path: Path | None) -> Iterator[None]:
    try:
        yield
    # ImportError: the driver of an address is not installed.
    except (SQLAlchemyError, sqlite3.Error, ImportError) as error:
        # The address can hold a password, and stays out of what is said.
        raise HostError(problem(_code(error), path=str(path or ""))) from None


def _code(error: Exception) -> str:
    if isinstance(error, NoConnectionLeft):
        return "store_busy"
    cause = error.orig if isinstance(error, DBAPIError) else error
    name: str = getattr(cause, "sqlite_errorname", "")
    if isinstance(cause, sqlite3.OperationalError) and not name and "decode" in str(cause):
        return "store_corrupt"  # the driver's own: text that is not UTF-8
    return next((code for start, code in _SQLITE_CODES if name.startswith(start)), _OTHERWISE)
