"""The class itself: nothing of it can be replaced, nothing counts that was not tried."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from inboxlink.testing import Level, ProviderContract
from inboxlink.testing.contract.hostile import DOMAINS, lookalikes
from inboxlink.testing.contract.overhearing import holds
from inboxlink.testing.contract.rules import RULES
from inboxlink.testing.contract.ruling import ATTRIBUTE
from inboxlink.testing.levels import Outcome, State, level_of
from testing.checking import ROOT, environment


def rules_of_the_class() -> dict[str, str]:
    """By rule, the name of its test."""
    found = {}
    for name in dir(ProviderContract):
        identifier = getattr(getattr(ProviderContract, name), ATTRIBUTE, None)
        if identifier is not None:
            found[identifier] = name
    return found


def test_each_rule_is_tried_by_one_test() -> None:
    """The tests of the class and the table have the same rules, each named after its own."""
    assert rules_of_the_class() == {each: f"test_{each.replace('-', '_')}" for each in RULES}


@pytest.mark.parametrize("name", [*sorted(rules_of_the_class().values()), "contract", "under_test"])
def test_no_test_can_be_overridden(name: str) -> None:
    """A class that replaces a part of the contract is refused by name, also by way of a mixin."""
    with pytest.raises(TypeError, match=f"Mine replaces {name}: a rule cannot be overridden"):
        type("Mine", (ProviderContract,), {name: lambda _: None})
    mixin = type("Mixin", (), {name: None})
    with pytest.raises(TypeError, match=f"Mine replaces {name}"):
        type("Mine", (mixin, ProviderContract), {})


def test_a_class_must_name_its_provider() -> None:
    """Without a provider there is nothing to hold to the contract, and the class is named."""
    mine = type("Mine", (ProviderContract,), {})
    with pytest.raises(TypeError, match="Mine declares no provider"):
        mine.under_test()


def test_a_level_needs_every_rule_below() -> None:
    """A level is reached by rules that were kept or are exempt, and by no others."""
    kept = [Outcome(rule, State.KEPT) for rule in RULES]
    assert level_of(kept) is Level.GOLD
    assert level_of([]) is Level.NONE
    below = {Level.BRONZE: Level.NONE, Level.SILVER: Level.BRONZE, Level.GOLD: Level.SILVER}
    for place, rule in enumerate(RULES.values()):
        others = kept[:place] + kept[place + 1 :]
        assert level_of([*others, Outcome(rule.id, State.EXEMPT)]) is Level.GOLD
        for state in (State.BROKEN, State.UNTRIED):
            assert level_of([*others, Outcome(rule.id, state)]) is below[rule.level], rule
        assert level_of(others) is below[rule.level], rule


_FORGED = """
def forged(self):
    pass

forged.__name__ = "test_loads"
forged.inboxlink_rule = "loads"
TestMine.test_loads = forged
"""


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ("pytestmark = pytest.mark.skip", "unconditional skip"),
        ("pytestmark = pytest.mark.xfail(strict=False)", "expected to fail"),
        ("", "it was not run"),
    ],
)
def test_what_was_not_tried_is_not_kept(tmp_path: Path, spoiled: str, said: str) -> None:
    """What is skipped, marked as failing, or replaced later counts for nothing."""
    file = tmp_path / "test_contract.py"
    file.write_text(
        "import pytest\nfrom inboxlink.testing import ProviderContract\n\n"
        'pytest_plugins = ["inboxlink.testing.plugin"]\n\n'
        f"class TestMine(ProviderContract):\n    provider = 'exemplary'\n    {spoiled}\n\n"
        + ("" if spoiled else _FORGED)
    )
    result = tmp_path / "result.json"
    program = [sys.executable, "-m", "pytest", "-q", "-p", "inboxlink.testing.plugin"]
    subprocess.run(
        [
            *program,
            "-c",
            "/dev/null",
            f"--inboxlink-result={result}",
            "-k",
            "test_loads or client",
            str(file),
        ],
        env=environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )
    (found,) = json.loads(result.read_text())["results"]
    outcomes = {each["rule"]: each for each in found["outcomes"]}
    assert found["level"] == "none"
    assert outcomes["loads"]["state"] == "untried"
    assert said in outcomes["loads"]["said"]


def test_two_hundred_hostile_domains() -> None:
    """As many as are promised, no two the same, and lookalikes of a real one are others."""
    assert len(set(DOMAINS)) == len(DOMAINS) >= 200
    assert "example.org" not in {each.domain for each in lookalikes("example.org")}


@pytest.mark.parametrize(
    ("data", "is_there"),
    [
        (b"a LOGIN ann hunter2\r\n", True),
        (b"AUTH PLAIN AGFubgBodW50ZXIy\r\n", True),
        (b"Authorization: Basic YW5uOmh1bnRlcjI=\n", True),
        (b"aHVudGVyMg==\r\n", True),
        (b"a LOGIN ann hunter3\r\n", False),
        (b"AUTH PLAIN AGFubgBodW50ZXIz\r\n", False),
    ],
)
def test_a_secret_is_seen_on_the_wire(data: bytes, is_there: bool) -> None:
    """In the clear and in base64, as LOGIN, PLAIN and HTTP Basic send it."""
    assert holds(data, "hunter2") is is_there


def test_importing_the_kit_is_cheap() -> None:
    """Neither the kit nor its plugin loads a heavy library before a test runs."""
    heavy = ("pydantic", "sqlalchemy", "ssl", "asyncio", "cryptography", "stevedore", "dns", "rich")
    code = "import sys, pytest; before = set(sys.modules); import inboxlink.testing.plugin;"
    code += f"print([each for each in {heavy} if each in set(sys.modules) - before])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
