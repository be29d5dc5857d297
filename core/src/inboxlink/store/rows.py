"""The row of one connection, in a transaction that is under way."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from inboxlink.errors import HostError, problem
from inboxlink.store.schema import connection as table

__all__ = ["change_row", "row_of"]

# Made once: making them costs more than running them.
_BY_ID = sa.select(table).where(table.c.id == sa.bindparam("id"))
_BY_ID_LOCKED = _BY_ID.with_for_update()


def row_of(database: sa.Connection, connection_id: str, *, is_locked: bool = False) -> Any:  # noqa: ANN401 - a row of the table
    """The row as it stands.

    Args:
        database: The transaction.
        connection_id: Which one.
        is_locked: Whether nobody else may change it until the transaction ends.

    Raises:
        HostError: `connection_unknown`.
    """
    query = _BY_ID_LOCKED if is_locked else _BY_ID
    row = database.execute(query, {"id": connection_id}).first()
    if row is None:
        raise HostError(problem("connection_unknown", id=connection_id))
    return row


def change_row(database: sa.Connection, connection_id: str, values: Mapping[str, object]) -> None:
    """Change some columns.

    Raises:
        HostError: `connection_unknown`.
    """
    change = sa.update(table).where(table.c.id == connection_id)
    if database.execute(change, values).rowcount != 1:
        raise HostError(problem("connection_unknown", id=connection_id))
