"""What the store remembers of its key, so that a missing key is never replaced by a new one."""

import sqlalchemy as sa

from inboxlink.store.engine import Store
from inboxlink.store.schema import vault_key
from inboxlink.vault import KeySource, RecordedKey

__all__ = ["record_key", "recorded_key", "remember_key"]


def recorded_key(store: Store) -> RecordedKey | None:
    """The key that the store was written with; None = it holds nothing sealed yet."""
    with store.read() as connection:
        row = connection.execute(sa.select(vault_key.c.key_id, vault_key.c.source)).first()
    return None if row is None else RecordedKey(row.key_id, KeySource(row.source))


def remember_key(store: Store, recorded: RecordedKey) -> None:
    """Note the key of a first use."""
    with store.write() as connection:
        record_key(connection, recorded)


def record_key(connection: sa.Connection, recorded: RecordedKey) -> None:
    """Note the key, in a transaction that is under way."""
    connection.execute(sa.delete(vault_key))
    connection.execute(
        sa.insert(vault_key).values(only=1, key_id=recorded.key_id, source=recorded.source.value)
    )
