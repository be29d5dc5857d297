"""How many small changes of the code the tests notice, package by package.

`python bench/mutants.py [package ...]` gives mutmut a copy of the code and the tests under
`build/mutants/<package>`, prints one table, and ends with 1 where a score is below the bound.
The survivors stand in `build/mutants/<package>/survivors.diff`.

mutmut changes the bodies of functions; what is decorated (properties, context managers) and what
stands outside of functions it leaves alone. A mutant that runs into its time limit was noticed.
"""

import os
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

import tomlkit

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "mutants"
#: Twice as many as a small machine has cores, because tests of servers wait most of their time.
AT_ONCE = 4
MEMORY = Path("/dev/shm")

#: mutmut's words for what became of a mutant, and ours; what it has another word for (no test
#: reaches it, a crash) was not noticed by a test.
NOTICED = {"killed": "killed", "timeout": "timed out"}

#: What `mutmut show` says, of many mutants in one process.
SHOW = """
import sys
from mutmut.__main__ import show
for name in sys.argv[1:]:
    show.callback(name)
"""

#: What mutmut begins each line with that says no more than that it is still there.
SPINNER = tuple("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")


@dataclass(frozen=True)
class Score:
    package: str
    killed: int
    timed_out: int
    survived: int

    @property
    def mutants(self) -> int:
        return self.killed + self.timed_out + self.survived

    @property
    def percent(self) -> float:
        return 100 * (self.killed + self.timed_out) / self.mutants


def laid_out(package: str, settings: dict) -> Path:
    """A copy of the sources and the tests, with the settings of one package's run."""
    place = BUILD / package
    rmtree(place, ignore_errors=True)
    without_caches = ignore_patterns("__pycache__")
    copytree(ROOT / "core" / "src", place / "src", ignore=without_caches)
    copytree(ROOT / "tests", place / "tests", ignore=without_caches)
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    mutmut = {
        **settings["mutmut"],
        "source_paths": ["src"],
        "only_mutate": [f"src/inboxlink/{package}/*"],
        "pytest_add_cli_args_test_selection": selected(settings["tests"][package]),
    }
    # There from the start, or Python remembers that it is no place to import from.
    (place / "mutants" / "src").mkdir(parents=True)
    written = {"tool": {"pytest": ours["pytest"], "mutmut": mutmut}}
    (place / "pyproject.toml").write_text(tomlkit.dumps(written))
    return place


def selected(tests: list[str]) -> list[str]:
    """What pytest is to run; it does not know patterns of names itself."""
    found = ((each, sorted(ROOT.glob(each))) for each in tests)
    return [
        name
        for each, files in found
        for name in ([str(file.relative_to(ROOT)) for file in files] or [each])
    ]


def environment(place: Path) -> dict[str, str]:
    """Child processes of the tests run the mutants too, and two runs are the same.

    Files of tests stay in memory where there is such a place: no test cuts the power, and most
    of what those of a database wait for is the disk.
    """
    files = {"TMPDIR": str(MEMORY)} if os.access(MEMORY, os.W_OK) else {}
    return {
        **os.environ,
        **files,
        "PYTHONPATH": str(place / "mutants" / "src"),
        "PYTHONHASHSEED": "0",
    }


def mutmut(place: Path, *arguments: str) -> str:
    return python(place, "-m", "mutmut", *arguments)


def python(place: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=place,
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = "\n".join(line for line in done.stdout.splitlines() if line[:1] not in SPINNER)
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}:\n{said}")
    return done.stdout


def prove(place: Path) -> None:
    """End where child processes of the tests would run anything but the mutants."""
    said = "import inboxlink; print(inboxlink.__file__)"
    found = subprocess.check_output(
        [sys.executable, "-c", said], cwd=place, env=environment(place), text=True
    )
    if not Path(found).is_relative_to(place / "mutants"):
        sys.exit(f"the tests would run {found.strip()}")


def main() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]
    packages = sys.argv[1:] or list(settings["tests"])
    scores = []
    for package in packages:
        place = laid_out(package, settings)
        mutmut(place, "run", "--max-children", str(AT_ONCE))
        prove(place)
        lines = mutmut(place, "results", "--all", "true").splitlines()
        ended = dict(line.strip().split(": ") for line in lines)
        counts = Counter(NOTICED.get(status, "survived") for status in ended.values())
        survivors = [name for name, status in ended.items() if status not in NOTICED]
        (place / "survivors.diff").write_text(python(place, "-c", SHOW, *survivors))
        scores.append(Score(package, counts["killed"], counts["timed out"], counts["survived"]))
    print(f"{'package':10}{'mutants':>9}{'killed':>9}{'survived':>10}{'timed out':>11}{'score':>9}")
    for each in scores:
        print(
            f"{each.package:10}{each.mutants:9}{each.killed:9}{each.survived:10}"
            f"{each.timed_out:11}{each.percent:8.1f}%"
        )
    sys.exit(any(each.percent < settings["bound"] for each in scores))


if __name__ == "__main__":
    main()
