"""What the documents claim names what holds it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
_TEST = re.compile(r"`(tests/[\w/.]+?)(?:::(\w+))?`")


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_named_tests_exist() -> None:
    """Each test that a document names is there, the file and the function."""
    named = 0
    for document in DOCUMENTS:
        for file, function in _TEST.findall(document.read_text(encoding="utf-8")):
            assert (ROOT / file).exists(), (document.name, file)
            if function:
                assert function.startswith("test_"), (document.name, function)
                assert function in functions(ROOT / file), (document.name, f"{file}::{function}")
                named += 1
    assert named > 50


@pytest.mark.parametrize("name", ["SECURITY.md", "docs/explanation/threat-model.md"])
def test_every_promise_names_a_test(name: str) -> None:
    """What is promised, point by point, names a test that holds it."""
    page = (ROOT / name).read_text(encoding="utf-8")
    promised = page.split("\n## What is promised\n", 1)[1].split("\n## ", 1)[0]
    points = re.findall(r"^- .*?(?=^- |^$)", promised, re.M | re.S)
    assert len(points) >= 5
    for point in points:
        assert _TEST.search(point), point


def test_what_is_installed_by_hand_is_there() -> None:
    """Each directory that a document tells people to install is a distribution."""
    named = 0
    for document in DOCUMENTS:
        for line in re.findall(r"^pip install (.*)$", document.read_text(encoding="utf-8"), re.M):
            for path in re.findall(r"\./[\w/]+", line):
                assert (ROOT / path / "pyproject.toml").is_file(), (document.name, path)
                named += 1
    assert named >= 4


def test_the_pages_are_of_four_kinds() -> None:
    """The index leads to each kind, and each of its pages stands there."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for kind in ("tutorial", "how-to", "reference", "explanation"):
        pages = sorted((ROOT / "docs" / kind).glob("*.md"))
        assert pages, kind
        for page in pages:
            assert f"]({kind}/{page.name})" in index, page.name
