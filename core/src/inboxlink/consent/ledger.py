"""Write what people were told and what they said; check that nobody changed it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from inboxlink.consent.chain import GENESIS, MAC_PURPOSE, head_bytes, row_hash
from inboxlink.errors import HostError, problem
from inboxlink.store.engine import Store
from inboxlink.store.keys import use_recorded_key
from inboxlink.store.schema import ledger_entry, ledger_head
from inboxlink.store.times import from_text, to_text
from inboxlink.vault import Vault

__all__ = ["Entry", "EntryKind", "Ledger", "LedgerVerdict"]


class EntryKind(StrEnum):
    """What a row says."""

    ACKNOWLEDGED = "acknowledged"
    AUTOMATION = "automation"
    CERTIFICATE_TRUSTED = "certificate_trusted"
    PARTIAL_ACCEPTED = "partial_accepted"
    DISCONNECTED = "disconnected"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row.

    Args:
        n: From 1 on, without gaps.
        at: When, aware and in UTC.
        kind: What it says.
        owner: Who.
        mailbox: For which mailbox.
        provider: By which provider.
        host: The machine on which it was said.
        details: What belongs to the kind.
        hash: Binds it to all rows before.
    """

    n: int
    at: datetime
    kind: EntryKind
    owner: str
    mailbox: str
    provider: str
    host: str
    details: Mapping[str, Any]
    hash: str

    def document(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "n": self.n,
            "at": to_text(self.at),
            "kind": self.kind.value,
            "owner": self.owner,
            "mailbox": self.mailbox,
            "provider": self.provider,
            "host": self.host,
            "details": dict(self.details),
            "hash": self.hash,
        }


@dataclass(frozen=True, slots=True)
class LedgerVerdict:
    """Whether the ledger is what was written.

    Args:
        ok: Whether it is.
        count: How many rows were read.
        broken_at: The number of the first row that is not as it was; None where all are.
        reason: In a few words; None where all is well.
    """

    ok: bool
    count: int
    broken_at: int | None = None
    reason: str | None = None


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
                nothing is added; `key_missing`, and as `Store.write`.
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
            content = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
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
        return _entry(n + 1, content, digest)

    def acknowledged(
        self,
        owner: str,
        mailbox: str,
        provider: str,
        disclosure: str,
        version: int,
        digest: str,
    ) -> bool:
        """Whether exactly this text was acknowledged since the mailbox was last disconnected."""
        is_acknowledged = False
        for entry in self.entries(owner=owner, mailbox=mailbox):
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
            return [_entry(row.n, row.content, row.hash) for row in database.execute(query)]

    def verify(self) -> LedgerVerdict:
        """Read every row, and say which is the first that was edited, moved or removed."""
        with self._store.read() as database:
            rows = database.execute(sa.select(ledger_entry).order_by(ledger_entry.c.n)).all()
            head = database.execute(sa.select(ledger_head)).first()
        previous = GENESIS
        for place, row in enumerate(rows, 1):
            reason = None
            if row.n != place:
                reason = "a row is missing here"
            elif row.previous != previous:
                reason = "the row does not follow the one before"
            elif row_hash(previous, row.content) != row.hash:
                reason = "the row was changed"
            elif not _columns_agree(row):
                reason = "the row's columns were changed"
            if reason is not None:
                return LedgerVerdict(ok=False, count=len(rows), broken_at=place, reason=reason)
            previous = row.hash
        if head is None:
            if not rows:
                return LedgerVerdict(ok=True, count=0)
            return LedgerVerdict(
                ok=False, count=len(rows), broken_at=len(rows), reason="the head is missing"
            )
        if not self._is_authentic(head):
            return LedgerVerdict(
                ok=False, count=len(rows), broken_at=len(rows), reason="the head was changed"
            )
        if (head.n, head.hash) != (len(rows), previous):
            return LedgerVerdict(
                ok=False,
                count=len(rows),
                broken_at=len(rows) + 1,
                reason=f"rows up to {head.n} were written",
            )
        return LedgerVerdict(ok=True, count=len(rows))

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

    def _head(self, database: sa.Connection) -> tuple[int, str]:
        head = database.execute(sa.select(ledger_head)).first()
        last = database.execute(
            sa.select(ledger_entry).order_by(ledger_entry.c.n.desc()).limit(1)
        ).first()
        if head is None and last is None:
            return 0, GENESIS
        if head is None or last is None or (head.n, head.hash) != (last.n, last.hash):
            raise HostError(problem("ledger_broken"))
        if row_hash(last.previous, last.content) != last.hash or not _columns_agree(last):
            raise HostError(problem("ledger_broken"))
        if not self._is_authentic(head):
            raise HostError(problem("ledger_broken"))
        return head.n, head.hash

    def _is_authentic(self, head: Any) -> bool:  # noqa: ANN401 - a row of the table
        try:
            return self._vault.check_mac(
                MAC_PURPOSE, head_bytes(head.n, head.hash), head.key_id, head.mac
            )
        except HostError as error:
            # The store's own key is there, so that a head which names another was changed.
            if error.code != "key_missing":
                raise
            return False


def _columns_agree(row: Any) -> bool:  # noqa: ANN401 - a row of the table
    said = json.loads(row.content)
    return (row.owner, row.mailbox) == (said["owner"], said["mailbox"])


def _entry(n: int, content: str, digest: str) -> Entry:
    try:
        said = json.loads(content)
        return Entry(
            n=n,
            at=from_text(said["at"]),
            kind=EntryKind(said["kind"]),
            owner=said["owner"],
            mailbox=said["mailbox"],
            provider=said["provider"],
            host=said["host"],
            details=said["details"],
            hash=digest,
        )
    except (ValueError, KeyError, TypeError):  # no row of ours; `verify` says which
        raise HostError(problem("ledger_broken")) from None
