"""Seal everything anew under a fresh key, in batches, so that it can stop and go on."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from inboxlink.errors import HostError
from inboxlink.store.engine import Store
from inboxlink.store.keys import record_key
from inboxlink.store.schema import connection_secret, flow, ledger_head
from inboxlink.store.sealed import reseal
from inboxlink.store.tickets import remac_tickets
from inboxlink.vault import Vault

__all__ = ["RotationResult", "remac_head", "rotate"]


@dataclass(frozen=True, slots=True)
class RotationResult:
    """The key that everything is sealed with now, and how many secrets were sealed anew."""

    key_id: str
    resealed: int


def rotate(store: Store, vault: Vault, batch: int = 100) -> RotationResult:
    """Rotate the key, or go on with a rotation that was cut short.

    Sign-ins in progress end: they are sealed with the old key, live for minutes, and can be
    begun again.

    Raises:
        HostError: `sealed_broken`, `ledger_broken`, `key_missing`; the old keys are kept then.
            `key_single`, and `store_busy` while another process rotates.
    """
    with vault.alone():
        vault.begin_rotation()
        # From this transaction on every process seals with the new key, so that what the batches
        # do not reach needs none of the old ones.
        with store.write() as database:
            remac_head(database, vault)
            remac_tickets(database, vault)
            record_key(database, vault.recorded)
            database.execute(sa.delete(flow))
        resealed = 0
        for places in _batches(store, batch):
            with store.write() as database:
                resealed += reseal(database, vault, places)
        vault.retire_old()
    return RotationResult(vault.key_id, resealed)


def remac_head(database: sa.Connection, vault: Vault) -> None:
    """Authenticate the ledger's head anew, if it is what it was."""
    from inboxlink.consent.chain import MAC_PURPOSE, head_bytes
    from inboxlink.errors import problem

    head = database.execute(sa.select(ledger_head)).first()
    if head is None or head.key_id == vault.key_id:
        return
    content = head_bytes(head.n, head.hash)
    if not vault.check_mac(MAC_PURPOSE, content, head.key_id, head.mac):
        raise HostError(problem("ledger_broken"))
    key_id, mac = vault.mac(MAC_PURPOSE, content)
    database.execute(sa.update(ledger_head).values(key_id=key_id, mac=mac))


def _batches(store: Store, size: int) -> Iterator[list[tuple[str, str]]]:
    table = connection_secret
    after = ("", "")
    while True:
        place = sa.tuple_(table.c.connection_id, table.c.name)
        query = (
            sa.select(table.c.connection_id, table.c.name)
            .where(place > sa.tuple_(*map(sa.literal, after)))
            .order_by(table.c.connection_id, table.c.name)
            .limit(size)
        )
        with store.read() as database:
            rows = [(row.connection_id, row.name) for row in database.execute(query)]
        if not rows:
            return
        yield rows
        after = rows[-1]
