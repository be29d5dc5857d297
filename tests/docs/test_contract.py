"""The pages of the contract's rules say what the kit does."""

import difflib
import re
from pathlib import Path

import pytest

from inboxlink.cli import exits
from inboxlink.errors import Kind
from inboxlink.testing import Level, ProviderContract
from inboxlink.testing.contract.rules import RULES
from inboxlink.texts import Words
from testing.exemplary import GOOD, PACKAGE
from testing.faults import FAULTS, Fault, installed

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGE = (REFERENCE / "contract.md").read_text(encoding="utf-8")
WORDS = Words("en")


def test_each_rule_has_a_page() -> None:
    """There is a page for each rule of the table, and none for anything else."""
    pages = {path.stem for path in (REFERENCE / "contract").glob("*.md")}
    assert pages == set(RULES)


def test_the_table_is_the_codes() -> None:
    """The rules stand in their order, each with its level and in its own words."""
    rows = re.findall(r"^\| \[`([a-z-]+)`\]\(contract/\1\.md\) \| (\w+) \| (.+) \|$", PAGE, re.M)
    assert rows == [(rule.id, rule.level.value, WORDS(rule.title)) for rule in RULES.values()]


@pytest.mark.parametrize("fault", FAULTS, ids=[each.rule for each in FAULTS])
def test_a_page_is_whole(fault: Fault, tmp_path: Path) -> None:
    """Rule, level, what to change, and the fault that the tests seed, with what mends it."""
    rule = RULES[fault.rule]
    page = (REFERENCE / "contract" / f"{rule.id}.md").read_text(encoding="utf-8")
    text = " ".join(page.split())
    assert page.startswith(f"# {rule.id}\n")
    assert f"{WORDS(rule.title)} Level {rule.level.value}." in text
    assert f"**What to change.** {WORDS(rule.change)}" in text
    assert f"Somebody {fault.name}, which fails:" in text
    _, fails, _, mended, _ = page.split("```")
    good = (GOOD / PACKAGE / fault.file).read_text(encoding="utf-8")
    bad = (installed(fault, tmp_path / "x") / PACKAGE / fault.file).read_text(encoding="utf-8")
    shown = {"+": _packed(fails), "-": _packed(mended)}
    for line in difflib.ndiff(good.splitlines(), bad.splitlines()):
        assert line[0] not in shown or _packed(line[1:]) in shown[line[0]], line


def _packed(code: str) -> str:
    # Further to the left there is room for more on a line.
    return "".join(code.split())


def test_the_example_is_a_contract() -> None:
    """The example of the page is a class that the kit accepts, with what the page says of it."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    found: dict[str, type[ProviderContract]] = {}
    exec(compile(example, "contract.md", "exec"), found)
    declared = found["TestExample"]
    assert declared.under_test() == "example"
    assert [each.ends for each in declared.scripts] == [None, "invalid_credentials"]
    assert len(example.splitlines()) < 45


def test_what_is_said_of_levels_and_statuses() -> None:
    """Each level stands in the table, gold is aimed at, and the exit status is the program's."""
    levels = re.findall(r"^\| (\w+) \| (?:harms|detects|does)", PAGE, re.M)
    assert levels == [each.value for each in Level if each is not Level.NONE]
    assert ProviderContract.aims_at is Level.GOLD
    assert f"and {exits.STATUS[Kind.PROVIDER]} below" in " ".join(PAGE.split())
