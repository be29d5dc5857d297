"""What is published: five distributions, each whole by itself."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from stability.environments import DISTRIBUTIONS, ROOT, TIMEOUT_S, build

#: Whichever comes first waits for all the wheels to be built.
pytestmark = pytest.mark.timeout(600)

NAMES = sorted(DISTRIBUTIONS)


def package(name: str) -> str:
    return name.replace("-", "_")


def wheel(dist: Path, name: str) -> Path:
    (found,) = dist.glob(f"{package(name)}-[0-9]*.whl")
    return found


def metadata(file: Path) -> Distribution:
    (information,) = (
        each for each in zipfile.Path(file).iterdir() if each.name.endswith(".dist-info")
    )
    return PathDistribution(information)


def content(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", NAMES)
def test_a_wheel_holds_its_package_whole_and_nothing_else(dist: Path, name: str) -> None:
    """Every file of the package, its types, words and licence; no test and no other package."""
    held = set(content(wheel(dist, name)))
    inside = {each for each in held if ".dist-info/" not in each}
    here = DISTRIBUTIONS[name] / "src"
    assert inside == {
        each.relative_to(here).as_posix()
        for each in here.rglob("*")
        if each.is_file() and "__pycache__" not in each.parts
    }
    assert {f"{package(name)}/{each}" for each in ("py.typed", "strings/en.json")} <= inside
    if name != "inboxlink":
        for language in ("en", "ja"):
            assert any(f"/disclosures/{language}/" in each for each in inside), language
    around = {each.partition(".dist-info/")[2] for each in held - inside}
    expected = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    assert around == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_source_distribution_builds_the_same_wheel(dist: Path, tmp_path: Path, name: str) -> None:
    """The wheel that is made of the checkout has, byte for byte, what that of its sdist has."""
    build(DISTRIBUTIONS[name], tmp_path, "--wheel")
    assert content(wheel(tmp_path, name)) == content(wheel(dist, name))


@pytest.mark.parametrize("name", NAMES)
def test_a_source_distribution_holds_no_tests_of_the_checkout(dist: Path, name: str) -> None:
    """Package, README, changelog and licence of this one distribution."""
    (file,) = dist.glob(f"{package(name)}-[0-9]*.tar.gz")
    with tarfile.open(file) as archive:
        held = {each.partition("/")[2] for each in archive.getnames()}
    apart = {each for each in held if not each.startswith(f"src/{package(name)}/")}
    around = {".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
    assert apart == around


def test_what_is_published_is_well_formed(dist: Path) -> None:
    """An index would take every file and render every description, without a warning."""
    files = sorted(map(str, dist.iterdir()))
    assert len(files) == 2 * len(NAMES)
    done = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *files],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == len(files)


def test_a_description_that_is_missing_is_noticed(dist: Path, tmp_path: Path) -> None:
    """What twine is asked can fail: a distribution without its README does."""
    source = tmp_path / "source"
    shutil.copytree(DISTRIBUTIONS["inboxlink-imap"], source)
    project = source / "pyproject.toml"
    project.write_text(project.read_text().replace('readme = "README.md"\n', ""))
    build(source, tmp_path, "--wheel")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "twine", "--no-color", "check", "--strict"),
            str(wheel(tmp_path, "inboxlink-imap")),
        ],
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 1


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_version_and_a_changelog_of_its_own(dist: Path, name: str) -> None:
    """The wheel's version is the package's, and the newest one that its changelog tells of."""
    source = DISTRIBUTIONS[name]
    init = (source / "src" / package(name) / "__init__.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "(.*)"$', init, re.M)
    told = (source / "CHANGELOG.md").read_text(encoding="utf-8")
    assert told.startswith(f"# Changes of {name}\n")
    headings = re.findall(r"^## (.*)$", told, re.M)
    assert headings[0] == version
    assert metadata(wheel(dist, name)).version == version


@pytest.mark.parametrize("name", NAMES)
def test_the_licence_is_that_of_the_repository(name: str) -> None:
    """Each distribution is built from its own folder, and brings the same licence."""
    assert (DISTRIBUTIONS[name] / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"inboxlink"}))
def test_a_provider_bounds_the_core_on_both_sides(dist: Path, name: str) -> None:
    """It names the core that it was made for, up to the next one that may break it."""
    (row,) = (
        each
        for each in metadata(wheel(dist, name)).requires or ()
        if re.match(r"inboxlink\s*[<>=]", each)
    )
    core = metadata(wheel(dist, "inboxlink")).version.split(".")
    assert row == f"inboxlink<{core[0]}.{int(core[1]) + 1},>={core[0]}.{core[1]}"


def test_make_builds_what_is_tested_here() -> None:
    """`make dist` runs the command that the tests run, for every distribution."""
    shown = subprocess.run(
        ["make", "--dry-run", "--assume-old=.venv/.setup", "dist"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "-m build --quiet --no-isolation --outdir dist" in shown
    for source in DISTRIBUTIONS.values():
        assert re.search(rf"\b{source.relative_to(ROOT)}\b", shown), source
    assert "twine" in shown
    assert tomllib.loads((ROOT / "core" / "pyproject.toml").read_text())["build-system"] == {
        "requires": ["hatchling"],
        "build-backend": "hatchling.build",
    }
