"""What `detect` says, to whom, and what it reaches for."""

from contextlib import suppress
from typing import TYPE_CHECKING

from inboxlink.errors import Problem, ProviderFault
from inboxlink.plugins.shape import misfit
from inboxlink.testing.contract.disclosing import disclosed
from inboxlink.testing.contract.hostile import hostile_evidence, lookalikes
from inboxlink.testing.contract.ruling import Broken, Exempt, Untried, rule
from inboxlink.testing.contract.trials import Trials
from inboxlink.testing.contract.watching import Watch, watching
from inboxlink.testing.contract.wording import miscatalogued, unworded
from inboxlink.texts import LANGUAGES
from inboxlink.types.detection import Basis, Detection, Evidence

if TYPE_CHECKING:
    from inboxlink.plugins.calling import Caller

__all__ = ["DetectionRules"]

#: How much of a hostile domain is shown.
_SHOWN = 40


class DetectionRules:
    """Rules of the pure hooks about a domain."""

    @rule("junk-declined")
    def test_junk_declined(self, contract: Trials) -> None:
        """Of 200 hostile domains it claims none, and on none of them does it stumble."""
        caller = contract.caller()
        for evidence in hostile_evidence():
            shown = f"{evidence.domain[:_SHOWN]!r}"
            try:
                found = caller.call(contract.provider, "detect", evidence=evidence)
            except ProviderFault as fault:
                reason = fault.problem.message.params.get("reason", fault.code)
                raise Broken(f"detect, asked about {shown}: {reason}") from None
            trouble = misfit(found, Detection | None)
            if trouble is not None:
                raise Broken(f"detect, asked about {shown}, gave {trouble}")
            is_bare = evidence == Evidence(evidence.domain)
            if found is not None and (is_bare or found.provider != contract.provider):
                raise Broken(f"detect claims {shown}, of which nothing is known")

    @rule("no-network")
    def test_no_network(self, contract: Trials) -> None:
        """The pure hooks open no socket and start no process."""
        watch = _watched(contract)
        if watch.network:
            raise Broken(f"a pure hook caused {watch.network[0]}")

    @rule("no-clock")
    def test_no_clock(self, contract: Trials) -> None:
        """The pure hooks ask neither the time nor chance."""
        watch = _watched(contract)
        if watch.clock:
            raise Broken(f"a pure hook called {watch.clock[0]}")

    @rule("probes-within-limits")
    def test_probes_within_limits(self, contract: Trials) -> None:
        """It wants no more asked of the web than a provider may."""
        from inboxlink.probes import Probing

        caller = contract.caller()
        if not caller.has(contract.provider, "detect_probes"):
            raise Exempt("it has no `detect_probes`")
        probing = Probing(caller, (contract.provider,))
        for evidence in (*_claimed(contract), *hostile_evidence()):
            probing(evidence)
            if probing.faults:
                reason = probing.faults[0].message.params.get("reason", probing.faults[0].code)
                raise Broken(f"detect_probes for {evidence.domain[:_SHOWN]!r}: {reason}")

    @rule("claims")
    def test_claims(self, contract: Trials) -> None:
        """It recognises what its author says that it does, and says why in every language."""
        if not contract.claims:
            raise Untried("declare `claims`, at least one piece of evidence that it recognises")
        caller = contract.caller()
        for claim in contract.claims:
            domain = claim.evidence.domain
            with contract.judging():
                found = caller.call(contract.provider, "detect", evidence=claim.evidence)
                again = caller.call(contract.provider, "detect", evidence=claim.evidence)
            trouble = misfit(found, Detection)
            if trouble is not None:
                raise Broken(f"detect for {domain}: {trouble}")
            if found != again:
                raise Broken(f"detect for {domain} says one thing first and another thing then")
            if found.provider != contract.provider:
                raise Broken(f"detect for {domain} speaks for {found.provider}")
            if claim.basis is not None and found.basis is not claim.basis:
                raise Broken(
                    f"detect for {domain} rests on {found.basis.name}, not {claim.basis.name}"
                )
            refused = None if found.unsupported is None else found.unsupported.code
            if refused != claim.refused:
                raise Broken(f"detect for {domain} refuses with {refused}, not {claim.refused}")
            texts = [found.because]
            if found.unsupported is not None:
                texts += [found.unsupported.because, *filter(None, [found.unsupported.instead])]
            for text in texts:
                trouble = unworded(text, contract.candidate)
                if trouble is not None:
                    raise Broken(f"detect for {domain}: {trouble}")

    @rule("declines")
    def test_declines(self, contract: Trials) -> None:
        """It leaves to others what is not its own, and what only looks like it."""
        if not contract.declines:
            raise Untried("declare `declines`, at least one piece of evidence that is not its own")
        caller = contract.caller()
        alike = tuple(
            each
            for claim in contract.claims
            if claim.basis in (None, Basis.OWNED_DOMAIN)
            for each in lookalikes(claim.evidence.domain)
        )
        for evidence in (*contract.declines, *alike):
            with contract.judging():
                found = caller.call(contract.provider, "detect", evidence=evidence)
            if found is not None:
                raise Broken(f"detect claims {evidence.domain}")

    @rule("client-checked")
    def test_client_checked(self, contract: Trials) -> None:
        """It says what is wrong with a registration that is empty, without asking anybody."""
        import secrets
        import time

        from inboxlink.testing.contract.installation import Clock, no_network
        from inboxlink.types.context import HookContext

        caller = contract.caller()
        if not caller.has(contract.provider, "check_client"):
            raise Exempt("it has no `check_client`")
        context = HookContext(
            deadline=time.monotonic() + 1,
            wire=no_network(),
            clock=Clock(),
            random_token=secrets.token_urlsafe,
        )
        with contract.judging(), watching(contract.provider) as watch:
            watched = contract.caller()
            found = watched.call(contract.provider, "check_client", ctx=context, online=False)
        trouble = misfit(found, tuple[Problem, ...])
        if trouble is None:
            trouble = next(
                filter(None, (miscatalogued(each, contract.candidate) for each in found)), None
            )
        if trouble is None and watch.network:
            trouble = f"{watch.network[0]}, though it was asked offline"
        if trouble is not None:
            raise Broken(f"check_client: {trouble}")


def _claimed(contract: Trials) -> tuple[Evidence, ...]:
    return tuple(claim.evidence for claim in contract.claims)


def _watched(contract: Trials) -> Watch:
    """Every pure hook, called as often as there is something to call it with."""
    from inboxlink.plugins.calling import Caller

    registry = contract.registry()
    provider = contract.provider
    with watching(provider) as watch:
        caller = Caller(registry)  # its threads begin within
        for evidence in (*_claimed(contract), *contract.declines, *hostile_evidence()[::10]):
            _try(caller, provider, "detect", evidence)
            if caller.has(provider, "detect_probes"):
                _try(caller, provider, "detect_probes", evidence)
        for language in LANGUAGES:
            with contract.judging():
                disclosed(caller, provider, language)
    return watch


def _try(caller: "Caller", provider: str, hook: str, evidence: Evidence) -> None:
    with suppress(ProviderFault):  # what it stumbles on is for another rule to say
        caller.call(provider, hook, evidence=evidence)
