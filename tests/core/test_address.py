"""Addresses, as people type them and as attackers do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxlink.errors import SetupError
from inboxlink.types.address import SPECIAL_USE_DOMAINS, Address, parse_address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("me@example.org", Address("me", "example.org")),
        ("  Me.Too+tag@Example.ORG ", Address("Me.Too+tag", "example.org")),
        ("me@bücher.example", Address("me", "xn--bcher-kva.example")),
        ("jörg@example.org", Address("jörg", "example.org")),
        ("o'neil@sub.example.co.uk", Address("o'neil", "sub.example.co.uk")),
    ],
)
def test_good_addresses_are_read(typed: str, address: Address) -> None:
    """A typed address is read into its parts, the domain as DNS has it."""
    # case 1, 2, 3
    # req 22, 94
    assert parse_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        *("", "me", "@example.org", "me@", "me@@example.org", "a@b@example.org"),
        *("me@example..org", "me@.example.org", "me@example.org.", "me@-x.org", "me@org"),
        *('"a b"@example.org', "a b@example.org", "me@[127.0.0.1]", "me@127.0.0.1"),
        *("Me <me@example.org>", "me@example.org\r\nRCPT TO:<x@y>", "me\0@example.org"),
        *("me@exam\u2028ple.org", "m\u202ee@example.org", "me\x9b@example.org", "m\u200be@x.org"),
        *("me@xn--a.example", "a" * 250 + "@example.org", "me@" + "a" * 64 + ".org"),
    ],
)
def test_bad_addresses_are_refused(typed: str) -> None:
    """What is no address is refused before anything is looked up."""
    # case 2, 3, 17
    with pytest.raises(SetupError, match="address_invalid"):
        parse_address(typed)


def test_special_domains_need_the_operator() -> None:
    """A special-use domain is refused, unless the operator lists it or a parent of it."""
    # case 17
    with pytest.raises(SetupError, match="address_special_domain"):
        parse_address("me@corp.local")
    assert parse_address("me@corp.local", special_domains=["local"]).domain == "corp.local"
    assert parse_address("me@corp.local", special_domains=["corp.local"]).domain == "corp.local"
    with pytest.raises(SetupError, match="address_special_domain"):
        parse_address("me@mycorp.local", special_domains=["corp.local"])


def test_one_mailbox_in_many_spellings() -> None:
    """Case and script do not make another mailbox; another domain does."""
    # case 1, 3
    address = parse_address("Me@bücher.example")
    assert address.same_mailbox("me@XN--BCHER-KVA.example")
    assert not address.same_mailbox("me@bucher.example")
    assert not address.same_mailbox("nonsense")
    assert address.domain_shown == "bücher.example (xn--bcher-kva.example)"


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(typed: str) -> None:
    """No text gives anything but an address that reads back as itself, or a typed refusal."""
    try:
        address = parse_address(typed, special_domains=SPECIAL_USE_DOMAINS)
    except SetupError:
        return
    assert parse_address(str(address), special_domains=SPECIAL_USE_DOMAINS) == address
    assert not any(character in str(address) for character in "\r\n\0 <>")


_ATOM = st.text("abXY019!#$%&'*+/=?^_`{|}~-.", min_size=1, max_size=70)
_DOMAIN = st.text("abXY01-.", min_size=1, max_size=70)


@given(st.builds("{}@{}.org".format, _ATOM, _DOMAIN))
def test_a_plain_address_is_read_as_the_library_reads_it(typed: str) -> None:
    """What is read without the library is what the library would say, to the letter."""
    from inboxlink.types import address

    if address._PLAIN.fullmatch(typed) is None:
        return
    local, _, domain = typed.rpartition("@")
    expected = address._validated(local, domain, is_allowed=False)
    assert parse_address(typed) == expected
