"""Which hosts may be named, and which addresses may be connected."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.errors import SetupError
from inboxlink.hosts import check_host, check_port
from inboxlink.network.policy import check_address
from inboxlink.network.settings import NetworkSettings

STRICT = NetworkSettings()
LENIENT = NetworkSettings(allow_private=True)

PRIVATE = ("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd00::1")
SPECIAL = (
    *("0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.0.1"),
    *("192.0.0.8", "192.0.0.9", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::2", "fe80::1", "fec0::1", "ff02::1", "100::1", "2001:db8::1", "3fff::1"),
    *("5f00::1", "64:ff9b:1::1", "2001:2::1", "2001:10::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1", "::ffff:0:0"),
    *("::ffff:0:7f00:1", "::ffff:0:808:808"),
)
PUBLIC = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808")

#: 253 octets, as RFC 1035 section 2.3.4 allows once the root's own is counted.
LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 57, "org"])


def is_blocked(address: str, settings: NetworkSettings) -> bool:
    try:
        check_address(ip_address(address), "host", settings)
    except SetupError:
        return True
    return False


@pytest.mark.parametrize("address", PRIVATE)
def test_private_networks_need_a_leave(address: str) -> None:
    """A private address is blocked, unless private networks or this one are allowed."""
    assert is_blocked(address, STRICT)
    assert not is_blocked(address, LENIENT)
    assert not is_blocked(address, NetworkSettings(allow=(ip_network(address),)))


@pytest.mark.parametrize("address", SPECIAL)
def test_special_addresses_are_blocked(address: str) -> None:
    """Loopback, metadata and their kin are blocked in every wrapping, private leave or not."""
    assert is_blocked(address, STRICT)
    assert is_blocked(address, LENIENT)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    """An address of the internet passes."""
    assert not is_blocked(address, STRICT)


@given(st.sampled_from([each for each in (*PRIVATE, *SPECIAL) if ":" not in each]))
def test_no_wrapping_hides_a_blocked_address(blocked: str) -> None:
    """Mapped, NAT64, 6to4 and Teredo forms of a blocked address are blocked as well."""
    packed = int(IPv4Address(blocked))
    forms = (
        (0xFFFF << 32) | packed,
        int(IPv6Address("64:ff9b::")) | packed,
        (0x2002 << 112) | (packed << 80),
        int(IPv6Address("2001::")) | (packed << 64) | 0xFFFFFFFF,
        int(IPv6Address("2001:0:808:808::")) | (packed ^ 0xFFFFFFFF),
    )
    for form in forms:
        assert is_blocked(str(IPv6Address(form)), STRICT), IPv6Address(form)


def test_a_leave_for_one_end_is_none_for_the_other() -> None:
    """A Teredo address has two ends (RFC 4380 section 4); to allow one does not allow both."""
    relay, inside = int(IPv4Address("10.0.0.1")), int(IPv4Address("10.9.0.1"))
    wrapping = str(IPv6Address((0x20010000 << 96) | (relay << 64) | (inside ^ 0xFFFFFFFF)))
    allowed = {network: ip_network(network) for network in ("10.0.0.0/16", "10.9.0.0/16")}
    for network in allowed.values():
        assert is_blocked(wrapping, NetworkSettings(allow=(network,)))
    assert not is_blocked(wrapping, NetworkSettings(allow=tuple(allowed.values())))


def test_a_blocked_host_is_named() -> None:
    """The person is told which host it was, as they know it, and not its address."""
    with pytest.raises(SetupError, match="^address_blocked$") as caught:
        check_address(ip_address("10.0.0.1"), "mail.a.org", STRICT)
    assert caught.value.problem.message.params == {"host": "mail.a.org"}


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("IMAP.Example.ORG", "imap.example.org"),
        ("imap.example.org.", "imap.example.org"),
        (" mail.bücher.example ", "mail.xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("localhost", "localhost"),
        ("mail.LUX", "mail.lux"),
        ("ｍａｉｌ。example。org", "mail.example.org"),
        (LONGEST, LONGEST),
    ],
)
def test_hosts_are_read(typed: str, host: str) -> None:
    """A host is brought into the form that DNS and TLS compare."""
    assert check_host(typed) == host


@pytest.mark.parametrize(
    "typed",
    [
        *("", ".", "a..b", "-a.org", "a-.org", "a b.org", "a/b.org", "http://a.org", "a.org:993"),
        *("user@a.org", "a.org\r\nQUIT", "a\0.org", "a" * 64 + ".org", "a." * 130 + "org"),
        *("127.1", "2130706433", "0x7f.1", "0177.0.0.1", "0x7f000001", "127.0.0.1.5", "1"),
        *("a.0x7f", "999.999.999.999", "xn--\u202e.org", "b" + LONGEST),
    ],
)
def test_what_is_no_host_is_refused(typed: str) -> None:
    """Junk, smuggled commands and numeric spellings of addresses are refused."""
    with pytest.raises(SetupError, match="^host_invalid$") as caught:
        check_host(typed)
    assert caught.value.problem.message.params == {"host": typed}


@pytest.mark.parametrize("port", [-1, 0, 65536, 10**9])
def test_what_is_no_port_is_refused(port: int) -> None:
    """A port is a number from 1 to 65535."""
    with pytest.raises(SetupError, match="^port_invalid$") as caught:
        check_port(port)
    assert caught.value.problem.message.params == {"port": str(port)}


@pytest.mark.parametrize("port", [1, 993, 65535])
def test_every_other_number_is_a_port(port: int) -> None:
    """Both ends included."""
    assert check_port(port) == port
