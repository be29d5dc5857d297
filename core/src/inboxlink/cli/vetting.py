"""Which providers are installed and may be used here, from metadata alone: none is imported."""

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from inboxlink.plugins.policy import Verdict
    from inboxlink.plugins.record import ProviderRecord, RecordFile

__all__ = ["Vetted", "usable_packages", "vetted"]


class Vetted(NamedTuple):
    """What metadata, the operator and the record say.

    Args:
        verdicts: Of every provider that is installed.
        record: What was enabled, and what the last checks found.
        file: Where that is kept.
        missing: What each setting names and nobody installed.
    """

    verdicts: tuple["Verdict", ...]
    record: "ProviderRecord"
    file: "RecordFile"
    missing: dict[str, tuple[str, ...]]


def vetted() -> Vetted:
    """Judge every provider that is installed.

    Raises:
        SetupError: The configuration cannot be read.
    """
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


def usable_packages() -> dict[str, str]:
    """The providers that may be used, each with the package that its data stands in.

    Raises:
        SetupError: The configuration cannot be read.
    """
    from inboxlink.plugins.policy import State

    return {
        each.candidate.name: each.candidate.package
        for each in vetted().verdicts
        if each.state is State.AVAILABLE
    }
