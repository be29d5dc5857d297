"""A service that DNS names."""

from dataclasses import dataclass

__all__ = ["Service"]


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record (RFC 2782); lower `priority` first, then by chance as `weight` says."""

    priority: int
    weight: int
    port: int
    host: str
