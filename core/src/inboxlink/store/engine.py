"""Open the store safely, bring its schema up to date, and name what can go wrong with it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, DBAPIError, SQLAlchemyError

from inboxlink.errors import HostError, problem
from inboxlink.vault.files import private_directory, private_file

__all__ = ["HEAD", "Store", "open_store"]

#: The newest revision in `migrations`. It stands here too, so that a store that is up to date is
#: opened without importing alembic; a test compares the two.
HEAD = "0001"

_FILE = "inboxlink.db"

#: FULL, because an acknowledgement must outlive a power cut; secure_delete, because a removed
#: secret's ciphertext must not stay in free pages.
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "busy_timeout = 30000",
)

#: Words of SQLite's messages, by the error that they mean.
_SQLITE_WORDS = (
    ("locked", "store_busy"),
    ("busy", "store_busy"),
    ("disk is full", "store_full"),
    ("disk i/o error", "store_full"),
    ("malformed", "store_corrupt"),
    ("not a database", "store_corrupt"),
)


class Store:
    """The database. `write` is one durable transaction, `read` a consistent look."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self._engine = engine
        self._path = path

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that other writers wait for, durable when the block ends.

        Raises:
            HostError: `store_busy`, `store_full`, `store_corrupt`, `store_unavailable`.
        """
        with self._typed(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A look that sees one state of the store.

        Raises:
            HostError: As `write`.
        """
        with (
            self._typed(),
            self._engine.execution_options(inboxlink_read=True).connect() as connection,
        ):
            yield connection

    def close(self) -> None:
        """Close every connection to the database."""
        self._engine.dispose()

    @contextmanager
    def _typed(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise _translated(error, self._path) from None


def open_store(url: str | None, directory: Path) -> Store:
    """Open the store, and make or migrate it where that is due.

    Args:
        url: An SQLAlchemy URL; None = a SQLite file in `directory`.
        directory: The data directory; it is made with mode 0700.

    Raises:
        HostError: `file_exposed`, `store_newer`, and as `Store.write`.
    """
    private_directory(directory)
    path = directory / _FILE if url is None else None
    if path is not None:
        _make_private(path)
    engine = sa.create_engine(
        url or f"sqlite:///{path}", hide_parameters=True, pool_pre_ping=url is not None
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
    store = Store(engine, path)
    try:
        _bring_up_to_date(store)
        if path is not None:
            for suffix in ("", "-wal", "-shm"):
                beside = path.with_name(path.name + suffix)
                if beside.exists():
                    private_file(beside)
    except BaseException:
        store.close()
        raise
    return store


def _make_private(path: Path) -> None:
    # SQLite gives -wal and -shm the mode of the main file, so that this one settles all three.
    if not os.path.lexists(path):
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileExistsError:  # another process was first
            pass
        else:
            os.fchmod(descriptor, 0o600)
            os.close(descriptor)
    private_file(path)


def _configure(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
    # sqlite3 would begin transactions on its own and late; SQLAlchemy's `begin` event does it.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    is_read = connection.get_execution_options().get("inboxlink_read", False)
    # A writer takes its lock at once: one that reads first and writes later can be refused.
    connection.exec_driver_sql("BEGIN" if is_read else "BEGIN IMMEDIATE")


def _bring_up_to_date(store: Store) -> None:
    if _revision(store) == HEAD:
        return
    from inboxlink.store.migrations import upgrade

    with store.write() as connection:
        upgrade(connection)


def _revision(store: Store) -> str | None:
    with store.read() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    if found is not None and found > HEAD:
        raise HostError(problem("store_newer"))
    return found


def _translated(error: SQLAlchemyError, path: Path | None) -> HostError:
    code = "store_unavailable"
    if isinstance(error, DBAPIError | DatabaseError):
        words = str(error.orig).lower()
        code = next((code for word, code in _SQLITE_WORDS if word in words), code)
    return HostError(problem(code, path=str(path or "")))
