"""An installation of a test's own, and the program in it, as a person or a script runs it."""

import base64
import json
import os
import secrets as random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from inboxlink.testing.peers.world import Networked

__all__ = ["MAIN", "Installation", "Ran", "Running", "run"]

MAIN = (sys.executable, "-c", "from inboxlink.cli import main; main()")

_TIMEOUT_S = 60


@dataclass(frozen=True)
class Ran:
    """What one run of the program left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        """What it wrote on standard output."""
        return json.loads(self.out)


def run(
    home: Path,
    *arguments: str,
    typed: str = "",
    secrets: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Ran:
    """Run the program to its end.

    Args:
        home: Of the installation.
        arguments: Its own.
        typed: Its standard input.
        secrets: By the name of their field; each goes by a descriptor and `--secret-fd`.
        environ: In addition to that of this process.
    """
    descriptors = {name: _pipe_of(secret) for name, secret in (secrets or {}).items()}
    by_descriptor = [f"--secret-fd={name}={each}" for name, each in descriptors.items()]
    try:
        done = subprocess.run(
            [*MAIN, *arguments, *by_descriptor],
            input=typed.encode(),
            capture_output=True,
            env={**os.environ, "INBOXLINK_HOME": str(home), **(environ or {})},
            pass_fds=tuple(descriptors.values()),
            timeout=_TIMEOUT_S,
            check=False,
        )
    finally:
        for each in descriptors.values():
            os.close(each)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def _pipe_of(secret: str) -> int:
    read, write = os.pipe()
    os.write(write, secret.encode())  # less than a pipe holds
    os.close(write)
    return read


class Running:
    """The program under way without a terminal, as a context that ends it.

    Args:
        home: Of the installation.
        arguments: Its own.
        environ: In addition to that of this process.
        main: What starts it, where it is that of another environment.
    """

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
        out, err = self._process.communicate(typed, timeout=_TIMEOUT_S)
        self.said += err
        return self._process.returncode, out

    def end(self, typed: str = "") -> tuple[int, dict[str, Any]]:
        """Its status and its document."""
        status, out = self.finish(typed)
        return status, json.loads(out) if out else {}


class Installation:
    """One installation: its folder, its configuration and its program.

    Its key comes from the environment, so that no keyring of who runs the test is touched.

    Args:
        home: An empty folder of one's own.
        world: Where it is; what was added to it since is known to the next run.
    """

    def __init__(self, home: Path, world: Networked) -> None:
        self.home = home
        self._world = world
        self._sections: dict[str, Any] = {}
        self._written: dict[str, Any] | None = None
        key = base64.b64encode(random.token_bytes(32)).decode()
        self._environ = {"INBOXLINK_KEY": key}

    def configure(self, **sections: Any) -> None:  # noqa: ANN401 - TOML
        """Let sections of `inboxlink.toml` stand beside, or in place of, what it usually says."""
        self._sections |= sections

    def run(
        self, *arguments: str, typed: str = "", secrets: Mapping[str, str] | None = None
    ) -> Ran:
        """Run the program to its end; see `run`."""
        self._write()
        return run(self.home, *arguments, typed=typed, secrets=secrets, environ=self._environ)

    def start(self, *arguments: str) -> Running:
        """Start the program, for a test that is the person beside it."""
        self._write()
        return Running(self.home, *arguments, environ=self._environ)

    def _write(self) -> None:
        usual = {"application": {"name": "Acme CRM"}, "network": dict(self._world.network)}
        wanted = {**usual, **self._sections}
        if wanted != self._written:  # or what a command changed there would be lost
            (self.home / "inboxlink.toml").write_text(tomlkit.dumps(wanted), encoding="utf-8")
            self._written = wanted
