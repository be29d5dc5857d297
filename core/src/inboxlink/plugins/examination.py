"""The child of `doctor`: load one provider, call its pure hooks, write a verdict.

Run as `python -m inboxlink.plugins.examination DISTRIBUTION NAME DESCRIPTOR`. Before each stage
its name is written, so that a child that ends or hangs leaves word of where it did.
"""

import json
import os
import sys
import threading
from collections.abc import Callable

from inboxlink.errors import InboxlinkError, Problem, ProviderFault, problem
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.candidates import Candidate, installed
from inboxlink.plugins.description import described
from inboxlink.plugins.loading import load
from inboxlink.plugins.shape import misfit
from inboxlink.types.detection import Basis, Detection, Evidence
from inboxlink.types.disclosure import (
    Application,
    Audience,
    Capability,
    DiscloseContext,
    Disclosure,
)
from inboxlink.types.text import Text
from inboxlink.types.web import Probe

__all__ = ["examine_one", "main"]

#: Evidence that says nothing, of a domain that cannot exist (RFC 6761 section 6.4).
_NOTHING = Evidence(domain="nothing.invalid")

#: A reader who asks for the disclosures; whose application it is, no provider may depend on.
_READER = DiscloseContext(Application("inboxlink"), "en", Audience.PERSONAL, frozenset(Capability))

_MAX_PARAM_CHARACTERS = 300


def examine_one(
    candidate: Candidate, at: Callable[[str], None] = lambda _: None
) -> tuple[str, Problem | None]:
    """State of one provider, and what is wrong with it; `at` is told each stage before it."""
    before = set(threading.enumerate())
    try:
        at("import")
        caller = Caller(load((candidate,)))
        _call_pure_hooks(caller, candidate.name, at)
    except InboxlinkError as error:
        is_hanging = error.code == "provider_overran"
        return ("quarantined" if is_hanging else "broken"), error.problem
    if any(not each.daemon for each in set(threading.enumerate()) - before):
        return "broken", problem("provider_lingers", provider=candidate.name)
    return "loaded", None


def _call_pure_hooks(caller: Caller, name: str, at: Callable[[str], None]) -> None:
    at("describe")
    info = described(caller, name)
    if caller.has(name, "detect_probes"):
        at("detect_probes")
        wanted = caller.call(name, "detect_probes", evidence=_NOTHING)
        reason = misfit(wanted, tuple[Probe, ...])
        if reason is not None:
            raise _broken(name, "detect_probes", reason)
    at("detect")
    found = caller.call(name, "detect", evidence=_NOTHING)
    reason = misfit(found, Detection | None)
    if reason is None and found is not None and found.provider != name:
        reason = "it speaks for another provider"
    if reason is not None:
        raise _broken(name, "detect", reason)
    at("disclose")
    for variant in ("", *info.variants):
        settings = {"variant": variant} if variant else {}
        detection = Detection(name, Basis.GUESS, Text(""), settings=settings)
        told = caller.call(name, "disclose", detection=detection, ctx=_READER)
        reason = misfit(told, tuple[Disclosure, ...])
        if reason is not None:
            raise _broken(name, "disclose", reason)


def _broken(name: str, hook: str, reason: str) -> ProviderFault:
    return ProviderFault(
        problem("provider_result_invalid", provider=name, hook=hook, reason=reason)
    )


def main(distribution: str, name: str, descriptor: str) -> None:
    """Write the stages and the verdict as JSON lines, and end whatever was left running."""

    def write(**line: object) -> None:
        os.write(int(descriptor), json.dumps(line).encode() + b"\n")

    candidate = next(
        each for each in installed() if (each.distribution, each.name) == (distribution, name)
    )
    state, trouble = examine_one(candidate, lambda stage: write(stage=stage))
    code, given = ("", {}) if trouble is None else (trouble.code, trouble.message.params)
    params = {key: str(value)[:_MAX_PARAM_CHARACTERS] for key, value in given.items()}
    write(state=state, code=code, params=params)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
