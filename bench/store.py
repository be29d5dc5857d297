"""What keeping connections costs: encryption, many rows, and the layer above sqlite3.

All figures are CPU of this process, user and system. The database lies in a temporary directory
that is removed at the end; its many rows are loaded by raw SQL into the product's own schema,
because the product has no bulk path: every mailbox is connected with a consent of its own.
"""

import argparse
import json
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import SecretStr, TypeAdapter
from table import Ratio, Rounds, Table, parser

from inboxlink.store.connections import Connection, Connections, ConnectionState, DisclosureRef
from inboxlink.store.engine import Store, open_store
from inboxlink.store.keys import remember_key
from inboxlink.types.credential import Credential, CredentialKind, SecretName
from inboxlink.types.detection import Endpoint, Role, Tls
from inboxlink.types.disclosure import Capability
from inboxlink.types.report import Chain, Check, Identity, Proof, VerifyReport
from inboxlink.vault.keys import Key
from inboxlink.vault.vault import Vault

_NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
_FILE = "inboxlink.db"
_PRAGMAS = ("busy_timeout", "synchronous", "foreign_keys", "secure_delete")
_JSON = ("scopes", "settings", "endpoints", "identities", "report", "disclosures", "wanted")
_FIELD = "secret:password"
_PASSWORD = b"correct horse battery staple"
_FEW = 10_000
_STAGES = {
    Chain.RECEIVE: "dns tcp tls capability login identity select sent_folder",
    Chain.SEND: "dns tcp tls ehlo auth sender",
}
_by_hand = TypeAdapter(Connection)


class _Plain(Vault):
    """A vault that does not encrypt: the other side of a ratio."""

    def seal(self, data: bytes, *, record: str, field: str) -> bytes:  # noqa: ARG002 - of Vault
        return data


class Kept:
    """A store with this many connections, and the same database through sqlite3 alone."""

    def __init__(self, directory: Path, rows: int) -> None:
        self._store = open_store(None, directory)
        key = Key(secrets.token_bytes(32))
        self._vault = Vault((key,), None)
        remember_key(self._store, self._vault.recorded)
        self.connections = Connections(self._store, self._vault)
        self.plain = Connections(self._store, _Plain((key,), None))
        self.raw = _raw(directory / _FILE, self._store)
        self._numbers = count()
        self._row = self._template()
        self.ids = self._load(rows)
        # Written out, so that no reading pays for the loading.
        self.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.raw.close()
        self._store.close()

    def new(self) -> tuple[Connection, Credential]:
        """A connection that is not kept yet."""
        number = next(self._numbers)
        found = replace(_connection(), id=_id(), address=f"new{number}@example.com")
        password = {SecretName.PASSWORD: SecretStr(_PASSWORD.decode())}
        return found, Credential(
            kind=CredentialKind.PASSWORD, account=found.account, secrets=password
        )

    def rows(self, number: int) -> list[dict[str, Any]]:
        """Rows for as many further mailboxes."""
        addresses = [f"user{next(self._numbers)}@example.com" for _ in range(number)]
        return [
            {**self._row, "id": _id(), "address": each, "mailbox_key": each} for each in addresses
        ]

    def insert(self, rows: Sequence[Mapping[str, Any]], *, is_sealed: bool) -> None:
        """Rows of both tables by raw SQL, in one transaction."""
        self.raw.execute("BEGIN IMMEDIATE")
        places = ", ".join("?" * len(self._row))
        insert = f"INSERT INTO connection VALUES ({places})"
        self.raw.executemany(insert, (tuple(each.values()) for each in rows))
        sealed = partial(self._vault.seal, _PASSWORD, field=_FIELD) if is_sealed else _unsealed
        self.raw.executemany(
            "INSERT INTO connection_secret VALUES (?, 'password', ?)",
            ((each["id"], sealed(record=each["id"])) for each in rows),
        )
        self.raw.execute("COMMIT")

    def look(self) -> None:
        """The least that SQLAlchemy does for a look at the store."""
        with self._store.read() as database:
            database.exec_driver_sql("SELECT 1").scalar()

    def look_by_hand(self) -> None:
        self.raw.execute("BEGIN")
        self.raw.execute("SELECT 1").fetchone()
        self.raw.execute("ROLLBACK")

    def page_by_hand(self, after: str) -> list[Connection]:
        query = "SELECT * FROM connection WHERE id > ? ORDER BY id LIMIT 51"
        self.raw.execute("BEGIN")
        rows = self.raw.execute(query, (after,)).fetchall()
        self.raw.execute("ROLLBACK")
        return [_made(row) for row in rows]

    def get_by_hand(self, connection_id: str) -> Connection:
        self.raw.execute("BEGIN")
        row = self.raw.execute("SELECT * FROM connection WHERE id = ?", (connection_id,)).fetchone()
        self.raw.execute("ROLLBACK")
        return _made(row)

    def switch(self, connection_id: str) -> None:
        """Change a row for good: SQLite writes nothing where a row stays what it was."""
        number = next(self._numbers)
        now = _NOW + timedelta(seconds=number)
        self.connections.set_automation(connection_id, on=bool(number % 2), now=now)

    def switch_by_hand(self, connection_id: str) -> None:
        number = next(self._numbers)
        now = (_NOW + timedelta(seconds=number)).isoformat(timespec="microseconds")
        change = "UPDATE connection SET inbox_automation = ?, updated_at = ? WHERE id = ?"
        self.raw.execute("BEGIN IMMEDIATE")
        self.raw.execute(change, (bool(number % 2), now, connection_id))
        self.raw.execute("COMMIT")

    def _template(self) -> dict[str, Any]:
        self.connections.add(*self.new())
        return dict(self.raw.execute("SELECT * FROM connection").fetchone())

    def _load(self, rows: int) -> Sequence[str]:
        self.raw.execute("PRAGMA cache_size = -500000")  # of the loading alone; see below
        for begin in range(0, rows, _FEW):
            self.insert(self.rows(min(_FEW, rows - begin)), is_sealed=True)
        self.raw.execute("PRAGMA cache_size = -2000")  # SQLite's own default, as the store has it
        step = max(1, rows // 1000)
        found = self.raw.execute("SELECT id FROM connection ORDER BY id").fetchall()
        ids = [each[0] for each in found][::step]
        secrets.SystemRandom().shuffle(ids)
        return ids


def _unsealed(*, record: str) -> bytes:  # noqa: ARG001 - as Vault.seal has it
    return _PASSWORD


def _raw(path: Path, store: Store) -> sqlite3.Connection:
    """The database as sqlite3 alone has it, as durable and as clean as the store keeps it."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.row_factory = sqlite3.Row
    with store.read() as database:
        for name in _PRAGMAS:
            value = database.exec_driver_sql(f"PRAGMA {name}").scalar()
            raw.execute(f"PRAGMA {name} = {value}")
    return raw


def _made(row: sqlite3.Row) -> Connection:
    values = dict(row)
    del values["mailbox_key"]
    for name in _JSON:
        values[name] = json.loads(values[name] or "null")
    return _by_hand.validate_python(values)


def _id() -> str:
    return secrets.token_urlsafe(16)


def _connection() -> Connection:
    checks = tuple(
        Check(chain=chain, stage=stage, ok=True, evidence="seen", took_ms=12.34)
        for chain, stages in _STAGES.items()
        for stage in stages.split()
    )
    identities = (Identity(address="user@example.com", proof=Proof.DECLARED),)
    return Connection(
        id="",
        owner="ann",
        provider="imap",
        plugin_version="0.1.0",
        address="user@example.com",
        state=ConnectionState.ACTIVE,
        kind=CredentialKind.PASSWORD,
        account="user@example.com",
        scopes=(),
        expires_at=None,
        grant_ends_at=None,
        refresh_started_at=None,
        settings={"username": "user@example.com"},
        endpoints=(
            Endpoint(Role.IMAP, "imap.example.com", 993, Tls.IMPLICIT),
            Endpoint(Role.SUBMISSION, "smtp.example.com", 465, Tls.IMPLICIT),
        ),
        identities=identities,
        report=VerifyReport(checks=checks, identities=identities),
        disclosures=(DisclosureRef("imap.I", 1, "0" * 64),),
        wanted=frozenset(Capability),
        inbox_automation=False,
        problem_code=None,
        created_at=_NOW,
        updated_at=_NOW,
        verified_at=_NOW,
    )


def _cpu_us(actions: Sequence[Callable[[], object]]) -> float:
    """Microseconds of CPU for each of these actions."""
    began = time.process_time()
    for action in actions:
        action()
    return (time.process_time() - began) * 1e6 / len(actions)


@contextmanager
def kept(rows: int) -> Iterator[tuple[Kept, Kept]]:
    """A store with few rows and one with many."""
    directory = Path(tempfile.mkdtemp(prefix="inboxlink-bench-"))
    try:
        few = Kept(directory / "few", min(rows, _FEW))
        many = Kept(directory / "many", rows)
        yield few, many
        few.close()
        many.close()
    finally:
        shutil.rmtree(directory)


def _options() -> argparse.Namespace:
    options = parser(str(__doc__), rounds=12)
    options.add_argument("--rows", type=int, default=1_000_000, metavar="N")
    return options.parse_args()


def main() -> None:
    """Measure and print."""
    options = _options()
    rounds, rows = options.rounds, options.rows
    with kept(rows) as (few, many):
        ids = many.ids[:100]
        assert many.get_by_hand(ids[0]) == many.connections.get(ids[0])
        assert tuple(many.page_by_hand(ids[0])[:50]) == many.connections.page(None, ids[0]).items

        def each(action: Callable[[str], object], among: Sequence[str], number: int) -> float:
            chosen = [secrets.choice(among) for _ in range(number)]
            return _cpu_us([partial(action, one) for one in chosen])

        def added(connections: Connections) -> float:
            return _cpu_us([partial(connections.add, *few.new()) for _ in range(50)])

        def inserted(*, is_sealed: bool) -> float:
            return _cpu_us([partial(few.insert, few.rows(2000), is_sealed=is_sealed)]) / 2000

        reading = Rounds(
            rounds,
            {
                "page of few": lambda: each(
                    lambda one: few.connections.page(None, one), few.ids, 20
                ),
                "page": lambda: each(lambda one: many.connections.page(None, one), many.ids, 20),
                "page by hand": lambda: each(many.page_by_hand, many.ids, 20),
                "get": lambda: each(many.connections.get, many.ids, 200),
                "get by hand": lambda: each(many.get_by_hand, many.ids, 200),
                "look": lambda: _cpu_us([many.look] * 200),
                "look by hand": lambda: _cpu_us([many.look_by_hand] * 200),
            },
        )
        writing = Rounds(
            rounds,
            {
                "commit": lambda: each(many.switch, many.ids, 50),
                "commit by hand": lambda: each(many.switch_by_hand, many.ids, 50),
                "sealed": lambda: added(few.connections),
                "plain": lambda: added(few.plain),
                "bulk sealed": lambda: inserted(is_sealed=True),
                "bulk plain": lambda: inserted(is_sealed=False),
            },
        )
    few_rows = f"{min(rows, _FEW):,}"
    Table(
        f"Keeping connections, {rows:,} rows, {rounds} rounds",
        (
            _ratio(writing, "encrypted adds to plain ones, a commit each", "sealed", "plain", 1.2),
            _ratio(
                writing,
                "encrypted bulk rows to plain ones, raw SQL",
                "bulk sealed",
                "bulk plain",
                1.2,
            ),
            _ratio(
                reading, f"page of 50 of {rows:,} to one of {few_rows}", "page", "page of few", 2.0
            ),
            _ratio(
                reading, "empty look at the store to sqlite3 alone", "look", "look by hand", None
            ),
            _ratio(reading, "get by id to sqlite3 alone", "get", "get by hand", 1.3),
            _ratio(reading, "page of 50 to sqlite3 alone", "page", "page by hand", 1.5),
            _ratio(writing, "change and commit to sqlite3 alone", "commit", "commit by hand", 3.0),
        ),
        (
            "CPU; rows of 2 KiB with a report, loaded by raw SQL.",
            "The product has no bulk path: adds are measured one by one, the vault in raw SQL.",
            "A get cannot come below what SQLAlchemy takes for an empty look.",
            "sqlite3 alone does the same: a transaction, the same durability, the same objects.",
        ),
    ).end(options)


def _ratio(rounds: Rounds, what: str, side: str, to: str, bound: float | None) -> Ratio:
    sides = f"{rounds.median(side):.0f} to {rounds.median(to):.0f} us"
    return Ratio(what, sides, rounds.ratio(side, to), bound)


if __name__ == "__main__":
    main()
