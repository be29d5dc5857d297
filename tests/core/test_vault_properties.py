"""What the vault seals, over random data: it comes back from its own place, and from no other."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inboxlink.errors import HostError
from inboxlink.vault import Vault
from inboxlink.vault.keys import Key

NAMES = st.text(st.characters(codec="utf-8"), max_size=40)
DATA = st.binary(max_size=400)
KEYS = st.binary(min_size=32, max_size=32).map(Key)

VAULT = Vault((Key(bytes(range(32))),), None)


def refused(vault: Vault, sealed: bytes, code: str = "sealed_broken", **place: Any) -> None:
    with pytest.raises(HostError, match=f"^{code}$"):
        vault.unseal(sealed, **place)


@given(data=DATA, record=NAMES, field=NAMES)
def test_what_is_sealed_comes_back(data: bytes, record: str, field: str) -> None:
    """Unsealing at the same record and field gives exactly what was sealed."""
    sealed = VAULT.seal(data, record=record, field=field)
    assert VAULT.unseal(sealed, record=record, field=field) == data
    assert VAULT.is_current(sealed)
    assert len(data) < 4 or data not in sealed


@given(data=DATA, place=st.tuples(NAMES, NAMES), other=st.tuples(NAMES, NAMES))
def test_another_place_unseals_nothing(
    data: bytes, place: tuple[str, str], other: tuple[str, str]
) -> None:
    """At any other record or field the same envelope is refused."""
    assume(place != other)
    sealed = VAULT.seal(data, record=place[0], field=place[1])
    refused(VAULT, sealed, record=other[0], field=other[1])


@given(data=DATA, first=NAMES, moved=NAMES.filter(bool), last=NAMES)
def test_the_border_between_record_and_field_counts(
    data: bytes, first: str, moved: str, last: str
) -> None:
    """Names that only read the same when joined are other names."""
    sealed = VAULT.seal(data, record=first + moved, field=last)
    refused(VAULT, sealed, record=first, field=moved + last)


@given(data=DATA, at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_bit_is_enough_to_break_it(data: bytes, at: int, bit: int) -> None:
    """An envelope of which one bit was turned is refused, wherever the bit is."""
    sealed = bytearray(VAULT.seal(data, record="c1", field="secret:password"))
    place = at % len(sealed)
    sealed[place] ^= 1 << bit
    # The key's id stands in octets 1 to 8: another one names a key that is not there.
    code = "key_missing" if 1 <= place <= 8 else "sealed_broken"
    refused(VAULT, bytes(sealed), code, record="c1", field="secret:password")


@given(data=DATA, length=st.integers(0, 10_000), more=st.binary(min_size=1, max_size=20))
def test_no_part_and_no_more_of_it_unseals(data: bytes, length: int, more: bytes) -> None:
    """An envelope cut short, or with something after it, is refused."""
    sealed = VAULT.seal(data, record="c1", field="step:0")
    refused(VAULT, sealed[: length % len(sealed)], record="c1", field="step:0")
    refused(VAULT, sealed + more, record="c1", field="step:0")


@given(garbage=st.binary(max_size=100))
def test_any_octets_are_refused_by_code(garbage: bytes) -> None:
    """What the vault never sealed is refused without another exception."""
    with pytest.raises(HostError) as caught:
        VAULT.unseal(garbage, record="c1", field="step:0")
    assert caught.value.code in ("sealed_broken", "key_missing")


@given(data=DATA, keys=st.lists(KEYS, min_size=1, max_size=4, unique=True), by=st.integers(0, 3))
def test_every_key_that_is_held_unseals_its_own(data: bytes, keys: list[Key], by: int) -> None:
    """After a rotation what older keys sealed comes back, and what a lost key sealed does not."""
    own = keys[by % len(keys)]
    sealed = Vault((own,), None).seal(data, record="c1", field="step:0")
    vault = Vault(tuple(keys), None)
    assert vault.unseal(sealed, record="c1", field="step:0") == data
    assert vault.is_current(sealed) == (own == keys[0])
    without = tuple(key for key in keys if key != own) or (Key(bytes(32)),)
    assume(own not in without)
    refused(Vault(without, None), sealed, "key_missing", record="c1", field="step:0")


@given(data=DATA, other=DATA, purposes=st.lists(NAMES, min_size=2, max_size=2, unique=True))
def test_a_mac_is_for_one_purpose_and_one_text(
    data: bytes, other: bytes, purposes: list[str]
) -> None:
    """A MAC holds for the data and the purpose it was made for, and for nothing else."""
    key_id, mac = VAULT.mac(purposes[0], data)
    assert VAULT.check_mac(purposes[0], data, key_id, mac)
    assert not VAULT.check_mac(purposes[1], data, key_id, mac)
    assert VAULT.check_mac(purposes[0], other, key_id, mac) == (other == data)


@given(data=DATA, mac=NAMES)
def test_no_other_text_passes_as_a_mac(data: bytes, mac: str) -> None:
    """Any other text than the MAC itself is refused, not raised about."""
    key_id, own = VAULT.mac("ledger", data)
    assert VAULT.check_mac("ledger", data, key_id, mac) == (mac == own)
