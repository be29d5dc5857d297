"""The child of `doctor`: load one provider, call its pure hooks, write a verdict.

Run as `python -m inboxlink.plugins.examination DISTRIBUTION NAME DESCRIPTOR`.
"""

import json
import os
import sys
import threading

from inboxlink.errors import InboxlinkError, Problem
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.candidates import Candidate, installed
from inboxlink.plugins.description import described
from inboxlink.plugins.loading import load
from inboxlink.plugins.shape import misfit
from inboxlink.types.detection import Detection, Evidence

__all__ = ["examine_one", "main"]

#: Evidence that says nothing: a provider must decline it.
_NOTHING = Evidence(domain="nothing.invalid")


def examine_one(candidate: Candidate) -> tuple[str, str]:
    """State and reason of one provider."""
    caller = Caller(load((candidate,)))
    try:
        described(caller, candidate.name)
        found = caller.call(candidate.name, "detect", evidence=_NOTHING)
    except InboxlinkError as error:
        is_hanging = error.code == "provider_overran"
        return ("quarantined" if is_hanging else "broken"), _reason(error.problem)
    reason = misfit(found, Detection | None)
    if reason is not None:
        return "broken", f"detect: {reason}"
    if any(
        each is not threading.main_thread() and not each.daemon for each in threading.enumerate()
    ):
        return "broken", "it leaves a thread running that keeps the program from ending"
    return "loaded", ""


def main(distribution: str, name: str, descriptor: str) -> None:
    """Write the verdict as JSON, and end whatever the provider left running."""
    candidate = next(
        each for each in installed() if (each.distribution, each.name) == (distribution, name)
    )
    state, reason = examine_one(candidate)
    os.write(int(descriptor), json.dumps({"state": state, "reason": reason[:1000]}).encode())
    os._exit(0)


def _reason(trouble: Problem) -> str:
    params = trouble.message.params
    hook = params.get("hook")
    if hook is None:
        return params.get("reason") or trouble.code
    return f"{hook}: {params.get('reason') or trouble.code}"


if __name__ == "__main__":
    main(*sys.argv[1:])
