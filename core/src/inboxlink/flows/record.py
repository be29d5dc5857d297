"""What is kept of a sign-in between two steps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from inboxlink.types.context import Purpose

__all__ = ["FlowRecord", "FlowStore", "Sealer"]


@dataclass(frozen=True, slots=True)
class FlowRecord:
    """A sign-in in progress.

    Args:
        flow_id: Unguessable.
        owner: The person in the host's terms.
        provider: The provider's name.
        plugin_version: Of the distribution that asked the pending step.
        flow_version: See `ProviderInfo.flow_version`.
        purpose: Why the person signs in.
        address: The mailbox.
        connection_id: The connection that is signed in again; None = a new one.
        seq: The number of the pending step; each answer is for exactly one.
        binding: SHA-256, hexadecimal, of the token that the browser session or the CLI process
            holds.
        expires_at: Aware, in UTC.
        sealed: The pending step and all that belongs to it, sealed by the vault under the flow
            id and `seq`: device codes and PKCE verifiers stand there.
    """

    flow_id: str
    owner: str
    provider: str
    plugin_version: str
    flow_version: int
    purpose: Purpose
    address: str
    connection_id: str | None
    seq: int
    binding: str
    expires_at: datetime
    sealed: bytes

    @property
    def field(self) -> str:
        """The field under which `sealed` is sealed, the record being the flow id."""
        return f"step:{self.seq}"


class FlowStore(Protocol):
    """Where flow records are kept. Each method is atomic over threads and processes."""

    def put(self, record: FlowRecord) -> None:
        """Keep a new flow."""

    def take(self, flow_id: str, seq: int, binding: str, now: datetime) -> FlowRecord:
        """Take the flow for one answer; nobody can take it again before `advance`.

        Raises:
            HostError: `flow_unknown`; `flow_not_yours` for another binding; `flow_expired`, and
                the flow is gone; `flow_stale` for another seq or while another answer is being
                worked on.
        """

    def advance(self, record: FlowRecord) -> None:
        """Replace a taken flow by its next pending step.

        Raises:
            HostError: `flow_unknown`: it was forgotten meanwhile.
        """

    def delete(self, flow_id: str) -> None:
        """Forget a flow; one that is not there is no error."""

    def purge(self, now: datetime) -> int:
        """Forget every flow that expired before `now`, and say how many."""


class Sealer(Protocol):
    """The part of the vault that the engine needs."""

    def seal(self, data: bytes, *, record: str, field: str) -> bytes:
        """Encrypt and authenticate `data` for exactly this record and field."""

    def unseal(self, sealed: bytes, *, record: str, field: str) -> bytes:
        """Undo `seal`.

        Raises:
            HostError: `sealed_broken` or `key_missing`.
        """
