"""The distributions as people get them: built, and installed where no sources are in reach."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import PathDistribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["DISTRIBUTIONS", "ROOT", "TIMEOUT_S", "Environment", "build", "unreached"]

ROOT = Path(__file__).parents[2]

#: Seconds after which something hangs: where much runs beside it, a build takes a minute.
TIMEOUT_S = 240

#: By name, where each one stands.
DISTRIBUTIONS = {
    "inboxlink": ROOT / "core",
    **{
        f"inboxlink-{each.parent.name}": each.parent
        for each in sorted(ROOT.glob("plugins/*/pyproject.toml"))
    },
}


def build(source: Path, into: Path, *options: str) -> None:
    """Build as `make dist` does: the source distribution, and from it the wheel."""
    command = (sys.executable, "-m", "build", "--quiet", "--no-isolation")
    done = subprocess.run(
        [*command, *options, "--outdir", str(into), str(source)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


class Environment:
    """A virtual environment that holds what was installed into it and nothing else.

    Libraries are linked from the environment of the tests, so that nothing is fetched; `pip`,
    which is not in it, installs the wheels.

    Args:
        place: Where it is made.
        wheels: Where the wheels are.
    """

    def __init__(self, place: Path, wheels: Path) -> None:
        self._place = place
        self._wheels = wheels
        venv.EnvBuilder(symlinks=True).create(place)
        self.python = place / "bin" / "python"
        variables = {"base": str(place), "platbase": str(place)}
        self._packages = Path(sysconfig.get_path("purelib", "venv", variables))

    @property
    def main(self) -> tuple[str, ...]:
        """What starts the program."""
        return (str(self._place / "bin" / "inboxlink"),)

    def install(self, *distributions: str) -> None:
        """Install wheels, with what they need and nothing else."""
        for name in _needed(row for each in distributions for row in self._requires(each)):
            self._link(name)
        self.pip(
            *("install", "--no-index", "--no-deps", "--find-links", str(self._wheels)),
            *distributions,
        )

    def link_all(self) -> None:
        """Bring every library of the tests' own environment, and what is not a wheel of ours."""
        for each in distributions():
            if canonicalize_name(each.name) not in DISTRIBUTIONS:
                self._link(each.name)

    def pip(self, *arguments: str) -> str:
        """Run pip on this environment; gives what it said."""
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--python", str(self.python)),
                *("--isolated", "--disable-pip-version-check", "--no-input", *arguments),
            ],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def can_import(self, module: str) -> bool:
        """Whether a module is there."""
        code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
        return not subprocess.run([self.python, "-P", "-c", code], check=False).returncode

    def _requires(self, name: str) -> list[str]:
        # As the wheel says it, which is what an installer would go by.
        (wheel,) = self._wheels.glob(f"{name.replace('-', '_')}-[0-9]*.whl")
        (information,) = (
            each for each in zipfile.Path(wheel).iterdir() if each.name.endswith(".dist-info")
        )
        return PathDistribution(information).requires or []

    def _link(self, name: str) -> None:
        for top in _tops(name):
            link = self._packages / top.name
            if not link.is_symlink():
                link.symlink_to(top)


def unreached(given: Mapping[str, str]) -> dict[str, str]:
    """An environment's variables without those that bring further code into reach."""
    return {name: value for name, value in given.items() if not name.startswith("PYTHON")}


def _tops(name: str) -> Iterable[Path]:
    """Everything of a distribution that stands directly in the folder of packages."""
    found = distribution(name)
    parts = {each.parts[0] for each in found.files or ()} - {"..", "__pycache__"}
    return [Path(str(found.locate_file(part))) for part in sorted(parts)]


def _needed(rows: Iterable[str]) -> set[str]:
    """The libraries that these rows of `Requires-Dist` ask for, and those that they need."""
    found: set[tuple[str, str]] = set()
    asked = [("", row) for row in rows]
    while asked:
        of_extra, row = asked.pop()
        requirement = Requirement(row)
        name = canonicalize_name(requirement.name)
        marker = requirement.marker
        if name in DISTRIBUTIONS or (marker and not marker.evaluate({"extra": of_extra})):
            continue
        for extra in {"", *requirement.extras} - {each for known, each in found if known == name}:
            found.add((name, extra))
            asked += [(extra, each) for each in distribution(name).requires or ()]
    return {name for name, _ in found}
