"""A fault for each rule, and each is found by its rule and by no other."""

import json
from typing import Any

import pytest

from inboxlink.testing.contract.rules import RULES, Level
from inboxlink.texts import Words
from testing.checking import HERE, begun, broken
from testing.faults import FAULTS, Fault

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `providers check` said of each fault, by its place in the table."""
    tests = str(HERE / "faulty_contracts.py")
    arguments = ("--json", "providers", "check", "inboxlink-exemplary", "--tests", tests)
    halves = [
        begun(tmp_path_factory.mktemp("home", numbered=True), *arguments, FAULTS=f"{first}::2")
        for first in (0, 1)
    ]
    found = {}
    for half in halves:
        out, err = half.communicate(timeout=280)
        assert not err, err
        found |= {each["contract"]: each for each in json.loads(out)["contracts"]}
    return found


def test_each_rule_has_a_fault() -> None:
    """No rule is without a fault that shows that it can be broken."""
    assert [each.rule for each in FAULTS] == list(RULES)


@pytest.mark.parametrize(
    ("number", "fault"), list(enumerate(FAULTS)), ids=[each.rule for each in FAULTS]
)
def test_a_fault_is_reported_by_its_rule(
    contracts: dict[str, Any], number: int, fault: Fault
) -> None:
    """A fault is told by the name of its rule alone, with what was seen and what to change."""
    contract = contracts[f"Test_{number}"]
    found = broken(contract)
    assert [each["rule"] for each in found] == [fault.rule], found
    assert found[0]["said"]
    assert found[0]["change"] == Words("en")(RULES[fault.rule].change)
    order = list(Level)
    assert order.index(Level(contract["level"])) < order.index(RULES[fault.rule].level)


def test_no_fault_passes(contracts: dict[str, Any]) -> None:
    """None of the faulty providers is called whole, and none was left out."""
    assert len(contracts) == len(FAULTS)
    assert all(broken(each) for each in contracts.values())
