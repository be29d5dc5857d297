"""No spelling of an address within one's own network is taken for a host (P6)."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inboxlink.errors import SetupError
from inboxlink.hosts import check_host
from inboxlink.network.policy import check_address
from inboxlink.network.settings import NetworkSettings

#: The IANA registries of special-purpose addresses (RFC 6890) and the private networks, written
#: down anew: a slip in the policy's own list must not be repeated here.
_V4 = [
    IPv4Network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
_V6 = [
    IPv6Network(each)
    for each in (
        *("::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001:2::/48", "2001:10::/28"),
        *("2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10"),
        "ff00::/8",
    )
]

_LARGEST = 2**32 - 1


def _within(networks: list[IPv4Network] | list[IPv6Network]) -> st.SearchStrategy[int]:
    return st.one_of(
        st.integers(int(each.network_address), int(each.broadcast_address)) for each in networks
    )


def _number(value: int, base: str) -> str:
    return {"decimal": f"{value}", "octal": f"0{value:o}", "hex": f"0x{value:x}"}[base]


@st.composite
def _v4_spellings(draw: st.DrawFn) -> str:
    """As `inet_aton` reads them: one to four parts, each in one of three bases, zeros in front."""
    packed = draw(_within(_V4))
    count = draw(st.integers(1, 4))
    octets = list(packed.to_bytes(4))
    head = octets[: count - 1]
    parts = [*head, int.from_bytes(bytes(octets[count - 1 :]))]
    bases = st.sampled_from(["decimal", "octal", "hex"])
    spelt = [_number(each, draw(bases)) for each in parts]
    if draw(st.booleans()):
        spelt = [
            f"0x{'0' * draw(st.integers(0, 3))}{each[2:]}" if each.startswith("0x") else each
            for each in spelt
        ]
    return ".".join(spelt)


#: Every way in which some network wraps an IPv4 address.
WRAPPINGS: dict[str, Callable[[int], int]] = {
    "compatible (RFC 4291 section 2.5.5.1)": lambda packed: packed,
    "mapped (section 2.5.5.2)": lambda packed: (0xFFFF << 32) | packed,
    "translated (RFC 2765)": lambda packed: (0xFFFF << 48) | packed,
    "NAT64 (RFC 6052)": lambda packed: int(IPv6Address("64:ff9b::")) | packed,
    "NAT64 of one's own (RFC 8215)": lambda packed: int(IPv6Address("64:ff9b:1::")) | packed,
    "6to4 (RFC 3056)": lambda packed: (0x2002 << 112) | (packed << 80),
    "Teredo, its server (RFC 4380)": lambda packed: (0x20010000 << 96) | (packed << 64) | 0xF7F7,
    "Teredo, its client": lambda packed: (0x2001000008080808 << 64) | (packed ^ _LARGEST),
}


def _written(value: int) -> st.SearchStrategy[str]:
    """An address in the forms that RFC 4291 section 2.2 allows, and as URLs have it."""
    address = IPv6Address(value)
    mixed = f"{':'.join(address.exploded.split(':')[:6])}:{IPv4Address(value & _LARGEST)}"
    return st.sampled_from((str(address), address.exploded, mixed, f"[{address}]"))


@st.composite
def _disguised(draw: st.DrawFn, spelling: str) -> str:
    """With what people and attackers put around it, and characters that normalise to its own."""
    text = draw(
        st.sampled_from(
            (spelling, spelling.upper(), f" {spelling}", f"{spelling}.", f"{spelling}..")
        )
    )
    change = draw(st.sampled_from(("", "", "full width", "circled", "ideographic")))
    if change == "full width":
        return text.translate({each: each - 0x30 + 0xFF10 for each in range(0x30, 0x3A)})
    if change == "circled":
        return text.translate({each: each - 0x31 + 0x2460 for each in range(0x31, 0x3A)})
    return text.replace(".", "。") if change == "ideographic" else text


@given(_v4_spellings().flatmap(_disguised), st.booleans())
@example("127.0.0.1", False)
@example("0x7f.1", False)
@example("017700000001", True)
@example("①②⑦.0.0.1", False)
def test_no_spelling_of_a_blocked_address_passes(spelling: str, is_allowed: bool) -> None:
    """It is no host at all, or an address that the policy blocks; never a name to be resolved."""
    # case 16
    hold(spelling, is_allowed)


@given(_within(_V6).flatmap(_written).flatmap(_disguised), st.booleans())
@example("[::1]", True)
def test_no_spelling_of_a_blocked_address_of_ipv6_passes(spelling: str, is_allowed: bool) -> None:
    """Likewise, whatever is abbreviated."""
    # case 16
    hold(spelling, is_allowed)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@given(data=st.data())
def test_no_wrapping_of_a_blocked_address_passes(wrapping: str, data: st.DataObject) -> None:
    """Where a network would unwrap it, what is inside is judged."""
    # case 16
    value = WRAPPINGS[wrapping](data.draw(_within(_V4)))
    hold(data.draw(_written(value).flatmap(_disguised)), is_allowed=False)


def hold(spelling: str, is_allowed: bool) -> None:
    try:
        host = check_host(spelling)
    except SetupError:
        return
    address = ip_address(host)  # a name would raise here, and some resolver would unwrap it
    if is_allowed and not _is_special(address):
        return
    with pytest.raises(SetupError, match="^address_blocked$"):
        check_address(address, host, NetworkSettings(allow_private=is_allowed))


def _is_special(address: IPv4Address | IPv6Address) -> bool:
    """Whether a leave for private networks does not cover it, as far as that is plain."""
    v4 = (*map(IPv4Network, ("127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/8", "224.0.0.0/4")),)
    v6 = (*map(IPv6Network, ("::/96", "fe80::/10", "ff00::/8", "2001:db8::/32")),)
    return any(address in each for each in (v4 if address.version == 4 else v6))
