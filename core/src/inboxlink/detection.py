"""Ask every provider what it makes of the evidence, and rank what they say."""

from collections.abc import Sequence
from dataclasses import dataclass

from inboxlink.errors import Problem, ProviderFault, problem
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.description import described
from inboxlink.plugins.shape import misfit
from inboxlink.types.detection import Basis, Detection, Evidence
from inboxlink.types.text import Text

__all__ = ["Recommendation", "chosen_by_hand", "recommend"]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What can be said about an address.

    Args:
        evidence: What it rests on.
        candidates: Best first; the order never depends on what was loaded first.
        faults: Providers that could not be asked, and why.
    """

    evidence: Evidence
    candidates: tuple[Detection, ...]
    faults: tuple[Problem, ...] = ()

    @property
    def best(self) -> Detection | None:
        """The first candidate that can be connected; None = the person chooses (req 25)."""
        return next((each for each in self.candidates if each.unsupported is None), None)

    def of(self, provider: str) -> Detection | None:
        """What one provider said."""
        return next((each for each in self.candidates if each.provider == provider), None)


def recommend(evidence: Evidence, caller: Caller, providers: Sequence[str]) -> Recommendation:
    """Ask the providers; `providers` is also the operator's order of preference."""
    found: list[Detection] = []
    faults: list[Problem] = []
    for provider in providers:
        try:
            described(caller, provider)
            detection = caller.call(provider, "detect", evidence=evidence)
            if detection is not None:
                found.append(_checked(detection, provider))
        except ProviderFault as fault:
            faults.append(fault.problem)
    preference = {provider: place for place, provider in enumerate(providers)}
    found.sort(key=lambda each: (-each.basis, preference[each.provider], each.provider))
    return Recommendation(evidence, tuple(found), tuple(faults))


def chosen_by_hand(provider: str, variant: str = "") -> Detection:
    """The detection of a person who chose a provider that recognised nothing."""
    settings = {"variant": variant} if variant else {}
    return Detection(provider, Basis.GUESS, Text("detection.chosen_by_hand"), settings=settings)


def _checked(detection: object, provider: str) -> Detection:
    reason = misfit(detection, Detection)
    if isinstance(detection, Detection) and reason is None:
        if detection.provider == provider:
            return detection
        reason = "it speaks for another provider"
    raise ProviderFault(
        problem(
            "provider_result_invalid", provider=provider, hook="detect", reason=reason or "nothing"
        )
    )
