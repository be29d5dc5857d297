"""What the core publishes: named in one place, and held to what was written for it."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from peers.need import need
from stability.environments import ROOT, TIMEOUT_S
from stability.interface import PROGRAM, interface

SOURCES = ROOT / "core" / "src"


def file_of(module: str) -> Path:
    place = SOURCES.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def defined(tree: ast.Module) -> set[str]:
    """What a module itself defines and does not call private."""
    names = set()
    for node in tree.body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(node.name)
            case ast.Assign():
                names |= {each.id for each in node.targets if isinstance(each, ast.Name)}
            case ast.AnnAssign():
                names.add(ast.unparse(node.target))
    return {each for each in names if not each.startswith("_")}


@pytest.mark.parametrize("module", interface.published())
def test_a_published_module_names_what_it_publishes(module: str) -> None:
    """`__all__` is what a module defines and does not call private, or has from another of them.

    A package may have names from its own modules.
    """
    tree = ast.parse(file_of(module).read_text(encoding="utf-8"))
    (named,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    # The package makes its two markers when they are first asked for.
    lazy = {"__version__", "hookimpl", "hookspec"} if module == "inboxlink" else set()
    borrowing = tuple(f"{each}." for each in interface.published() if each != "inboxlink")
    borrowed = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and f"{node.module}.".startswith((*borrowing, f"{module}."))
        for alias in node.names
    }
    # What it makes itself may be called as what it borrows within a function.
    assert set(named) - (borrowed - defined(tree)) == defined(tree) | lazy
    assert len(set(named)) == len(named)


def test_the_interface_is_as_written() -> None:
    """Nothing that was written down is broken, and it is written down as it is now."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_provider_that_reaches_further_is_found(tmp_path: Path) -> None:
    """The one list is what import-linter goes by: a module that is taken off it is forbidden."""
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    row = '    "** -> inboxlink.prose",\n'
    assert row in settings
    (tmp_path / "pyproject.toml").write_text(settings.replace(row, ""))
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from importlinter.cli import *; lint_imports_command()"),
            *("--no-cache", "--config", str(tmp_path / "pyproject.toml")),
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert f"{interface.CONTRACT} BROKEN" in done.stdout
    assert "inboxlink_imap.words -> inboxlink.prose" in done.stdout


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the published modules, to be changed."""
    return copied(tmp_path / "src")


def copied(into: Path) -> Path:
    for module in interface.published():
        file = file_of(module)
        copy = into / file.relative_to(SOURCES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    return into


def change(sources: Path, module: str, before: str, after: str) -> None:
    file = sources / "inboxlink" / module
    text = file.read_text(encoding="utf-8")
    assert text.count(before) >= 1, before
    file.write_text(text.replace(before, after, 1), encoding="utf-8")


#: A change that breaks code which was written for what is published, and what is said of it.
BREAKS = {
    "a function is gone": ("links.py", "def https_url(", "def web_url(", "https_url"),
    "a class is gone": ("types/text.py", "class Text:", "class Prose:", "Text"),
    "a hook loses a parameter": (
        *("hookspecs.py", '(ctx: "HookContext", online: bool)', '(ctx: "HookContext")'),
        "check_client",
    ),
    "a member of an enumeration is gone": (
        *("types/detection.py", '    EWS = "ews"\n', "", "Role.EWS"),
    ),
    "a member has another value": (
        *("types/steps.py", 'SECRET = "secret"', 'SECRET = "hidden"', "SECRET"),
    ),
    "a dataclass wants another field": (
        "types/detection.py",
        "    any_name: bool = False\n",
        "    any_name: bool\n",
        "any_name",
    ),
    "a dataclass wants a new field": (
        "types/text.py",
        "    key: str\n",
        "    key: str\n    tone: str\n",
        "tone",
    ),
    "a model wants a new field": (
        "types/steps.py",
        "    kind: InputKind\n    label",
        "    kind: InputKind\n    hint: Text\n    label",
        "hint",
    ),
    "a field is gone": ("types/steps.py", "    advanced: bool = False\n", "", "advanced"),
    "a default is another one": (
        *("types/steps.py", "required: bool = True", "required: bool = False", "required"),
    ),
    "a method is gone": ("errors.py", "    def code(self)", "    def name(self)", "code"),
    "an error code is gone": (
        "errors.py",
        '    "value_unknown": Blame.PERSON,\n',
        "",
        "value_unknown",
    ),
    "a field has another type": (
        *("types/steps.py", "advanced: bool = False", "advanced: str = False", "advanced"),
    ),
    "a parameter got another name": (
        *("links.py", "def https_url(text: str)", "def https_url(typed: str)", "https_url"),
    ),
}

#: A change that breaks nobody.
GROWTH = {
    "a hook gains a parameter": (
        "hookspecs.py",
        '(ctx: "HookContext", online: bool)',
        '(ctx: "HookContext", online: bool, language: str)',
    ),
    "a field with a default": (
        *(
            "types/text.py",
            '    default: str = ""\n',
            '    default: str = ""\n    tone: str = ""\n',
        ),
    ),
    "a model's field with a default": (
        "types/steps.py",
        "    advanced: bool = False\n",
        "    advanced: bool = False\n    hint: Text | None = None\n",
    ),
    "a member of an enumeration": (
        *("types/detection.py", '    EWS = "ews"\n', '    EWS = "ews"\n    JMAP = "jmap"\n'),
    ),
    "an error code": (
        *(
            "errors.py",
            '    "value_unknown": Blame',
            '    "value_odd": None,\n    "value_unknown": Blame',
        ),
    ),
    "a private function": (
        "links.py",
        "def https_url(",
        "def _more() -> None: ...\n\n\ndef https_url(",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_told_by_name(changed: Path, name: str) -> None:
    """Each way to break what was written for the core is found, and says where."""
    module, before, after, told = BREAKS[name]
    change(changed, module, before, after)
    found = interface.breaks(interface.WRITTEN, changed)
    assert any(told in each for each in found), found


@pytest.mark.parametrize("name", GROWTH)
def test_growth_is_no_break(changed: Path, name: str) -> None:
    """What may be added without harm is not held up."""
    change(changed, *GROWTH[name])
    assert interface.breaks(interface.WRITTEN, changed) == []


def test_what_is_written_is_as_good_as_the_sources(changed: Path) -> None:
    """The same breaks are found against the sources themselves, which a release is."""
    for module, before, after, _ in (BREAKS["a field is gone"], BREAKS["an error code is gone"]):
        change(changed, module, before, after)
    found = interface.breaks(SOURCES, changed)
    assert len(found) == 2
    assert interface.breaks(interface.WRITTEN, changed) == found


def test_a_module_that_is_gone_is_a_break(changed: Path) -> None:
    """A published module cannot be renamed either."""
    (changed / "inboxlink" / "links.py").rename(changed / "inboxlink" / "web_links.py")
    assert "inboxlink.links: it is gone" in interface.breaks(SOURCES, changed)


def test_a_release_is_what_is_compared_with(tmp_path: Path) -> None:
    """With a tag, its sources count and not what is written down; a new line may break them."""
    need(shutil.which("git") or "git", "git")
    root = tmp_path / "checkout"
    copied(root / "core" / "src")
    shutil.copytree(ROOT / "docs" / "reference" / "interface", root / "docs/reference/interface")
    shutil.copy(PROGRAM, root / "docs")
    shutil.copy(ROOT / "pyproject.toml", root)

    def git(*arguments: str) -> None:
        settings = ("-c", "user.name=A", "-c", "user.email=a@a.test", "-c", "commit.gpgsign=false")
        subprocess.run(
            ["git", *settings, *arguments], cwd=root, check=True, capture_output=True, text=True
        )

    def program(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, str(root / "docs" / "interface.py"), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    assert program("--check") == (0, "")
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Release")
    git("tag", "inboxlink-0.1.0")
    assert program("--check") == (0, "")
    change(root / "core" / "src", "links.py", "def https_url(", "def web_url(")
    change(root / "core" / "src", "links.py", '["https_url"]', '["web_url"]')
    assert program() == (0, "")
    status, said = program("--check")
    assert status == 1
    assert "since inboxlink-0.1.0" in said
    assert "https_url" in said
    for version, status in (("0.1.1", 1), ("0.2.0", 0)):
        file = root / "core" / "src" / "inboxlink" / "__init__.py"
        shutil.copy(SOURCES / "inboxlink" / "__init__.py", file)
        change(root / "core" / "src", "__init__.py", '"0.1.0"', f'"{version}"')
        assert program()[0] == 0
        assert program("--check")[0] == status, version
