"""Examine each vetted provider in a child process, under a deadline.

A provider may hang, exit or print at import; a child contains all of that. Children run side by
side, so that a few that hang add nothing to one another.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from inboxlink.plugins.candidates import Candidate
from inboxlink.plugins.policy import State, Verdict
from inboxlink.plugins.record import CheckResult

__all__ = ["AT_ONCE", "DEADLINE_S", "examine"]

#: Seconds for a child: its start, the deadline of an import, and two pure hooks.
DEADLINE_S = 8.0

#: Children side by side; with as many hanging providers a check still ends within `DEADLINE_S`.
AT_ONCE = 16

#: More than a verdict has, and less than a pipe holds, so that no child waits to write it.
_VERDICT_BYTES = 8192


def examine(verdicts: Iterable[Verdict], now: datetime) -> dict[str, CheckResult]:
    """Examine every provider that may be imported.

    Returns:
        By distribution; `skipped` for one that metadata already rules out.
    """
    verdicts = tuple(verdicts)
    at = now.isoformat(timespec="seconds")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(_judged, verdicts)
        return {
            each.candidate.distribution: CheckResult(state, reason, each.candidate.version, at)
            for each, (state, reason) in zip(verdicts, found, strict=True)
        }


def _judged(verdict: Verdict) -> tuple[str, str]:
    if verdict.state is State.AVAILABLE:
        return _examined(verdict.candidate)
    return "skipped", verdict.state.value


def _examined(candidate: Candidate) -> tuple[str, str]:
    # The verdict comes by a pipe of its own: what a provider prints can neither forge nor drown it.
    reading, writing = os.pipe()
    arguments = ("inboxlink.plugins.examination", candidate.distribution, candidate.name)
    with subprocess.Popen(
        [sys.executable, "-m", *arguments, str(writing)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writing,),
    ) as child:
        os.close(writing)
        try:
            child.wait(DEADLINE_S)
            is_over = True
        except subprocess.TimeoutExpired:
            child.kill()
            is_over = False
        child.wait()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb") as verdict:
        said = verdict.read(_VERDICT_BYTES) or b""
    if not is_over:
        return "quarantined", f"not done after {DEADLINE_S:g} s"
    try:
        found = json.loads(said)
        return str(found["state"]), str(found["reason"])
    except (ValueError, KeyError, TypeError):
        return "broken", f"ended the process with status {child.returncode}"
