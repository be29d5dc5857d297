"""Write what people were told and what they said; check that nobody changed it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inboxlink.consent.chain import GENESIS, MAC_PURPOSE, head_bytes, row_hash
from inboxlink.consent.checking import Flaw, LedgerVerdict, broken_row, check_end, compare
from inboxlink.consent.entry import Entry, EntryKind, content_of, entry_of
from inboxlink.errors import HostError, problem
from inboxlink.store.engine import Store
from inboxlink.store.keys import use_recorded_key
from inboxlink.store.schema import connection, ledger_entry, ledger_head
from inboxlink.store.times import to_text
from inboxlink.vault import Vault

__all__ = ["Entry", "EntryKind", "Ledger", "LedgerVerdict"]


class Ledger:
    """The ledger of one installation.

    Args:
        store: Keeps the rows.
        vault: Authenticates the head.
        host: This machine's name, for the rows.
        clock: The time, aware and in UTC.
    """

    def __init__(
        self, store: Store, vault: Vault, host: str, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._vault = vault
        self._host = host
        self._clock = clock

    def append(
        self,
        kind: EntryKind,
        *,
        owner: str,
        mailbox: str,
        provider: str,
        details: Mapping[str, object],
        within: sa.Connection | None = None,
    ) -> Entry:
        """Write a row; it is durable when this returns.

        Args:
            kind: What it says.
            owner: Who.
            mailbox: For which mailbox.
            provider: By which provider.
            details: What belongs to the kind.
            within: A transaction that the row belongs to, and is durable with; None = one of its
                own.

        Raises:
            HostError: `ledger_broken`: the head or the last row is not what was written, and
                nothing is added; `entry_invalid`; `key_missing`, and as `Store.write`.
        """
        with self._store.write() if within is None else nullcontext(within) as database:
            use_recorded_key(database, self._vault)
            n, previous = self._head(database)
            said = {
                "at": to_text(self._clock()),
                "kind": kind.value,
                "owner": owner,
                "mailbox": mailbox,
                "provider": provider,
                "host": self._host,
                "details": dict(details),
            }
            content = content_of(said)
            digest = row_hash(previous, content)
            row = {
                "n": n + 1,
                "owner": owner,
                "mailbox": mailbox,
                "content": content,
                "previous": previous,
                "hash": digest,
            }
            database.execute(sa.insert(ledger_entry).values(**row))
            key_id, mac = self._vault.mac(MAC_PURPOSE, head_bytes(n + 1, digest))
            database.execute(sa.delete(ledger_head))
            database.execute(
                sa.insert(ledger_head).values(only=1, n=n + 1, hash=digest, key_id=key_id, mac=mac)
            )
        return entry_of(n + 1, content, digest)

    def acknowledged(
        self,
        owner: str,
        mailbox: str,
        provider: str,
        disclosure: str,
        version: int,
        digest: str,
    ) -> bool:
        """Whether exactly this text was acknowledged since the mailbox was last disconnected.

        Raises:
            HostError: `ledger_broken`: in a ledger that was changed, no row counts.
        """
        with self._store.read() as database:
            rows, verdict = self._check(database)
        if not verdict.ok:
            raise HostError(problem("ledger_broken"))
        is_acknowledged = False
        for row in rows:
            if (row.owner, row.mailbox) != (owner, mailbox):
                continue
            entry = entry_of(row.n, row.content, row.hash)
            if entry.kind is EntryKind.DISCONNECTED:
                is_acknowledged = False
            elif entry.kind is EntryKind.ACKNOWLEDGED and entry.provider == provider:
                said = entry.details
                shown = (said.get("disclosure"), said.get("version"), said.get("digest"))
                is_acknowledged = is_acknowledged or shown == (disclosure, version, digest)
        return is_acknowledged

    def entries(self, *, owner: str | None = None, mailbox: str | None = None) -> list[Entry]:
        """Rows in order, of one person and one mailbox where they are named.

        Raises:
            HostError: `ledger_broken`: a row cannot be read any more.
        """
        query = sa.select(ledger_entry).order_by(ledger_entry.c.n)
        if owner is not None:
            query = query.where(ledger_entry.c.owner == owner)
        if mailbox is not None:
            query = query.where(ledger_entry.c.mailbox == mailbox)
        with self._store.read() as database:
            return [entry_of(row.n, row.content, row.hash) for row in database.execute(query)]

    def verify(self, against: Sequence[str] = ()) -> LedgerVerdict:
        """Read every row, and say which is the first that was edited, moved or removed.

        Args:
            against: What `read_export` gives of an export that was kept elsewhere, which finds an
                emptied ledger and an older state too.
        """
        with self._store.read() as database:
            rows, verdict = self._check(database)
        if not verdict.ok:
            return verdict
        return _verdict(rows, compare(rows, against))

    def export(self) -> Iterator[dict[str, Any]]:
        """Every row with what binds it, then the head, each ready to be a line of JSON."""
        with self._store.read() as database:
            rows = database.execute(sa.select(ledger_entry).order_by(ledger_entry.c.n)).all()
            head = database.execute(sa.select(ledger_head)).first()
        for row in rows:
            yield {
                "n": row.n,
                "content": row.content,
                "previous": row.previous,
                "hash": row.hash,
            }
        if head is not None:
            yield {"head": {"n": head.n, "hash": head.hash, "key_id": head.key_id, "mac": head.mac}}

    def _check(self, database: sa.Connection) -> tuple[Sequence[Any], LedgerVerdict]:
        rows = database.execute(sa.select(ledger_entry).order_by(ledger_entry.c.n)).all()
        head = database.execute(sa.select(ledger_head)).first()
        flaw = broken_row(rows)
        if flaw is None:
            is_authentic = head is not None and self._is_authentic(head)
            flaw = check_end(rows, head, is_authentic=is_authentic)
        if flaw is None and not rows and database.execute(sa.select(connection.c.id)).first():
            flaw = (1, Flaw.EMPTIED)  # nobody is connected without a word
        return rows, _verdict(rows, flaw)

    def _head(self, database: sa.Connection) -> tuple[int, str]:
        head = database.execute(sa.select(ledger_head)).first()
        last = database.execute(
            sa.select(ledger_entry).order_by(ledger_entry.c.n.desc()).limit(1)
        ).first()
        if head is None and last is None:
            return 0, GENESIS
        if head is None or last is None or (head.n, head.hash) != (last.n, last.hash):
            raise HostError(problem("ledger_broken"))
        said = entry_of(last.n, last.content, last.hash)
        if row_hash(last.previous, last.content) != last.hash or not self._is_authentic(head):
            raise HostError(problem("ledger_broken"))
        if (last.owner, last.mailbox) != (said.owner, said.mailbox):
            raise HostError(problem("ledger_broken"))
        return head.n, head.hash

    def _is_authentic(self, head: Any) -> bool:  # noqa: ANN401 - a row of the table
        if not isinstance(head.key_id, str) or not isinstance(head.mac, str):
            return False
        try:
            return self._vault.check_mac(
                MAC_PURPOSE, head_bytes(head.n, head.hash), head.key_id, head.mac
            )
        except HostError as error:
            # The store's own key is there, so that a head which names another was changed.
            if error.code != "key_missing":
                raise
            return False


def _verdict(rows: Sequence[Any], flaw: tuple[int, Flaw] | None) -> LedgerVerdict:
    if flaw is None:
        return LedgerVerdict(ok=True, count=len(rows))
    return LedgerVerdict(ok=False, count=len(rows), broken_at=flaw[0], reason=flaw[1])
