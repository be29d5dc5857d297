"""A copy of the core, and environments that it can be installed into."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.environment import Environment, Shell

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What of a copy of this repository an author needs."""
    place = tmp_path / "repository"
    place.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "dist", "build")
    shutil.copytree(ROOT / "core", place / "core", ignore=ignored)
    shutil.copy(ROOT / "constraints.txt", place)
    return place


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[Path], Shell]:
    """Opens a shell in a folder."""
    environment = Environment(tmp_path)
    return lambda directory: Shell(environment, directory)
