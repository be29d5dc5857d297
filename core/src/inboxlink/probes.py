"""What providers want asked before they judge: their probes, held to their limits."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from inboxlink.errors import Problem, ProviderFault, problem
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.shape import misfit
from inboxlink.types.detection import Evidence
from inboxlink.types.web import Probe

__all__ = ["MAX_PROBES", "Probing"]

#: Of one provider for one domain; for all of them it is as many as there are providers.
MAX_PROBES = 4

_HOOK = "detect_probes"


class Probing:
    """Asks the providers for their probes; what a bad one wants costs its own probes alone.

    Args:
        caller: Runs them.
        providers: Their names.

    Attributes:
        faults: Providers that could not be asked, or wanted what none may, and why.
    """

    def __init__(self, caller: Caller, providers: Sequence[str]) -> None:
        self._caller = caller
        self._providers = [each for each in providers if caller.has(each, _HOOK)]
        self.faults: list[Problem] = []

    @property
    def is_wanted(self) -> bool:
        """Whether any provider has probes."""
        return bool(self._providers)

    def __call__(self, evidence: Evidence) -> tuple[Probe, ...]:
        """The probes for one domain, each once."""
        wanted: dict[Probe, None] = {}
        for provider in self._providers:
            try:
                found = self._caller.call(provider, _HOOK, evidence=evidence)
                wanted |= dict.fromkeys(_checked(found, provider, evidence))
            except ProviderFault as fault:
                self.faults.append(fault.problem)
        return tuple(wanted)


def _checked(found: object, provider: str, evidence: Evidence) -> tuple[Probe, ...]:
    reason = misfit(found, tuple[Probe, ...])
    if isinstance(found, tuple) and reason is None:
        if len(found) > MAX_PROBES:
            reason = f"{len(found)} probes, at most {MAX_PROBES}"
        reason = reason or next(filter(None, (_refusal(each, evidence) for each in found)), None)
        if reason is None:
            return found
    raise ProviderFault(
        problem(
            "provider_result_invalid", provider=provider, hook=_HOOK, reason=reason or "nothing"
        )
    )


def _refusal(probe: Probe, evidence: Evidence) -> str | None:
    """Why a probe is not run; None = it may be."""
    from inboxlink.domains import registrable
    from inboxlink.links import https_url

    url = https_url(probe.url)
    if url is None or url != probe.url:
        return "a probe is an https address on port 443, without a user name"
    host = (urlsplit(url).hostname or "").rstrip(".")
    exchangers = {each.host.rstrip(".").lower() for each in evidence.mx or ()}
    if host in exchangers | {each.host for each in evidence.servers()}:
        return None
    # Nothing above what somebody registered is ever asked.
    above = None if host.rpartition(".")[2].isdigit() else registrable(host)
    if above is not None and above == registrable(evidence.domain):
        return None
    return f"{host} is not below the registered domain, and nothing names it"
