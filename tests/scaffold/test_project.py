"""What `inboxlink providers new` writes, and what it refuses to write."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import inboxlink
from inboxlink.errors import SetupError
from inboxlink.plugins.requirement import unmet
from inboxlink.scaffold.project import Auth, Project
from inboxlink.testing.installation import Ran, run

#: The shortest and the longest name, which lines must fit alike.
NAMES = ("z", "a-name-of-24-characters1")


def new(home: Path, *arguments: str) -> Ran:
    return run(home, *arguments[:-1], "providers", "new", *arguments[-1].split())


@pytest.mark.parametrize("auth", Auth)
@pytest.mark.parametrize("name", NAMES)
def test_what_it_writes_is_clean(tmp_path: Path, auth: Auth, name: str) -> None:
    """Code and tests of either kind pass the project's own ruff, whatever the name's length."""
    there = Project(name, auth).write(tmp_path)
    for command in (("check",), ("format", "--check")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            cwd=there,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.timeout(300)
def test_what_it_writes_is_typed(tmp_path: Path) -> None:
    """Code and tests of both kinds pass mypy as strictly as it can be."""
    # One after the other with one cache, because most of the time goes into the core.
    for name, auth in (("harbour", Auth.PASSWORD), ("lighthouse", Auth.OAUTH)):
        there = Project(name, auth).write(tmp_path)
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "src", "tests"],
            cwd=there,
            env={"MYPYPATH": "src:tests", "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("auth", Auth)
def test_what_it_writes_is_whole(tmp_path: Path, auth: Auth) -> None:
    """Nothing of the template is left, each language says the same, and the metadata is good."""
    there = Project("north-sea", auth).write(tmp_path)
    files = {str(each.relative_to(there)): each for each in there.rglob("*") if each.is_file()}
    package = "src/inboxlink_north_sea"
    for needed in (
        *("README.md", "CHANGELOG.md", "LICENSE", ".gitignore", ".github/workflows/ci.yml"),
        *(f"{package}/py.typed", f"{package}/disclosures/ja/MAIL.v1.json"),
        *("tests/test_contract.py", "tests/test_connecting.py"),
    ):
        assert needed in files
    for name, file in files.items():
        text = file.read_text(encoding="utf-8")
        assert not {each for each in ("{{", "{%", ".jinja") if each in name + text}, name
    keys = {
        language: json.loads(files[f"{package}/strings/{language}.json"].read_text("utf-8")).keys()
        for language in ("en", "ja")
    }
    assert keys["en"] == keys["ja"]
    assert all(key.startswith("north-sea.") for key in keys["en"])
    project = tomllib.loads(files["pyproject.toml"].read_text("utf-8"))["project"]
    assert project["entry-points"]["inboxlink.providers"] == {
        "north-sea": "inboxlink_north_sea.provider"
    }
    (requirement,) = project["dependencies"]
    assert unmet([requirement], "inboxlink", inboxlink.__version__) is None
    major, minor = (int(part) for part in inboxlink.__version__.split(".")[:2])
    breaking = f"{major + 1}.0" if major else f"0.{minor + 1}"
    assert breaking not in Requirement(requirement).specifier


@pytest.mark.parametrize(
    ("version", "specifier"),
    [("0.1.0", ">=0.1,<0.2"), ("0.12.3", ">=0.12,<0.13"), ("2.4.1", ">=2.4,<3")],
)
def test_it_works_with_this_core_until_the_next_that_may_break_it(
    monkeypatch: pytest.MonkeyPatch, version: str, specifier: str
) -> None:
    """Before 1.0 a minor version may break it, after that a major one."""
    monkeypatch.setattr(inboxlink, "__version__", version)
    core = Project("harbour", Auth.PASSWORD).core
    assert core == specifier
    assert version in SpecifierSet(core)


@pytest.mark.parametrize(
    "name",
    ["", "Harbour", "har_bour", "har--bour", "-x", "x-", "1x", "hafen.de", "../x", "ü", "x" * 25],
)
def test_a_name_that_makes_no_provider_is_refused(name: str) -> None:
    """It must be the normalised end of a distribution's name, and short."""
    with pytest.raises(SetupError) as caught:
        Project(name, Auth.OAUTH)
    assert caught.value.code == "provider_name_invalid"


@pytest.mark.parametrize("name", ["gmail", "outlook", "exchange", "imap"])
def test_a_name_of_ours_is_refused(name: str) -> None:
    """A provider that comes with the core keeps its name."""
    with pytest.raises(SetupError) as caught:
        Project(name, Auth.PASSWORD)
    assert caught.value.code == "provider_name_taken"


def test_nothing_is_overwritten(tmp_path: Path, home: Path) -> None:
    """What stands there stays, whatever it is; the status says so."""
    taken = tmp_path / "inboxlink-harbour"
    taken.write_text("mine")
    ran = new(home, "--json", f"harbour --auth password --into {tmp_path}")
    assert ran.status == 12
    assert ran.json["error"]["code"] == "project_exists"
    assert taken.read_text() == "mine"
    assert list(tmp_path.glob(".*")) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where nothing can be made, nothing is left and the reason is said."""
    gone = tmp_path / "gone"
    with pytest.raises(SetupError) as caught:
        Project("harbour", Auth.PASSWORD).write(gone)
    assert caught.value.code == "project_unwritable"
    assert caught.value.problem.message.params["reason"] == "FileNotFoundError"


def test_a_rendering_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a project is none: without copier there is none at all, and it is said how to get it."""
    monkeypatch.setitem(sys.modules, "copier", None)
    with pytest.raises(SetupError) as caught:
        Project("harbour", Auth.PASSWORD).write(tmp_path)
    assert caught.value.code == "extra_missing"
    assert list(tmp_path.iterdir()) == []


def test_the_next_three_commands_are_told(home: Path, tmp_path: Path) -> None:
    """A person reads them, in their language; a script finds them in the document."""
    ran = new(home, f"harbour --auth oauth --into {tmp_path}")
    assert ran.status == 0, ran
    said = [line.strip() for line in ran.out.splitlines()[-3:]]
    assert said == [
        f"cd {tmp_path / 'inboxlink-harbour'}",
        'python -m pip install --editable ".[test]"',
        "python -m pytest",
    ]
    document = new(home, "--json", f"lighthouse --auth password --into {tmp_path}").json
    assert document["distribution"] == "inboxlink-lighthouse"
    assert len(document["next"]) == 3
    assert (tmp_path / "inboxlink-lighthouse" / "pyproject.toml").is_file()
    japanese = new(home, "--lang", "ja", f"pier --auth oauth --into {tmp_path}")
    assert "契約" in japanese.out


def test_it_needs_neither_git_nor_settings_of_the_person(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any program on the path, and with settings that nobody can read, it is the same."""
    settings = tmp_path / "settings.yml"
    settings.write_text("trust: {everything: [\n")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    ran = new(home, f"harbour --auth password --into {tmp_path}")
    assert ran.status == 0, ran
    assert (tmp_path / "inboxlink-harbour" / "README.md").is_file()


def test_the_template_runs_nothing() -> None:
    """It is data: no tasks, no extensions, no migrations, and no file that is not rendered."""
    import inboxlink.scaffold.project as scaffold

    template = Path(scaffold.__file__).parent / "template"
    files = [each for each in template.rglob("*") if each.is_file()]
    assert len(files) > 30
    assert not [each for each in files if each.name.startswith("copier.")]
    assert not [each for each in files if each.suffix not in (".jinja", ".typed")]
