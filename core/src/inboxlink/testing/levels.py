"""What came of each rule, and the level that this amounts to.

A level is reached when each of its rules, and each of those below it, was kept. A rule that asks
of a capability which the provider does not have is exempt. One that could not be tried, because
the author declared nothing to try it with, is not kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from inboxlink.testing.contract.rules import RULES, Level

__all__ = ["Level", "Outcome", "Result", "State", "level_of"]


class State(StrEnum):
    """What came of a rule."""

    KEPT = "kept"
    BROKEN = "broken"
    #: The provider lacks the capability that the rule asks of, which is no fault.
    EXEMPT = "exempt"
    #: It could not be tried; nobody knows.
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one rule.

    Args:
        rule: Its id.
        state: In a word.
        said: What was seen, or which declaration is missing; empty where it was kept.
    """

    rule: str
    state: State
    said: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one contract.

    Args:
        provider: Its name.
        distribution: That it comes from, normalised.
        version: Of the distribution.
        digest: See `Candidate.digest`.
        outcomes: One for each rule, in the order of the table.
    """

    provider: str
    distribution: str
    version: str
    digest: str
    outcomes: tuple[Outcome, ...]

    @property
    def level(self) -> Level:
        """The highest level that was reached."""
        return level_of(self.outcomes)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "level": self.level.value}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Result":
        """Read what `document` gave.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        return cls(
            **{name: str(document[name]) for name in ("provider", "distribution", "version")},
            digest=str(document["digest"]),
            outcomes=_whole(
                Outcome(str(each["rule"]), State(each["state"]), str(each["said"]))
                for each in document["outcomes"]
            ),
        )


def _whole(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    known = {each.rule: each for each in outcomes}
    return tuple(known.get(rule, Outcome(rule, State.UNTRIED, "it was not run")) for rule in RULES)


def level_of(outcomes: Iterable[Outcome]) -> Level:
    """The highest level whose rules, and those of the levels below, are all kept or exempt."""
    settled = {each.rule for each in outcomes if each.state in (State.KEPT, State.EXEMPT)}
    reached = Level.NONE
    for level in (Level.BRONZE, Level.SILVER, Level.GOLD):
        if any(each.level is level and each.id not in settled for each in RULES.values()):
            return reached
        reached = level
    return reached
