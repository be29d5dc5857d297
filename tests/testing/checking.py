"""`inboxlink providers check` as somebody runs it, in an installation of its own."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from e2e.running import MAIN
from testing.exemplary import GOOD

__all__ = ["HERE", "ROOT", "begun", "broken", "checked", "environment"]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def environment(home: Path, **more: str) -> dict[str, str]:
    """An installation whose only provider is the exemplary one."""
    return {
        **os.environ,
        "INBOXLINK_HOME": str(home),
        "INBOXLINK_PROVIDERS": "inboxlink-exemplary",
        "PYTHONPATH": str(GOOD),
        **more,
    }


def begun(home: Path, *arguments: str, folder: Path = ROOT, **more: str) -> subprocess.Popen[str]:
    """The program, on its way."""
    return subprocess.Popen(
        [*MAIN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(home, **more),
    )


def checked(
    home: Path, *arguments: str, folder: Path = ROOT, **more: str
) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON of `providers check inboxlink-exemplary`."""
    command = ("--json", "providers", "check", "inboxlink-exemplary", *arguments)
    child = begun(home, *command, folder=folder, **more)
    out, err = child.communicate(timeout=280)
    assert not err, err
    document: dict[str, Any] = json.loads(out)
    return child.returncode, document


def broken(contract: dict[str, Any]) -> list[dict[str, str]]:
    """The rules of one contract that are broken."""
    return [each for each in contract["rules"] if each["state"] == "broken"]
