"""The program while it runs, for a test that is the person beside it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["MAIN", "Running"]

MAIN = (sys.executable, "-c", "from inboxlink.cli import main; main()")


class Running:
    """The program under way without a terminal; `main` starts that of another environment."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        main: tuple[str, ...] = MAIN,
    ) -> None:
        self._process = subprocess.Popen(
            [*main, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                "INBOXLINK_HOME": str(home),
                "PYTHONWARNINGS": "error",
                **(environ or {}),
            },
            text=True,
        )
        self.said = ""

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def line(self) -> str:
        """The next line of standard error."""
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        self.said += line
        return line.strip()

    def finish(self, typed: str = "") -> tuple[int, str]:
        """Its status and what it wrote on standard output."""
        out, err = self._process.communicate(typed, timeout=60)
        self.said += err
        return self._process.returncode, out

    def end(self, typed: str = "") -> tuple[int, dict[str, Any]]:
        """Its status and its document."""
        status, out = self.finish(typed)
        return status, json.loads(out) if out else {}
