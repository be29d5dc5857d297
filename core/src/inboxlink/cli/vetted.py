"""What is installed and what may be used of it, for the commands that speak of providers.

Metadata and the record alone are read; no provider is imported.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

import click

from inboxlink.cli.session import Session
from inboxlink.texts import safe_text

if TYPE_CHECKING:
    from inboxlink.errors import Problem
    from inboxlink.plugins.candidates import Candidate
    from inboxlink.plugins.policy import Verdict
    from inboxlink.plugins.record import ProviderRecord, RecordFile

__all__ = ["Vetted", "explain", "indent", "named", "vetted"]


class Vetted(NamedTuple):
    """Every provider with its verdict, the record, and what the settings name in vain."""

    verdicts: tuple["Verdict", ...]
    record: "ProviderRecord"
    file: "RecordFile"
    missing: dict[str, tuple[str, ...]]


def vetted() -> Vetted:
    """Look at what is installed."""
    from inboxlink.config import source
    from inboxlink.config.paths import locate
    from inboxlink.plugins.candidates import installed
    from inboxlink.plugins.policy import Policy, vet
    from inboxlink.plugins.record import RecordFile

    paths = locate(os.environ)
    file = RecordFile(paths.data)
    record = file.read()
    policy = Policy.read(os.environ, source.provider_names(source.read(paths.config)))
    candidates = installed()
    return Vetted(vet(candidates, policy, record), record, file, policy.missing(candidates))


def named(candidate: "Candidate") -> tuple[str, str, str]:
    """Name, distribution and version, ready to be shown."""
    # All three come from a file that somebody else wrote.
    name, distribution, version = (
        safe_text(part, 60) for part in (candidate.name, candidate.distribution, candidate.version)
    )
    return name, distribution, version


def explain(session: Session, trouble: "Problem | None") -> None:
    """A problem and what to do next, indented."""
    if trouble is None:
        return
    indent(session.words(trouble.message))
    if trouble.remedy is not None:
        indent(f"→ {session.words(trouble.remedy)}")


def indent(worded: str) -> None:
    """Print a text below what it belongs to."""
    import shutil

    from inboxlink.cli.wrapping import wrapped

    width = shutil.get_terminal_size().columns - 4
    for line in wrapped(worded, width).splitlines():
        click.echo(f"    {line}")
