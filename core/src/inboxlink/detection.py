"""Ask every provider what it makes of the evidence, and rank what they say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from inboxlink.errors import Problem, ProviderFault, problem
from inboxlink.plugins.calling import Caller
from inboxlink.plugins.description import described
from inboxlink.plugins.shape import misfit
from inboxlink.types.detection import Basis, Detection, Endpoint, Evidence, Trust
from inboxlink.types.text import Text

__all__ = ["MADE_FOR_A_HOSTER", "NotInstalled", "Recommendation", "chosen_by_hand", "recommend"]

#: Which first-party provider is made for which fact about hosting.
_MADE_FOR = {
    "gmail": "gmail",
    "google": "gmail",
    "outlook_com": "outlook",
    "microsoft_365": "outlook",
    "exchange_onprem": "exchange",
}

#: They know their hoster better than a provider for any server does.
MADE_FOR_A_HOSTER = frozenset(_MADE_FOR.values())


@dataclass(frozen=True, slots=True)
class NotInstalled:
    """A provider that is made for what was found, and is not here.

    Args:
        provider: Its name.
        distribution: What to install.
        shown_by: What shows that it would be right.
    """

    provider: str
    distribution: str
    shown_by: str

    @property
    def command(self) -> str:
        """What the operator types."""
        return f"pip install {self.distribution}"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What can be said about an address.

    Args:
        evidence: What it rests on.
        candidates: Best first; the order never depends on what was loaded first.
        faults: Providers that could not be asked, and why.
        not_installed: Providers that would be right and are not here.
    """

    evidence: Evidence
    candidates: tuple[Detection, ...]
    faults: tuple[Problem, ...] = ()
    not_installed: tuple[NotInstalled, ...] = ()

    @property
    def best(self) -> Detection | None:
        """The first candidate that can be connected; None = the person chooses (req 25)."""
        return next((each for each in self.candidates if each.unsupported is None), None)

    @property
    def is_empty(self) -> bool:
        """Whether nobody can say anything."""
        return not self.candidates and not self.not_installed

    @property
    def meant(self) -> str | None:
        """The domain that was probably meant, where nobody can say anything of this one."""
        if not self.is_empty:
            return None
        from inboxlink.evidence.slips import probably_meant

        return probably_meant(self.evidence.domain)

    def to_confirm(self, detection: Detection) -> tuple[str, ...]:
        """Registered domains that the person confirms before any of their servers hears a secret.

        They are those outside the address's own, which only unsigned DNS, plain http or a guess
        leads to: whoever can forge that can name any server (RFC 6186 section 6). What plain http
        alone says is confirmed whatever it names.
        """
        hosts = {
            endpoint.host
            for endpoint in detection.endpoints
            if self.evidence.trust_of(endpoint.host) <= Trust.DNS
        }
        if not hosts:
            return ()
        from inboxlink.domains import registrable

        named = {registrable(host) or host for host in hosts}
        is_insecure = detection.basis is Basis.INSECURE
        own = set() if is_insecure else {registrable(self.evidence.domain)}
        return tuple(sorted(named - own))

    def to_check(self) -> tuple[Endpoint, ...]:
        """Servers of the best candidate that are worth a greeting before they are named.

        Those of the table and of the operator were tried by others; a guess has just greeted.
        """
        best = self.best
        if best is None or best.basis is Basis.GUESS:
            return ()
        trust_of = self.evidence.trust_of
        return tuple(each for each in best.endpoints if trust_of(each.host) < Trust.SHIPPED)

    def of(self, provider: str) -> Detection | None:
        """What one provider said."""
        return next((each for each in self.candidates if each.provider == provider), None)


def recommend(
    evidence: Evidence,
    caller: Caller,
    providers: Sequence[str],
    faults: Sequence[Problem] = (),
) -> Recommendation:
    """Ask the providers; `providers` is also the operator's order of preference.

    Args:
        evidence: What was gathered.
        caller: Runs them.
        providers: Their names.
        faults: Of theirs, from before they were asked.
    """
    found: list[Detection] = []
    faults = list(faults)
    for provider in providers:
        try:
            described(caller, provider)
            detection = caller.call(provider, "detect", evidence=evidence)
            if detection is not None:
                found.append(_checked(detection, provider))
        except ProviderFault as fault:
            if fault.problem not in faults:
                faults.append(fault.problem)
    preference = {provider: place for place, provider in enumerate(providers)}
    found.sort(key=lambda each: (-each.basis, preference[each.provider], each.provider))
    recommendation = Recommendation(evidence, tuple(found), tuple(faults))
    return replace(recommendation, not_installed=_not_installed(recommendation, providers))


def chosen_by_hand(provider: str, variant: str = "") -> Detection:
    """The detection of a person who chose a provider that recognised nothing."""
    settings = {"variant": variant} if variant else {}
    return Detection(provider, Basis.GUESS, Text("detection.chosen_by_hand"), settings=settings)


def _not_installed(
    recommendation: Recommendation, providers: Sequence[str]
) -> tuple[NotInstalled, ...]:
    evidence, shown_by = recommendation.evidence, dict[str, str]()
    for fact in evidence.hosting:
        provider = _MADE_FOR.get(fact.name)
        if provider is not None and fact.is_conclusive:
            shown_by[provider] = fact.shown_by
    server = next((each for each in evidence.servers() if each.protocol == "imap"), None)
    if server is not None and not shown_by and recommendation.best is None:
        shown_by["imap"] = f"{server.host}:{server.port}"
    return tuple(
        NotInstalled(provider, f"inboxlink-{provider}", shown)
        for provider, shown in shown_by.items()
        if provider not in providers
    )


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
