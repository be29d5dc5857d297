"""Sign-ins in progress, kept for any process that has the store."""

from datetime import datetime

import sqlalchemy as sa

from inboxlink.errors import HostError, problem
from inboxlink.flows.record import FlowRecord
from inboxlink.store.engine import Store
from inboxlink.store.keys import use_recorded_key
from inboxlink.store.schema import flow
from inboxlink.store.times import from_text, to_text
from inboxlink.types.context import Purpose
from inboxlink.vault import Vault

__all__ = ["SqlFlows"]


class SqlFlows:
    """A `FlowStore` in the database."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def put(self, record: FlowRecord) -> None:
        """See `FlowStore.put`."""
        with self._store.write() as connection:
            values = self._row(connection, record)
            connection.execute(sa.insert(flow).values(is_taken=False, **values))

    def take(self, flow_id: str, seq: int, binding: str, now: datetime) -> FlowRecord:
        """See `FlowStore.take`."""
        with self._store.write() as connection:
            row = connection.execute(sa.select(flow).where(flow.c.flow_id == flow_id)).first()
            if row is None:
                raise HostError(problem("flow_unknown"))
            if row.binding != binding:
                raise HostError(problem("flow_not_yours"))
            record = _record(row)
            is_expired = record.expires_at <= now
            if is_expired:
                connection.execute(sa.delete(flow).where(flow.c.flow_id == flow_id))
            else:
                # The condition, not the look above, is what makes the taking atomic everywhere.
                taken = connection.execute(
                    sa.update(flow)
                    .where(flow.c.flow_id == flow_id)
                    .where(flow.c.seq == seq)
                    .where(flow.c.is_taken.is_(False))
                    .values(is_taken=True)
                )
                if taken.rowcount != 1:
                    raise HostError(problem("flow_stale"))
        if is_expired:
            raise HostError(problem("flow_expired"))
        return record

    def advance(self, record: FlowRecord) -> None:
        """See `FlowStore.advance`."""
        with self._store.write() as connection:
            values = self._row(connection, record)
            advanced = connection.execute(
                sa.update(flow)
                .where(flow.c.flow_id == record.flow_id)
                .values(is_taken=False, **values)
            )
        if advanced.rowcount != 1:
            raise HostError(problem("flow_unknown"))

    def delete(self, flow_id: str) -> None:
        """See `FlowStore.delete`."""
        with self._store.write() as connection:
            connection.execute(sa.delete(flow).where(flow.c.flow_id == flow_id))

    def purge(self, now: datetime) -> int:
        """See `FlowStore.purge`."""
        with self._store.write() as connection:
            ended = connection.execute(sa.delete(flow).where(flow.c.expires_at <= to_text(now)))
            return ended.rowcount

    def _row(self, connection: sa.Connection, record: FlowRecord) -> dict[str, object]:
        # Another process may have rotated the key after this one sealed the step, or long before;
        # no other process could open it.
        use_recorded_key(connection, self._vault)
        sealed = record.sealed
        if not self._vault.is_current(sealed):
            plain = self._vault.unseal(sealed, record=record.flow_id, field=record.field)
            sealed = self._vault.seal(plain, record=record.flow_id, field=record.field)
        return {
            "flow_id": record.flow_id,
            "owner": record.owner,
            "provider": record.provider,
            "plugin_version": record.plugin_version,
            "flow_version": record.flow_version,
            "purpose": record.purpose.value,
            "address": record.address,
            "connection_id": record.connection_id,
            "seq": record.seq,
            "binding": record.binding,
            "expires_at": to_text(record.expires_at),
            "sealed": sealed,
        }


def _record(row: sa.Row[tuple[object, ...]]) -> FlowRecord:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    del values["is_taken"]
    try:
        values["purpose"] = Purpose(values["purpose"])
        values["expires_at"] = from_text(values["expires_at"])
    except (ValueError, TypeError):
        raise HostError(problem("store_corrupt")) from None
    return FlowRecord(**values)
