"""Which hosts may be named, and which addresses may be connected.

An address is judged after everything that it wraps is unwrapped, and the address that was judged
is the one that is connected, so that a name cannot be bound to another one in between.
"""

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import idna

from inboxlink.errors import SetupError, problem
from inboxlink.network.settings import NetworkSettings

__all__ = ["IPAddress", "check_address", "check_host", "check_port", "unwrapped"]

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
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)


def check_host(host: str) -> str:
    """A host as DNS and TLS want it: A-labels, lower case, or a plain address.

    Raises:
        SetupError: `host_invalid`. Spellings of an address that only some resolvers understand,
            such as `127.1` or `0x7f.1`, are refused with the rest.
    """
    text = host.strip().rstrip(".").lower()
    try:
        # A zone, as in `fe80::1%eth0`, is of this machine, and may hold any characters at all.
        return str(ip_address(text.removeprefix("[").removesuffix("]").replace("%", "/")))
    except ValueError:
        pass
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode()
        except idna.IDNAError:
            raise SetupError(problem("host_invalid", host=host)) from None
    labels = text.split(".")
    is_numeric = re.fullmatch(r"0x[0-9a-f]*|[0-9]+", labels[-1]) is not None
    if is_numeric or len(text) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise SetupError(problem("host_invalid", host=host))
    return text


def check_port(port: int) -> int:
    """A port.

    Raises:
        SetupError: `port_invalid`.
    """
    if not 1 <= port <= 65535:
        raise SetupError(problem("port_invalid", port=str(port)))
    return port


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
