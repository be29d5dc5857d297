"""A fresh environment without a package index: what is not built here stands beside it already.

Third-party packages of the tests' own environment are seen through `PYTHONPATH`, ours are not: the
core and each provider are built and installed, as they would be from an index.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

__all__ = ["Environment", "Shell"]

_TIMEOUT_S = 300


class Environment:
    """What every shell of a test is started with.

    Args:
        directory: For the packages of others, and an installation's home.
    """

    def __init__(self, directory: Path) -> None:
        others = directory / "others"
        others.mkdir()
        for each in Path(sysconfig.get_path("purelib")).iterdir():
            if not each.name.lower().startswith(("inboxlink", "_inboxlink", "__pycache__")):
                (others / each.name).symlink_to(each)
        home = directory / "home"
        home.mkdir(mode=0o700)
        ours = ("INBOXLINK_", "PIP_", "PYTHON", "COV_", "COVERAGE_", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.variables = {
            **kept,
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), kept["PATH"])),
            "PYTHONPATH": str(others),
            "PYTHONDONTWRITEBYTECODE": "1",
            "INBOXLINK_HOME": str(home),
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # the same as the option of that name: none
            "PIP_NO_CACHE_DIR": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "LANG": "C.UTF-8",
        }


class Shell:
    """One shell, block by block, as a person types them into one terminal.

    Args:
        environment: What it is started with.
        directory: Where it stands at first.
    """

    def __init__(self, environment: Environment, directory: Path) -> None:
        self._environment = environment
        self._before = f"cd '{directory}'\n"

    def run(self, block: str) -> str:
        """Run a block to its end; gives all that was printed.

        Raises:
            AssertionError: A command of it failed.
        """
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{self._before}{block}"],
            env=self._environment.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}"
        lines = (line for line in block.splitlines() if line.startswith(("cd ", ". ")))
        self._before += "".join(f"{line}\n" for line in lines)
        return done.stdout
