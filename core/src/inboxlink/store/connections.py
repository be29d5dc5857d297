"""Connections: what is known of them in the clear, and their secrets, both or neither."""

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from inboxlink.errors import HostError, SetupError, problem
from inboxlink.store.connection import (
    Connection,
    ConnectionState,
    DisclosureRef,
    from_row,
    json_text,
    mailbox_key,
    to_row,
)
from inboxlink.store.engine import Store
from inboxlink.store.rows import change_row, row_of
from inboxlink.store.schema import connection as table
from inboxlink.store.sealed import put_secrets, remove_secrets, unsealed
from inboxlink.store.times import to_text
from inboxlink.types.address import Address
from inboxlink.types.credential import Credential
from inboxlink.types.report import Identity, VerifyReport
from inboxlink.vault import Vault

__all__ = ["Connection", "ConnectionState", "Connections", "DisclosureRef", "Page"]


@dataclass(frozen=True, slots=True)
class Page:
    """Some connections by id; `next` is where the following page begins, None at the end."""

    items: tuple[Connection, ...]
    next: str | None


class Connections:
    """The connections of an installation."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def add(self, connection: Connection, credential: Credential) -> None:
        """Keep a new connection and its secrets, both or neither.

        Raises:
            SetupError: `already_connected`.
        """
        with self._store.write() as database:
            _execute(database, connection, sa.insert(table))
            put_secrets(database, self._vault, connection.id, credential)

    def replace(self, connection: Connection, credential: Credential) -> None:
        """Replace a connection and its secrets, both or neither.

        Raises:
            HostError: `connection_unknown`.
            SetupError: `already_connected`, by another connection of the same person.
        """
        change = sa.update(table).where(table.c.id == connection.id)
        with self._store.write() as database:
            if _execute(database, connection, change) != 1:
                raise HostError(problem("connection_unknown", id=connection.id))
            remove_secrets(database, connection.id)
            put_secrets(database, self._vault, connection.id, credential)

    def get(self, connection_id: str) -> Connection:
        """One connection.

        Raises:
            HostError: `connection_unknown`.
        """
        with self._store.read() as database:
            return from_row(row_of(database, connection_id))

    def find(self, owner: str, address: Address) -> Connection | None:
        """The connection of a mailbox, unless it is disconnected."""
        query = (
            sa.select(table)
            .where(table.c.owner == owner)
            .where(table.c.mailbox_key == mailbox_key(address))
            .where(table.c.state != ConnectionState.DISCONNECTED.value)
        )
        with self._store.read() as database:
            row = database.execute(query).first()
        return None if row is None else from_row(row)

    def page(self, owner: str | None, after: str | None = None, limit: int = 50) -> Page:
        """Connections by id, after one of them; `owner` None = of everybody."""
        query = sa.select(table).order_by(table.c.id).limit(limit + 1)
        if owner is not None:
            query = query.where(table.c.owner == owner)
        if after is not None:
            query = query.where(table.c.id > after)
        with self._store.read() as database:
            items = tuple(from_row(row) for row in database.execute(query))
        return Page(items[:limit], items[limit - 1].id if len(items) > limit else None)

    def count(self, owner: str) -> int:
        """How many mailboxes a person has connected."""
        query = (
            sa.select(sa.func.count())
            .select_from(table)
            .where(table.c.owner == owner)
            .where(table.c.state != ConnectionState.DISCONNECTED.value)
        )
        with self._store.read() as database:
            return int(database.scalar(query) or 0)

    def note_verification(
        self,
        connection: Connection,
        report: VerifyReport,
        state: ConnectionState,
        problem_code: str | None,
        now: datetime,
    ) -> None:
        """Note what a verification found, and nothing else of the connection.

        Where the person signed in again meanwhile, or another verification went well, that is
        the newer word and stands.

        Args:
            connection: As it was when the verification began.
            report: What was found.
            state: Anything but disconnected, which is `disconnect`'s alone, and at risk, which
                is never kept.
            problem_code: What was found in a word; None = nothing.
            now: Aware.

        Raises:
            HostError: `connection_unknown`, also for one that was disconnected meanwhile.
        """
        assert state not in (ConnectionState.DISCONNECTED, ConnectionState.AT_RISK)
        values = {
            "report": json_text("report", report),
            "state": state.value,
            "problem_code": problem_code,
            "updated_at": to_text(now),
        }
        if report.can_receive or report.can_send:
            values["verified_at"] = to_text(now)
        is_as_it_was = table.c.verified_at.is_not_distinct_from(to_text(connection.verified_at))
        change = sa.update(table).where(table.c.id == connection.id, is_as_it_was)
        with self._store.write() as database:
            found = row_of(database, connection.id)
            if found.state == ConnectionState.DISCONNECTED.value:
                raise HostError(problem("connection_unknown", id=connection.id))
            database.execute(change.values(**values))

    def note_identities(
        self, connection_id: str, identities: tuple[Identity, ...], now: datetime
    ) -> None:
        """Keep the addresses that the mailbox may send as.

        Raises:
            HostError: `connection_unknown`.
        """
        values = {"identities": json_text("identities", identities), "updated_at": to_text(now)}
        with self._store.write() as database:
            change_row(database, connection_id, values)

    def set_automation(self, connection_id: str, *, on: bool, now: datetime) -> None:
        """Switch inbox automation.

        Raises:
            HostError: `connection_unknown`.
        """
        values = {"inbox_automation": on, "updated_at": to_text(now)}
        with self._store.write() as database:
            change_row(database, connection_id, values)

    def disconnect(
        self, connection_id: str, now: datetime, within: sa.Connection | None = None
    ) -> None:
        """Remove the secrets and mark the connection, both or neither.

        Args:
            connection_id: Which one.
            now: Aware.
            within: A transaction that this belongs to; None = one of its own.

        Raises:
            HostError: `connection_unknown`.
        """
        values = {
            "state": ConnectionState.DISCONNECTED.value,
            "refresh_started_at": None,
            "updated_at": to_text(now),
        }
        with self._store.write() if within is None else nullcontext(within) as database:
            remove_secrets(database, connection_id)
            change_row(database, connection_id, values)

    def credential(self, connection_id: str) -> Credential:
        """The credential, unsealed.

        Raises:
            HostError: As `opened`.
        """
        return self.opened(connection_id)[1]

    def opened(self, connection_id: str) -> tuple[Connection, Credential]:
        """A connection and its credential, which goes to the servers of this connection only.

        Raises:
            HostError: `connection_unknown`; `sealed_broken`, also where anything was changed that
                decides where the credential goes; `key_missing`.
        """
        with self._store.read() as database:
            row = row_of(database, connection_id)
            secrets = unsealed(database, self._vault, row)
        connection = from_row(row)
        return connection, Credential(
            kind=connection.kind,
            account=connection.account,
            secrets=secrets,
            scopes=connection.scopes,
            expires_at=connection.expires_at,
            grant_ends_at=connection.grant_ends_at,
        )


def _execute(
    database: sa.Connection, connection: Connection, statement: sa.Insert | sa.Update
) -> int:
    try:
        # The row beside the statement rather than in it, where each value would be parsed as SQL.
        return database.execute(statement, to_row(connection)).rowcount
    except IntegrityError:
        refused = problem("already_connected", address=connection.address, id="-")
        raise SetupError(refused) from None
