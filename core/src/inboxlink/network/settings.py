"""What the operator says about the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

__all__ = ["NetworkSettings"]


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """The `[network]` section, and the host's own choice.

    Args:
        ca_file: Further roots to trust, PEM; None = the system's alone.
        allow: Networks that may be reached although they are private or special.
        allow_private: Whether private networks may be reached; special ones still may not.
        connect: `host:port` to `address:port`. The name is still what the certificate must
            carry; the address needs no further leave.
        nameservers: `address:port` of DNS servers; empty = the system's resolver.
        dnssec: Whether the name servers are trusted to have validated what they mark as such;
            without a safe way to them the mark says nothing (RFC 6840 section 5.7).
    """

    ca_file: Path | None = None
    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    allow_private: bool = False
    connect: Mapping[str, str] = field(default_factory=dict, hash=False)
    nameservers: tuple[str, ...] = ()
    dnssec: bool = False
