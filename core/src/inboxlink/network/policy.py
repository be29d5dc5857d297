"""Which addresses may be connected.

An address is judged after everything that it wraps is unwrapped, and the address that was judged
is the one that is connected, so that a name cannot be bound to another one in between.
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

from inboxlink.errors import SetupError, problem
from inboxlink.network.settings import NetworkSettings

__all__ = ["IPAddress", "check_address", "unwrapped"]

IPAddress = IPv4Address | IPv6Address

#: Networks of one's own (RFC 1918, RFC 6598, RFC 4193): right for a company's mail server.
_PRIVATE = tuple(
    ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)

#: Networks in which no mail server is (RFC 6890 and the IANA special-purpose registries, read
#: November 2026). `ipaddress.is_global` of the standard library misses several of them.
_SPECIAL = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",
        "::ffff:0:0:0/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 section 2.1


def check_address(address: IPAddress, host: str, settings: NetworkSettings) -> None:
    """Judge an address before it is connected.

    Raises:
        SetupError: `address_blocked`.
    """
    for each in unwrapped(address):
        if _is_in(each, settings.allow):
            continue
        if _is_in(each, _SPECIAL) or (_is_in(each, _PRIVATE) and not settings.allow_private):
            raise SetupError(problem("address_blocked", host=host))


def unwrapped(address: IPAddress) -> tuple[IPAddress, ...]:
    """The addresses that packets to this one could end at, itself included where it is plain."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    return (address,)


def _is_in(address: IPAddress, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address.version == each.version and address in each for each in networks)
