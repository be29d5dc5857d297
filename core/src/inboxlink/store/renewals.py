"""Renewals of credentials: a mark from before one is asked for until its outcome is kept.

A mark that is left over says that a renewal has no known outcome. Each outcome counts only for
the credential that was used: where the person signed in again meanwhile, theirs stands.
"""

from datetime import datetime

import sqlalchemy as sa

from inboxlink.store.connection import ConnectionState, json_text
from inboxlink.store.engine import Store
from inboxlink.store.rows import change_row, row_of
from inboxlink.store.schema import connection as table
from inboxlink.store.sealed import put_secrets, remove_secrets, unsealed
from inboxlink.store.times import to_text
from inboxlink.types.credential import Credential
from inboxlink.vault import Vault

__all__ = ["Renewals"]


class Renewals:
    """The renewals of an installation's connections."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def begin(self, connection_id: str, used: Credential, now: datetime) -> bool:
        """Mark a connection before its renewal is asked for; durable when it returns.

        Args:
            connection_id: Which one.
            used: What the renewal will be asked with.
            now: Aware.

        Returns:
            Whether it is marked; not where another credential is kept by now.

        Raises:
            HostError: `connection_unknown`, and as `Connections.opened`.
        """
        with self._store.write() as database:
            if not self._holds(database, connection_id, used):
                return False
            change_row(database, connection_id, {"refresh_started_at": to_text(now)})
        return True

    def undo(self, connection_id: str, started_at: datetime, before: datetime | None) -> None:
        """Take a mark back, where nothing can have come of the renewal.

        Args:
            connection_id: Which one.
            started_at: The mark; another one, or none, stays as it is.
            before: The mark of an earlier renewal, of which still nobody knows; None = none.
        """
        is_ours = table.c.refresh_started_at == to_text(started_at)
        change = sa.update(table).where(table.c.id == connection_id, is_ours)
        with self._store.write() as database:
            database.execute(change.values(refresh_started_at=to_text(before)))

    def keep(
        self, connection_id: str, used: Credential, renewed: Credential, now: datetime
    ) -> bool:
        """Keep a renewed credential in place of the one that was used up, and end the mark.

        Args:
            connection_id: Which one.
            used: What the renewal was asked with.
            renewed: What came of it.
            now: Aware.

        Returns:
            Whether it is kept; not where the person signed in again or disconnected meanwhile,
            whose word is the newer one.

        Raises:
            HostError: `connection_unknown`, and as `Connections.opened`.
        """
        values = {
            "scopes": json_text("scopes", renewed.scopes),
            "expires_at": to_text(renewed.expires_at),
            "grant_ends_at": to_text(renewed.grant_ends_at),
            "refresh_started_at": None,
            "updated_at": to_text(now),
        }
        with self._store.write() as database:
            if not self._holds(database, connection_id, used):
                return False
            change_row(database, connection_id, values)
            remove_secrets(database, connection_id)
            put_secrets(database, self._vault, connection_id, renewed)
        return True

    def refuse(
        self, connection_id: str, used: Credential, problem_code: str, now: datetime
    ) -> bool:
        """Note that the person must sign in again, and end the mark.

        Args:
            connection_id: Which one.
            used: What was refused.
            problem_code: The refusal in a word.
            now: Aware.

        Returns:
            Whether it is so; not where another credential is kept by now, of which the refusal
            says nothing.

        Raises:
            HostError: As `keep`.
        """
        values = {
            "state": ConnectionState.NEEDS_REAUTH.value,
            "problem_code": problem_code,
            "refresh_started_at": None,
            "updated_at": to_text(now),
        }
        with self._store.write() as database:
            if not self._holds(database, connection_id, used):
                return False
            change_row(database, connection_id, values)
        return True

    def _holds(self, database: sa.Connection, connection_id: str, used: Credential) -> bool:
        # What is sealed is read in the transaction that writes: a sign-in takes no part in the
        # lock of a renewal.
        row = row_of(database, connection_id, is_locked=True)
        return unsealed(database, self._vault, row) == used.secrets
