"""Distributions written by hand: real entry points without an installer."""

from pathlib import Path

from inboxlink.plugins.candidates import Candidate, installed
from inboxlink.plugins.policy import Policy, Verdict, vet
from inboxlink.plugins.record import Enabled, ProviderRecord

__all__ = [
    "NOTHING",
    "candidate",
    "detecting",
    "disclosing",
    "enabled",
    "good",
    "install",
    "verdicts",
]

NOTHING = ProviderRecord({}, {})
POLICY = Policy()

_GOOD = """
from inboxlink import hookimpl
from inboxlink.types.disclosure import Audience
from inboxlink.types.provider import ProviderInfo
from inboxlink.types.text import Text

@hookimpl
def describe():
    return ProviderInfo({name!r}, Text("{name}.title"), Text("{name}.summary"), frozenset(Audience))

@hookimpl
def detect(evidence):
    return None

@hookimpl
def disclose(detection, ctx):
    return ()

@hookimpl
def authenticate(ctx, step, state, event):
    return None

@hookimpl
def verify(ctx, credential, settings, endpoints):
    return None
"""


def good(name: str) -> str:
    """The code of a provider with which nothing is wrong."""
    return _GOOD.replace("{name!r}", repr(name)).replace("{name}", name)


def detecting(name: str, body: str) -> str:
    """A provider that is good but for its `detect`."""
    return good(name).replace("evidence):\n    return None", f"evidence):\n    {body}")


def disclosing(name: str, body: str) -> str:
    """A provider that is good but for its `disclose`."""
    return good(name).replace("ctx):\n    return ()", f"ctx):\n    {body}", 1)


def install(
    directory: Path,
    distribution: str,
    name: str,
    code: str | None = None,
    requires: str = "inboxlink",
    entry: str | None = None,
) -> Path:
    """Put a provider's distribution into a directory of the path; gives its module's file.

    `entry` is what its entry point names, where that is not its module.
    """
    module = f"{distribution.replace('-', '_')}_module"
    file = directory / f"{module}.py"
    file.write_text(good(name) if code is None else code)
    info = directory / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\nRequires-Dist: {requires}\n"
    )
    (info / "entry_points.txt").write_text(f"[inboxlink.providers]\n{name} = {entry or module}\n")
    (info / "RECORD").write_text(f"{module}.py,sha256=aaaa,10\n")
    return file


def verdicts(policy: Policy = POLICY, record: ProviderRecord = NOTHING) -> dict[str, Verdict]:
    """What metadata tells of everything that is installed, by distribution."""
    return {each.candidate.distribution: each for each in vet(installed(), policy, record)}


def candidate(distribution: str) -> Candidate:
    """The one provider of a distribution."""
    return next(each for each in installed() if each.distribution == distribution)


def enabled(distribution: str) -> ProviderRecord:
    """The record of an operator who enabled a distribution as it is now."""
    found = candidate(distribution)
    return ProviderRecord({distribution: Enabled(found.version, found.digest, "now")}, {})
