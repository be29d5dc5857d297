"""Wheels of this checkout, built once for the run, and environments that hold them."""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.conftest import place
from e2e.conftest import configure, example_test, example_test_at
from inboxlink.testing.installation import Ran
from stability.environments import DISTRIBUTIONS, TIMEOUT_S, Environment, build, unreached

__all__ = ["Installed", "configure", "example_test", "example_test_at", "place"]


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every distribution, as `make dist` builds them."""
    into = tmp_path_factory.mktemp("dist")
    for source in DISTRIBUTIONS.values():
        build(source, into)
    return into


@dataclass(frozen=True)
class Installed:
    """The program as it is installed in an environment of its own."""

    environment: Environment
    home: Path

    def __call__(
        self, *arguments: str, typed: str = "", environ: Mapping[str, str] | None = None
    ) -> Ran:
        """Run it as a script does."""
        done = subprocess.run(
            [*self.environment.main, *arguments],
            input=typed.encode(),
            capture_output=True,
            cwd=self.home,
            env={
                **unreached(os.environ),
                "INBOXLINK_HOME": str(self.home),
                "COLUMNS": "80",
                **(environ or {}),
            },
            timeout=TIMEOUT_S,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def installed(dist: Path, home: Path, tmp_path: Path) -> Callable[..., Installed]:
    """Installs distributions, and what they need, where nothing else is."""

    def install(*distributions: str) -> Installed:
        environment = Environment(tmp_path / "environment", dist)
        environment.install(*distributions)
        return Installed(environment, home)

    return install
