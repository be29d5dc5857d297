"""What the store remembers of its key, so that a missing key is never replaced by a new one."""

import sqlalchemy as sa

from inboxlink.errors import HostError, problem
from inboxlink.store.engine import Store
from inboxlink.store.schema import vault_key
from inboxlink.vault import KeySource, RecordedKey, Vault

__all__ = ["record_key", "recorded_key", "remember_key", "use_recorded_key"]


def recorded_key(store: Store) -> RecordedKey | None:
    """The key that the store was written with; None = it holds nothing sealed yet."""
    with store.read() as connection:
        return _recorded(connection)


def remember_key(store: Store, recorded: RecordedKey) -> None:
    """Note the key of a first use.

    Raises:
        HostError: `key_missing`: another process was first, with another key.
    """
    with store.write() as connection:
        found = _recorded(connection)
        if found is None:
            record_key(connection, recorded)
        elif found.key_id != recorded.key_id:
            raise HostError(problem("key_missing", key_id=found.key_id))


def record_key(connection: sa.Connection, recorded: RecordedKey) -> None:
    """Note the key, in a transaction that is under way."""
    noted = {"key_id": recorded.key_id, "source": recorded.source.value}
    # An update where there is a row, so that whoever waits for its lock finds it again.
    if connection.execute(sa.update(vault_key).values(**noted)).rowcount == 0:
        connection.execute(sa.insert(vault_key).values(only=1, **noted))


def use_recorded_key(connection: sa.Connection, vault: Vault) -> None:
    """Let the vault seal with the recorded key, in the transaction that writes what it seals.

    Another process may have rotated the key since this one opened the vault; what is sealed with
    a retired key could never be read again.

    Raises:
        HostError: `key_missing`; nothing may be written then.
    """
    found = _recorded(connection, is_locked=True)
    if found is not None:
        vault.use(found.key_id)


def _recorded(connection: sa.Connection, *, is_locked: bool = False) -> RecordedKey | None:
    query = sa.select(vault_key.c.key_id, vault_key.c.source)
    if is_locked:  # for databases whose writers do not wait for one another
        query = query.with_for_update(read=True)
    row = connection.execute(query).first()
    if row is None:
        return None
    try:
        return RecordedKey(row.key_id, KeySource(row.source))
    except ValueError:
        raise HostError(problem("store_corrupt")) from None
