"""The reference says what the code says."""

import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generator import PROGRAM, generate
from inboxlink import hookspecs
from inboxlink.errors import CODES


def test_the_pages_are_what_the_generator_writes() -> None:
    """Each page of the reference is what `make reference` would write now."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"run make reference\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", generate.PAGES)
def test_another_page_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """A generated line that was changed by hand is found, and is mended by the generator."""
    copied = tmp_path / "reference"
    shutil.copytree(generate.REFERENCE, copied)
    monkeypatch.setattr(generate, "REFERENCE", copied)
    monkeypatch.setattr(generate, "PAGES", {page: generate.PAGES[page]})
    right = (copied / page).read_text(encoding="utf-8")
    head, begin, generated = right.partition(generate.BEGIN)
    # The words of the requirements are written by hand, their states are not.
    told, untold = ("| done |", "| planned |") if page == "requirements.md" else ("the", "another")
    (copied / page).write_text(head + begin + generated.replace(told, untold, 1), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["generate.py", "--check"])
    assert generate.main() == 1
    monkeypatch.setattr(sys, "argv", ["generate.py"])
    assert generate.main() == 0
    assert (copied / page).read_text(encoding="utf-8") == right


def test_the_signature_of_every_hook_is_whole() -> None:
    """Each hook's page shows its parameters in their order, each with its type."""
    page = (generate.REFERENCE / "hooks.md").read_text(encoding="utf-8")
    for name in hookspecs.__all__:
        signature = inspect.signature(getattr(hookspecs, name))
        block = page.split(f"\n## {name}\n", 1)[1].split("```python\n", 1)[1].split("```", 1)[0]
        shown = " ".join(block.split())
        place = 0
        for parameter in signature.parameters.values():
            annotation = getattr(parameter.annotation, "__name__", parameter.annotation)
            place = shown.index(f"{parameter.name}: {annotation}", place)
        assert shown.endswith(f"-> {signature.return_annotation}: ..."), name


def test_every_code_can_be_looked_up() -> None:
    """Each error code has a heading of its own, and no heading names an unknown one."""
    page = (generate.REFERENCE / "errors.md").read_text(encoding="utf-8")
    headings = [line.removeprefix("### ") for line in page.splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(CODES)
