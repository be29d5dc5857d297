"""Why a provider cannot be called, and what brings it back: for whoever has an account with it."""

from collections.abc import Iterable

from inboxlink.errors import Problem, problem
from inboxlink.plugins.candidates import normalised
from inboxlink.plugins.loading import Registry
from inboxlink.plugins.policy import FIRST_PARTY, Verdict
from inboxlink.plugins.record import ProviderRecord

__all__ = ["NOT_INSTALLED", "absence"]

#: The codes of a provider that is nowhere on this machine; any other one is here and ruled out.
NOT_INSTALLED = frozenset({"provider_not_installed", "provider_unknown"})


def absence(
    provider: str, registry: Registry, verdicts: Iterable[Verdict], record: ProviderRecord
) -> Problem | None:
    """Say why a provider cannot be called.

    Args:
        provider: Its name.
        registry: What was loaded.
        verdicts: Of everything that is installed.
        record: What the operator enabled, which tells what brought a provider that is gone.

    Returns:
        `provider_not_installed` with the distribution that brings it; `provider_unknown` where
        nobody here ever heard of it; what rules it out or kept it from loading where it is here;
        None = it can be called.
    """
    if provider in registry.faults:
        return registry.faults[provider].problem
    if provider in registry.candidates:
        return None
    for verdict in verdicts:
        if verdict.candidate.name == provider and verdict.reason is not None:
            return verdict.reason
    distribution = FIRST_PARTY.get(provider) or _enabled_with(provider, record)
    if distribution is None:
        known = ", ".join(registry.names) or "-"
        return problem("provider_unknown", provider=provider, providers=known)
    return problem("provider_not_installed", provider=provider, distribution=distribution)


def _enabled_with(provider: str, record: ProviderRecord) -> str | None:
    for distribution, enabled in record.enabled.items():
        if provider in enabled.providers:
            return normalised(distribution)
    return None
