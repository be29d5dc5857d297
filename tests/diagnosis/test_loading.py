"""Where rules come from, and what a file of somebody else's can do."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from diagnosis.world import PACKAGES, all_rules
from inboxlink.diagnosis import explain, load_rules

GOOD = {
    "id": "acme.moon",
    "protocol": "smtp",
    "stages": [],
    "codes": ["599 5.9.99"],
    "patterns": [],
    "hosts": [],
    "error": "remote_error",
    "who": "person",
    "link": "https://acme.example/moon",
    "source": "Acme's help",
    "read": "2026-11",
    "en": {"cause": "It is full moon.", "steps": ["Wait."]},
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of a provider that would be noticed if it were imported."""
    folder = tmp_path / "acme_rules"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def rule_of(package: Path, content: str, text: str = "599 5.9.99 no") -> str | None:
    (package / "rules.json").write_text(content)
    rules = load_rules({"acme": "acme_rules"})
    assert {each.id for each in rules.all} >= {each.id for each in load_rules({}).all}
    return explain(text, language="ja", rules=rules, app="Acme").rule


def test_a_providers_rules_count_without_its_code(package: Path) -> None:
    """They are read from its package, which is not imported; a missing language is English."""
    assert rule_of(package, json.dumps({"rules": [GOOD]})) == "acme.moon"
    found = explain(
        "599 5.9.99 no", language="ja", rules=load_rules({"acme": "acme_rules"}), app="Acme"
    )
    assert (found.cause, found.link) == ("It is full moon.", "https://acme.example/moon")


def test_no_provider_of_ours_is_imported() -> None:
    """All four providers' rules are read in a process that loads none of them."""
    code = (
        "import sys; from inboxlink.diagnosis import load_rules;"
        f"rules = load_rules({PACKAGES!r});"
        "print(len(rules.all), *[name for name in sys.modules if name.startswith('inboxlink_')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(all_rules().all))]


@pytest.mark.parametrize("package_name", ["no.such.package", "no_such_package", "json", ""])
def test_a_package_without_rules_has_none(package_name: str) -> None:
    """A provider that brings none, or is not there, takes nothing away."""
    assert len(load_rules({"acme": package_name}).all) == len(load_rules({}).all)


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "5", '{"rules": 5}', '{"rules": [5, null, [], {}]}', "\udcff"),
        "[" * 100_000,
        '{"rules": []}' + " " * (2 << 20),
    ],
    ids=range(9),
)
def test_a_file_may_be_anything(package: Path, content: str) -> None:
    """What is no file of rules adds none, and the core's stay."""
    (package / "rules.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert len(load_rules({"acme": "acme_rules"}).all) == len(load_rules({}).all)


@pytest.mark.parametrize(
    "change",
    [
        {"id": 5},
        {"id": ""},
        {"protocol": "gopher"},
        {"codes": "599"},
        {"codes": [5]},
        {"codes": [], "patterns": []},
        {"who": "nobody"},
        {"link": "http://acme.example/"},
        {"link": "javascript:alert(1)"},
        {"en": None},
        {"en": {"cause": "x"}},
        {"en": {"cause": 5, "steps": []}},
        {"source": None},
    ],
    ids=str,
)
def test_a_rule_may_be_anything(package: Path, change: dict[str, Any]) -> None:
    """One that is none is left out, and the next one counts."""
    other = GOOD | {"id": "acme.other", "codes": ["598"]}
    content = json.dumps({"rules": [GOOD | change, other]})
    assert rule_of(package, content) is None
    assert rule_of(package, content, "598 no") == "acme.other"


@pytest.mark.parametrize("pattern", ["(moonlight", "[moonlight", "moonlight("])
def test_a_pattern_may_be_broken(package: Path, pattern: str) -> None:
    """It matches nothing, and stops nothing."""
    broken = GOOD | {"codes": [], "patterns": [pattern, "fullmoon"]}
    assert rule_of(package, json.dumps({"rules": [broken]}), "moonlight fullmoon") == "acme.moon"


def test_codes_of_nothing_are_none(package: Path) -> None:
    """A code that has no word in it is no sign."""
    assert rule_of(package, json.dumps({"rules": [GOOD | {"codes": ["--"]}]}), "-- no") is None


def test_no_rule_is_taken_over(package: Path) -> None:
    """A provider's rule with the id of one that is there already does not count."""
    mine = GOOD | {"id": "smtp.auth_invalid"}
    assert rule_of(package, json.dumps({"rules": [mine]})) is None
    assert rule_of(package, json.dumps({"rules": [mine]}), "535 5.7.8 no") == "smtp.auth_invalid"


def test_there_is_an_end_of_rules(package: Path) -> None:
    """Of a file with a thousand rules five hundred count."""
    many = [GOOD | {"id": f"acme.r{n}"} for n in range(1000)]
    (package / "rules.json").write_text(json.dumps({"rules": many}))
    added = len(load_rules({"acme": "acme_rules"}).all) - len(load_rules({}).all)
    assert added == 500


def test_what_will_be_shown_is_cleaned(package: Path) -> None:
    """No escape sequence of a provider's words reaches a terminal."""
    words = {"cause": "\x1b[2Jred", "steps": ["\u202eread"]}
    (package / "rules.json").write_text(json.dumps({"rules": [GOOD | {"en": words}]}))
    rules = load_rules({"acme": "acme_rules"})
    found = explain("599 5.9.99 no", language="en", rules=rules, app="\x1b[31mAcme")
    assert found.cause == "\\x1b[2Jred"
    assert found.steps == ("\\u202eread",)
