"""Examine each vetted provider in a child process, under a deadline.

A provider may hang, exit or print at import; a child contains all of that. All children run at
once, so that one that hangs delays no other.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime

from inboxlink.plugins.candidates import Candidate
from inboxlink.plugins.policy import State, Verdict
from inboxlink.plugins.record import CheckResult

__all__ = ["DEADLINE_S", "examine"]

#: Seconds for an import and two pure hooks; a cold import of the largest SDK known takes one.
DEADLINE_S = 8.0

_MARK = "inboxlink-doctor:"


def examine(verdicts: Iterable[Verdict], now: datetime) -> dict[str, CheckResult]:
    """Examine every provider that may be imported.

    Returns:
        By distribution; `skipped` for one that metadata already rules out.
    """
    verdicts = tuple(verdicts)
    available = [each.candidate for each in verdicts if each.state is State.AVAILABLE]
    children = {each.distribution: _start(each) for each in available}
    at = now.isoformat(timespec="seconds")
    results = {}
    for verdict in verdicts:
        candidate = verdict.candidate
        if verdict.state is State.AVAILABLE:
            state, reason = _outcome(children[candidate.distribution])
        else:
            state, reason = "skipped", verdict.state.value
        results[candidate.distribution] = CheckResult(state, reason, candidate.version, at)
    return results


def _start(candidate: Candidate) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "inboxlink.plugins.examination", candidate.distribution, _MARK],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
    )


def _outcome(child: subprocess.Popen[str]) -> tuple[str, str]:
    try:
        printed, _ = child.communicate(timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return "quarantined", f"not done after {DEADLINE_S:g} s"
    last = next((line for line in reversed(printed.splitlines()) if line.startswith(_MARK)), None)
    if last is None:
        return "broken", f"ended the process with status {child.returncode}"
    found = json.loads(last.removeprefix(_MARK))
    return found["state"], found["reason"]
