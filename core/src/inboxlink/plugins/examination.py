"""The child of `doctor`: load one distribution's provider, call its pure hooks, print a verdict.

Run as `python -m inboxlink.plugins.examination DISTRIBUTION MARK`.
"""

import json
import sys

from inboxlink.errors import InboxlinkError, Problem
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.candidates import Candidate, installed
from inboxlink.plugins.loading import load
from inboxlink.types.detection import Detection, Evidence
from inboxlink.types.provider import ProviderInfo

__all__ = ["examine_one", "main"]

#: Evidence that says nothing: a provider must decline it.
_NOTHING = Evidence(domain="nothing.invalid")


def examine_one(candidate: Candidate) -> tuple[str, str]:
    """State and reason of one provider."""
    registry = load((candidate,))
    caller = Caller(registry)
    try:
        info = caller.call(candidate.name, "describe")
        found = caller.call(candidate.name, "detect", evidence=_NOTHING)
    except InboxlinkError as error:
        quarantined = error.code == "provider_overran"
        return ("quarantined" if quarantined else "broken"), _reason(error.problem)
    if not isinstance(info, ProviderInfo) or info.name != candidate.name:
        return "broken", "describe() is not about this provider"
    if found is not None and not isinstance(found, Detection):
        return "broken", "detect() gives something that is no detection"
    return "loaded", ""


def main(distribution: str, mark: str) -> None:
    """Print one line: the mark and the verdict as JSON."""
    candidate = next(each for each in installed() if each.distribution == distribution)
    state, reason = examine_one(candidate)
    sys.stdout.write(f"\n{mark}{json.dumps({'state': state, 'reason': reason})}\n")


def _reason(trouble: Problem) -> str:
    params = trouble.message.params
    return params.get("reason") or f"{trouble.code} in {params.get('hook', 'import')}"


if __name__ == "__main__":
    main(*sys.argv[1:])
