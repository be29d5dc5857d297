"""The readers of strangers' input, with inputs that come close to the standard and with noise."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.grammar import INPUTS
from fuzz.targets import TARGETS

SEEDS = Path(__file__).parent / "seeds"


def test_every_target_has_inputs_and_seeds() -> None:
    """No target goes without a grammar and a first input for the long runs."""
    assert INPUTS.keys() == TARGETS.keys() == {each.name for each in SEEDS.iterdir()}


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=1000)
@given(data=st.data())
def test_no_input_breaks_a_reader(target: str, data: st.DataObject) -> None:
    """Whatever comes, the reader ends within a second with a value or an error of ours."""
    TARGETS[target](data.draw(st.one_of(INPUTS[target], st.binary(max_size=300))))


@pytest.mark.parametrize("target", TARGETS)
def test_the_seeds_are_read(target: str) -> None:
    """What once found a defect, and the good inputs, go through."""
    seeds = sorted((SEEDS / target).iterdir())
    assert seeds
    for seed in seeds:
        TARGETS[target](seed.read_bytes())


@pytest.mark.parametrize(
    ("target", "unit", "times"),
    [
        ("imap", b'* LIST () "/" a\r\n', 200_000),
        ("imap", b"* OK ready\r\n* CAPABILITY " + b"X" * 2_000_000, 1),
        ("imap", b"* OK ready\r\n* ID {3000000000}\r\n", 1),
        ("imap", b"* OK ready\r\n" + b"(" * 60_000 + b"\r\n", 20),
        ("smtp", b"220-x\r\n", 400_000),
        ("smtp", b"220 " + b"x" * 3_000_000, 1),
        ("autoconfig", b"<a>", 20_000),
        ("autoconfig", b"<clientConfig><emailProvider>" + b"<incomingServer/>" * 3_000, 1),
        ("address", b"a" * 100_000, 1),
        ("shown", b"\x1b" * 1_000_000, 1),
    ],
)
def test_no_input_takes_the_memory(target: str, unit: bytes, times: int) -> None:
    """Beside the input itself a reader holds less than 50 MB."""
    data = unit * times
    tracemalloc.start()
    try:
        TARGETS[target](data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - len(data) < 50 * 2**20
