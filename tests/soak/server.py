"""Forks a process for each run, with everything imported already.

A process of its own, without threads: one with them cannot safely be forked. Reads one JSON
document a line, and answers with one.
"""

import contextlib
import gc
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from inboxlink.types.model import Model

__all__ = ["Ran", "Server"]

_TESTS = str(Path(__file__).parent.parent)
_LONGEST_S = 60


@dataclass(frozen=True)
class Ran:
    """How a process ended: `status` is its exit status, or less its signal's number."""

    status: int
    out: str
    err: str
    result: Any = field(repr=False)
    took_s: float


class Server:
    """The other side of the pipe.

    Args:
        places: Directories with further distributions.
    """

    def __init__(self, *places: Path) -> None:
        self._places = [str(place) for place in places]

    def __enter__(self) -> "Server":
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith("INBOXLINK_")
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from soak.server import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ | {"PYTHONPATH": os.pathsep.join([_TESTS, *self._places, *sys.path])},
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()

    def program(
        self,
        home: Path,
        *arguments: str,
        typed: str = "",
        point: int | None = None,
        number: int = signal.SIGKILL,
        after_s: float | None = None,
    ) -> Ran:
        """Run the program.

        Args:
            home: Its installation.
            arguments: Its arguments.
            typed: Its standard input.
            point: The index of the point at which it is struck; None = at none.
            number: The signal.
            after_s: Seconds after which it is killed, wherever it is; None = it is not.
        """
        return self._ask(
            {
                "program": arguments,
                "learn": point is None and after_s is None,
                "home": str(home),
                "typed": typed,
                "point": point,
                "number": int(number),
                "after_s": after_s,
            }
        )

    def call(self, function: str, home: Path, given: Any) -> Any:
        """What a function `module:name` gives in a fresh process, for a home and what is given."""
        ran = self._ask({"call": function, "home": str(home), "given": given})
        if ran.status != 0:
            raise AssertionError(f"{function}: {ran}")
        return ran.result

    def _ask(self, job: dict[str, Any]) -> Ran:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return Ran(**json.loads(self._process.stdout.readline()))


def serve() -> None:
    """Answer until the other side hangs up."""
    sys.modules["keyring.backend"] = None  # type: ignore[assignment] - no one's own keyring
    for name in (
        "inboxlink.cli.app",
        "soak.invariants",
        "soak.points",
        "soak.renewals",
        "soak.seeding",
    ):
        import_module(name)
    answers = os.dup(1)
    known: set[str] = set()
    for line in sys.stdin:
        job = json.loads(line)
        ran = _forked(job)
        if job.get("learn") and job["program"][1] not in known:
            known.add(job["program"][1])
            _learn(ran["result"])
        os.write(answers, (json.dumps(ran) + "\n").encode())


def _learn(modules: Sequence[str]) -> None:
    # What a run imported is there for the next ones, and so are the models that it built.
    for name in modules:
        with contextlib.suppress(ImportError):
            import_module(name)
    models = [Model]
    for model in models:
        model.model_rebuild()
        models += model.__subclasses__()
    gc.collect()
    gc.freeze()


def _forked(job: dict[str, Any]) -> dict[str, Any]:
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(4)]
        typed, out, err, result = files
        typed.write(job.get("typed", "").encode())
        typed.seek(0)
        pid = os.fork()
        if pid == 0:
            _child(job, *(file.fileno() for file in files))
        timers = [threading.Timer(_LONGEST_S, os.kill, (pid, signal.SIGABRT))]
        if job.get("after_s") is not None:
            timers.append(threading.Timer(job["after_s"], _kill, (pid,)))
        for timer in timers:
            timer.start()
        # Without reaping first, so that no timer can meet another process of the same id.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        for timer in timers:
            timer.cancel()
            timer.join()
        _, status = os.waitpid(pid, 0)
        said = []
        for file in (out, err, result):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
    return {
        "status": os.waitstatus_to_exitcode(status),
        "out": said[0],
        "err": said[1],
        "result": json.loads(said[2] or "null"),
        "took_s": time.monotonic() - begun,
    }


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _child(job: dict[str, Any], typed: int, out: int, err: int, result: int) -> None:
    status = 70
    try:
        for source, target in ((typed, 0), (out, 1), (err, 2)):
            os.dup2(source, target)
        os.environ["INBOXLINK_HOME"] = job["home"]
        random.seed()
        if "call" in job:
            found = _function(job["call"])(Path(job["home"]), job["given"])
            os.write(result, json.dumps(found).encode())
            status = 0
        else:
            status = _program(job)
            if job.get("learn"):
                os.write(
                    result, json.dumps([each for each in sys.modules if "__" not in each]).encode()
                )
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # told to the other side; a child must not go on as a server
        import traceback

        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _program(job: dict[str, Any]) -> int:
    from inboxlink.cli import main
    from soak.points import POINTS, small_batches

    arguments: Sequence[str] = job["program"]
    small_batches()
    if job["point"] is not None:
        install = POINTS[job["point"]].install
        assert install is not None
        install(lambda: os.kill(os.getpid(), job["number"]))
    sys.argv = ["inboxlink", *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 71
    return 0


def _function(path: str) -> Callable[[Path, Any], Any]:
    module, _, name = path.partition(":")
    function: Callable[[Path, Any], Any] = getattr(import_module(module), name)
    return function
