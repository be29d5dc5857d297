"""Which installed providers may be imported, and the reason where one may not.

A name can come from two distributions, a name of ours from somebody else's, and an import is the
execution of code: all of that is settled here, on metadata, before stevedore sees a thing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

import inboxlink
from inboxlink.errors import Problem, problem
from inboxlink.plugins.candidates import UNKNOWN, Candidate, normalised
from inboxlink.plugins.record import ProviderRecord
from inboxlink.plugins.requirement import unmet

__all__ = ["FIRST_PARTY", "Policy", "State", "Verdict", "vet"]

#: Reserved names, and the one distribution that each may come from.
FIRST_PARTY: Mapping[str, str] = {
    name: f"inboxlink-{name}" for name in ("gmail", "outlook", "exchange", "imap")
}


class State(StrEnum):
    """What metadata tells of a provider."""

    AVAILABLE = "available"
    BLOCKED = "blocked"
    UNTRUSTED = "untrusted"
    CONFLICT = "conflict"
    INCOMPATIBLE = "incompatible"
    DAMAGED = "damaged"


class Policy(NamedTuple):
    """The operator's word on distributions.

    Args:
        only: Exactly these distributions, enabled or not; None = those that are ours and those
            that were enabled.
        blocked: Never these, whatever else is said.
        names: Provider names that may be used; None = any.
    """

    only: frozenset[str] | None = None
    blocked: frozenset[str] = frozenset()
    names: frozenset[str] | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str], names: Collection[str] | None = None) -> "Policy":
        """Read `INBOXLINK_PROVIDERS` and `INBOXLINK_BLOCK_PROVIDERS`.

        Unset and empty are not the same: unset leaves the choice to the record, empty means none.
        """
        only = environ.get("INBOXLINK_PROVIDERS")
        return cls(
            only=None if only is None else frozenset(_names(only)),
            blocked=frozenset(_names(environ.get("INBOXLINK_BLOCK_PROVIDERS", ""))),
            names=None if names is None else frozenset(names),
        )

    def missing(self, candidates: Iterable[Candidate]) -> dict[str, tuple[str, ...]]:
        """What each setting names and nobody installed, mostly a slip of the finger."""
        candidates = tuple(candidates)
        distributions = {each.distribution for each in candidates}
        named = {
            "INBOXLINK_PROVIDERS": (self.only or frozenset()) - distributions,
            "INBOXLINK_BLOCK_PROVIDERS": self.blocked - distributions,
            "providers.allow": (self.names or frozenset()) - {each.name for each in candidates},
        }
        return {setting: tuple(sorted(names)) for setting, names in named.items() if names}


class Verdict(NamedTuple):
    """A candidate, its state, and why it is not available (None where it is)."""

    candidate: Candidate
    state: State
    reason: Problem | None = None


def vet(
    candidates: Iterable[Candidate], policy: Policy, record: ProviderRecord
) -> tuple[Verdict, ...]:
    """Judge every candidate; the order is kept."""
    candidates = tuple(candidates)
    # A blocked distribution claims no name, so that blocking is the way out of a conflict; nor
    # does one that cannot be used.
    claims = Counter(
        each.name
        for each in candidates
        if each.distribution not in policy.blocked and each.version != UNKNOWN
    )
    return tuple(_judge(each, candidates, claims, policy, record) for each in candidates)


def _judge(
    candidate: Candidate,
    candidates: tuple[Candidate, ...],
    claims: Counter[str],
    policy: Policy,
    record: ProviderRecord,
) -> Verdict:
    name, distribution = candidate.name, candidate.distribution

    def verdict(state: State, others: str = "", wanted: str = "") -> Verdict:
        reason = problem(
            f"provider_{state}",
            provider=name,
            distribution=distribution,
            version=candidate.version,
            others=others,
            wanted=wanted,
            core=inboxlink.__version__,
        )
        return Verdict(candidate, state, reason)

    if distribution in policy.blocked:
        return verdict(State.BLOCKED)
    if policy.only is not None and distribution not in policy.only:
        return verdict(State.BLOCKED)
    if policy.names is not None and name not in policy.names:
        return verdict(State.BLOCKED)
    owner = FIRST_PARTY.get(name)
    if owner is not None and distribution != owner:
        return verdict(State.CONFLICT, others=owner)
    if claims[name] > 1 and owner is None:
        others = sorted(
            each.distribution
            for each in candidates
            if each.name == name
            and each.distribution != distribution
            and each.distribution not in policy.blocked
        )
        return verdict(State.CONFLICT, others=", ".join(others) or distribution)
    if candidate.version == UNKNOWN:
        return verdict(State.DAMAGED)
    wanted = unmet(candidate.requires, "inboxlink", inboxlink.__version__)
    if wanted is not None:
        return verdict(State.INCOMPATIBLE, wanted=wanted)
    if owner is None and policy.only is None:
        enabled = record.enabled.get(distribution)
        if enabled is None:
            return verdict(State.UNTRUSTED)
        if enabled.digest != candidate.digest:
            changed = problem(
                "provider_changed",
                distribution=distribution,
                version=candidate.version,
                before=enabled.version,
            )
            return Verdict(candidate, State.UNTRUSTED, changed)
    return Verdict(candidate, State.AVAILABLE)


def _names(listed: str) -> list[str]:
    return [normalised(name.strip()) for name in listed.split(",") if name.strip()]
