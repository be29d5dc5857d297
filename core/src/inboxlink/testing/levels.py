"""What came of each rule, and the level that this amounts to.

A level is reached when each of its rules, and each of those below it, was kept. A rule that asks
of a capability which the provider does not have is exempt. One that could not be tried, because
the author declared nothing to try it with, is not kept.
"""

from collections.abc import Iterable
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
        contract: The name of the class that declares it.
        distribution: That it comes from, normalised.
        version: Of the distribution.
        digest: See `Candidate.digest`.
        outcomes: One for each rule, in the order of the table.
    """

    provider: str
    contract: str
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
        outcomes = [
            {**asdict(each), "level": RULES[each.rule].level.value} for each in self.outcomes
        ]
        return {**asdict(self), "outcomes": outcomes, "level": self.level.value}


def level_of(outcomes: Iterable[Outcome]) -> Level:
    """The highest level whose rules, and those of the levels below, are all kept or exempt."""
    settled = {each.rule for each in outcomes if each.state in (State.KEPT, State.EXEMPT)}
    reached = Level.NONE
    for level in (Level.BRONZE, Level.SILVER, Level.GOLD):
        if any(each.level is level and each.id not in settled for each in RULES.values()):
            return reached
        reached = level
    return reached
