"""Flows kept in this process: for a host of one process, and for trying a provider."""

import threading
from datetime import datetime

from inboxlink.errors import HostError, problem
from inboxlink.flows.record import FlowRecord

__all__ = ["MemoryFlows"]


class MemoryFlows:
    """A `FlowStore` that ends with the process."""

    def __init__(self) -> None:
        self._records: dict[str, FlowRecord] = {}
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def put(self, record: FlowRecord) -> None:
        """See `FlowStore.put`."""
        with self._lock:
            self._records[record.flow_id] = record

    def take(self, flow_id: str, seq: int, binding: str, now: datetime) -> FlowRecord:
        """See `FlowStore.take`."""
        with self._lock:
            record = self._records.get(flow_id)
            if record is None:
                raise HostError(problem("flow_unknown"))
            if record.binding != binding:
                raise HostError(problem("flow_not_yours"))
            if record.expires_at <= now:
                self._forget(flow_id)
                raise HostError(problem("flow_expired"))
            if record.seq != seq or flow_id in self._taken:
                raise HostError(problem("flow_stale"))
            self._taken.add(flow_id)
            return record

    def advance(self, record: FlowRecord) -> None:
        """See `FlowStore.advance`."""
        with self._lock:
            if record.flow_id not in self._records:
                raise HostError(problem("flow_unknown"))
            self._records[record.flow_id] = record
            self._taken.discard(record.flow_id)

    def delete(self, flow_id: str) -> None:
        """See `FlowStore.delete`."""
        with self._lock:
            self._forget(flow_id)

    def purge(self, now: datetime) -> int:
        """See `FlowStore.purge`."""
        with self._lock:
            ended = [flow for flow, record in self._records.items() if record.expires_at <= now]
            for flow_id in ended:
                self._forget(flow_id)
            return len(ended)

    def _forget(self, flow_id: str) -> None:
        self._records.pop(flow_id, None)
        self._taken.discard(flow_id)
