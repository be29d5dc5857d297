"""`inboxlink providers check`, and what `providers list` makes of it."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from inboxlink.cli import exits
from inboxlink.cli.app import run
from inboxlink.cli.wrapping import cells
from inboxlink.errors import Kind
from inboxlink.plugins.record import KeptLevel, RecordFile
from inboxlink.testing.contract.rules import RULES
from testing.checking import HERE, begun, broken, checked
from testing.exemplary import GOOD

CONTRACT = str(HERE / "exemplary_contract.py")


@pytest.fixture(autouse=True)
def exemplary(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(GOOD)
    monkeypatch.setenv("INBOXLINK_PROVIDERS", "inboxlink-exemplary")


def levels(capsys: pytest.CaptureFixture[str]) -> dict[str, str | None]:
    capsys.readouterr()
    assert run(["--json", "providers", "list"]) == 0
    rows = json.loads(capsys.readouterr().out)["providers"]
    return {each["name"]: each["level"] for each in rows}


def test_a_provider_that_keeps_all_is_gold(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each rule is kept or does not concern it, and the list shows the level from then on."""
    assert levels(capsys)["exemplary"] is None
    status, found = checked(home, "--tests", CONTRACT)
    (contract,) = found["contracts"]
    assert (status, found["level"], found["recorded"]) == (0, "gold", True)
    assert [each["rule"] for each in contract["rules"]] == list(RULES)
    assert {each["state"] for each in contract["rules"]} == {"kept"}
    assert levels(capsys)["exemplary"] == "gold"
    assert run(["providers", "list"]) == 0
    assert "not checked yet, gold" in capsys.readouterr().out


@pytest.mark.parametrize("changed", ["version", "digest"])
def test_a_level_belongs_to_one_version_and_content(
    home: Path, changed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another version, or another content of the same one, has no level."""
    from inboxlink.plugins.candidates import installed

    candidate = next(each for each in installed() if each.name == "exemplary")
    kept = KeptLevel("gold", candidate.version, candidate.digest, "now")
    RecordFile(home / "data").note_levels({candidate.key: kept})
    assert levels(capsys)["exemplary"] == "gold"
    other = kept._replace(**{changed: "another"})
    RecordFile(home / "data").note_levels({candidate.key: other})
    assert levels(capsys)["exemplary"] is None


def test_without_declarations_it_is_bronze_at_most(home: Path, tmp_path: Path) -> None:
    """What needs no declaration is tried, the rest named as missing, and both is said."""
    status, found = checked(home)
    (contract,) = found["contracts"]
    assert (status, found["level"], found["tests"]) == (0, "bronze", None)
    states = {each["rule"]: each["state"] for each in contract["rules"]}
    assert states == {
        name: "kept" if rule.needs is None else "untried" for name, rule in RULES.items()
    }
    missing = {each["said"] for each in contract["rules"] if each["state"] == "untried"}
    assert any("`claims`" in each for each in missing)
    assert any("`scripts`" in each for each in missing)


def test_the_usual_place_is_found(home: Path, tmp_path: Path) -> None:
    """A test_contract.py where somebody stands is the one that is run; another's is told apart."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_contract.py").write_text("def test_nothing(): pass\n")
    status, found = checked(home, folder=tmp_path)
    assert status == exits.STATUS[Kind.PROVIDER]
    assert found["error"]["code"] == "check_failed"
    said = f"no contract of inboxlink-exemplary in {Path('tests', 'test_contract.py')}"
    assert said in found["error"]["message"]


def test_a_contract_that_hangs_is_ended(home: Path, tmp_path: Path) -> None:
    """The trial has a deadline, and what it started goes with it."""
    file = tmp_path / "test_contract.py"
    file.write_text("import time\n\ndef test_nothing():\n    time.sleep(300)\n")
    status, found = checked(home, "--tests", str(file), "--deadline", "2")
    assert status == exits.STATUS[Kind.PROVIDER]
    assert "not done after 2 s" in found["error"]["message"]


def test_what_may_not_be_imported_is_not_tried(home: Path) -> None:
    """A provider that nobody enabled is not run by a check either."""
    status, found = checked(home, INBOXLINK_PROVIDERS="inboxlink-imap")
    assert status == exits.STATUS[Kind.PROVIDER]
    assert found["error"]["code"] == "provider_blocked"


def test_a_provider_that_is_not_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip in the name is an error that names what there is."""
    assert run(["providers", "check", "inboxlink-exemplar"]) == exits.STATUS[Kind.SETUP]
    assert "inboxlink-exemplary" in capsys.readouterr().err


def test_the_extra_that_is_missing_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without pytest the command says what to install."""
    monkeypatch.setitem(sys.modules, "pytest", None)
    assert run(["providers", "check", "inboxlink-exemplary"]) == exits.STATUS[Kind.SETUP]
    assert 'pip install "inboxlink[testing]"' in capsys.readouterr().err


def test_below_bronze_is_a_failure(home: Path, tmp_path: Path) -> None:
    """A provider that breaks a rule of bronze has no level, and a script can tell."""
    place = tmp_path / "faulty"
    shutil.copytree(GOOD, place)
    (place / "inboxlink_exemplary" / "strings" / "ja.json").unlink()
    status, found = checked(home, PYTHONPATH=str(place))
    assert status == exits.STATUS[Kind.PROVIDER]
    assert found["level"] == "none"
    assert "words-complete" in {each["rule"] for each in broken(found["contracts"][0])}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_it_is_told_to_a_person(home: Path, language: str) -> None:
    """Rule by rule, in their language, within 80 columns, the level last."""
    child = begun(
        home, "--lang", language, "providers", "check", "inboxlink-exemplary", COLUMNS="80"
    )
    out, _ = child.communicate(timeout=100)
    assert child.returncode == 0
    assert all(cells(line) <= 80 for line in out.splitlines())
    for name, rule in RULES.items():
        assert f"[{name}]" in out
        assert (rule.needs is None) == (
            f"[{name}]" in out.partition("silver" if language == "en" else "シルバー")[0]
        )
    assert ("exemplary: bronze" if language == "en" else "exemplary: ブロンズ") in out
