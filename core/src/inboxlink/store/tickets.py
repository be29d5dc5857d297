"""Tries that wait for an administrator.

A ticket says which servers a password goes to when it is gone on with, so that each is
authenticated with the key: one that was changed, or put in another's place, is refused.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from inboxlink.errors import HostError, problem
from inboxlink.handoff.ticket import Ticket
from inboxlink.store.connection import mailbox_key
from inboxlink.store.engine import Store
from inboxlink.store.keys import use_recorded_key
from inboxlink.store.schema import ticket as table
from inboxlink.store.times import to_text
from inboxlink.types.address import SPECIAL_USE_DOMAINS, Address, parse_address
from inboxlink.vault import Vault

__all__ = ["Tickets", "remac_tickets"]

_PURPOSE = "ticket"


class Tickets:
    """The tickets of an installation, at most one for each person's mailbox."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def put(self, ticket: Ticket, now: datetime) -> None:
        """Keep one, in place of an earlier one of the mailbox, and forget those that are over."""
        content = ticket.model_dump_json()
        address = parse_address(ticket.address, special_domains=SPECIAL_USE_DOMAINS)
        with self._store.write() as database:
            use_recorded_key(database, self._vault)
            key_id, mac = self._vault.mac(_PURPOSE, content.encode())
            database.execute(sa.delete(table).where(table.c.expires_at <= to_text(now)))
            database.execute(_of(ticket.owner, address))
            database.execute(
                sa.insert(table).values(
                    id=ticket.id,
                    owner=ticket.owner,
                    mailbox_key=mailbox_key(address),
                    expires_at=to_text(ticket.expires_at),
                    content=content,
                    key_id=key_id,
                    mac=mac,
                )
            )

    def get(self, owner: str, ticket_id: str, now: datetime) -> Ticket:
        """One of this person's.

        Raises:
            HostError: `ticket_unknown`; `ticket_expired`; `sealed_broken`: it was changed.
        """
        query = sa.select(table).where(table.c.id == ticket_id, table.c.owner == owner)
        with self._store.read() as database:
            row = database.execute(query).first()
        if row is None:
            raise HostError(problem("ticket_unknown", ticket=ticket_id))
        ticket = self._opened(row)
        if ticket.expires_at <= now:
            raise HostError(problem("ticket_expired", ticket=ticket_id))
        return ticket

    def all_of(self, owner: str, now: datetime) -> tuple[Ticket, ...]:
        """This person's that can still be gone on with, the oldest first.

        Raises:
            HostError: `sealed_broken`.
        """
        query = (
            sa.select(table)
            .where(table.c.owner == owner, table.c.expires_at > to_text(now))
            .order_by(table.c.expires_at, table.c.id)
        )
        with self._store.read() as database:
            rows = database.execute(query).all()
        return tuple(self._opened(row) for row in rows)

    def forget(self, owner: str, address: Address) -> None:
        """The mailbox is connected, or nobody goes on with it."""
        with self._store.write() as database:
            database.execute(_of(owner, address))

    def _opened(self, row: Any) -> Ticket:  # noqa: ANN401 - a row of the table
        try:
            is_ours = self._vault.check_mac(_PURPOSE, row.content.encode(), row.key_id, row.mac)
        except HostError as error:
            # The store's own key is there, so that a row which names another was changed.
            if error.code != "key_missing":
                raise
            is_ours = False
        if not is_ours:
            raise HostError(problem("sealed_broken"))
        try:
            ticket = Ticket.model_validate_json(row.content, strict=False)
        except ValidationError:  # of another version of this program
            raise HostError(problem("ticket_unknown", ticket=row.id)) from None
        if (ticket.id, ticket.owner) != (row.id, row.owner):
            raise HostError(problem("sealed_broken"))
        return ticket


def remac_tickets(database: sa.Connection, vault: Vault) -> None:
    """Authenticate anew, under the key of now, those that are what they were."""
    rows: Iterable[Any] = database.execute(
        sa.select(table.c.id, table.c.content, table.c.key_id, table.c.mac)
    ).all()
    for row in rows:
        content = row.content.encode()
        if row.key_id == vault.key_id:
            continue
        if not vault.check_mac(_PURPOSE, content, row.key_id, row.mac):
            database.execute(sa.delete(table).where(table.c.id == row.id))
            continue
        key_id, mac = vault.mac(_PURPOSE, content)
        change = sa.update(table).where(table.c.id == row.id)
        database.execute(change.values(key_id=key_id, mac=mac))


def _of(owner: str, address: Address) -> sa.Delete:
    return sa.delete(table).where(
        table.c.owner == owner, table.c.mailbox_key == mailbox_key(address)
    )
