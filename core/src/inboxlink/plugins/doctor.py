"""Examine each vetted provider in a child process, under a deadline.

A provider may hang, exit or print at import; a child contains all of that. Children run side by
side, so that a few that hang add nothing to one another.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from math import ceil

from inboxlink.errors import Problem, problem
from inboxlink.plugins.candidates import Candidate
from inboxlink.plugins.policy import Verdict
from inboxlink.plugins.record import CheckResult

__all__ = ["AT_ONCE", "DEADLINE_S", "bound_s", "examine"]

#: Seconds for a child: its start, the deadline of an import, and the pure hooks.
DEADLINE_S = 8.0

#: Children side by side. One that hangs takes a place and no processor.
AT_ONCE = 16

#: More than a verdict has, and less than a pipe holds, so that no child waits to write it.
_VERDICT_BYTES = 32_768


def bound_s(count: int) -> float:
    """Seconds that examining so many takes at most, if every one of them hangs."""
    return ceil(count / AT_ONCE) * DEADLINE_S


def examine(verdicts: Iterable[Verdict], now: datetime) -> dict[str, CheckResult]:
    """Examine every provider that may be imported.

    Returns:
        By `Candidate.key`; `skipped` for one that metadata already rules out.
    """
    verdicts = tuple(verdicts)
    at = now.isoformat(timespec="seconds")
    children: set[subprocess.Popen[bytes]] = set()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            found = pool.map(lambda each: _judged(each, children), verdicts)
            return {
                each.candidate.key: _result(each.candidate, state, trouble, at)
                for each, (state, trouble) in zip(verdicts, found, strict=True)
            }
        except BaseException:  # a person who interrupts does not wait for what hangs
            pool.shutdown(wait=False, cancel_futures=True)
            for child in tuple(children):
                _end(child)
            raise


def _result(candidate: Candidate, state: str, trouble: Problem | None, at: str) -> CheckResult:
    code, params = ("", {}) if trouble is None else (trouble.code, dict(trouble.message.params))
    return CheckResult(state, code, params, candidate.version, at)


def _judged(verdict: Verdict, children: set[subprocess.Popen[bytes]]) -> tuple[str, Problem | None]:
    if verdict.reason is not None:
        return "skipped", verdict.reason
    candidate = verdict.candidate
    # The verdict comes by a pipe of its own: what a provider prints can neither forge nor drown it.
    reading, writing = os.pipe()
    # -P: a file in the directory where somebody stands is no part of the program.
    program = (sys.executable, "-P", "-m", "inboxlink.plugins.examination")
    with subprocess.Popen(
        (*program, candidate.distribution, candidate.name, str(writing)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writing,),
        process_group=0,
    ) as child:
        children.add(child)
        os.close(writing)
        try:
            child.wait(DEADLINE_S)
            is_over = True
        except subprocess.TimeoutExpired:
            is_over = False
            _end(child)
        child.wait()
    children.discard(child)
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb") as pipe:
        said = (pipe.read(_VERDICT_BYTES) or b"").splitlines()
    return _understood(candidate.name, said, child.returncode if is_over else None)


def _understood(name: str, said: list[bytes], status: int | None) -> tuple[str, Problem | None]:
    """What a child's lines and its exit status (None = it was ended) amount to."""
    try:
        last = json.loads(said[-1]) if said else {}
        if "state" in last:
            code, params = str(last["code"]), last["params"]
            return str(last["state"]), problem(code, **params) if code else None
        stage = str(last.get("stage", "start"))
    except (ValueError, KeyError, TypeError, AttributeError):
        stage = "start"
    if status is None:
        seconds = f"{DEADLINE_S:g}"
        return "quarantined", problem(
            "provider_overran", provider=name, hook=stage, seconds=seconds
        )
    reason = f"status {status}" if status >= 0 else f"signal {-status}"
    return "broken", problem("provider_exited", provider=name, hook=stage, reason=reason)


def _end(child: subprocess.Popen[bytes]) -> None:
    # The whole group: what the provider started hangs as well.
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
