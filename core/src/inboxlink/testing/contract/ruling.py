"""How a rule is tried, and the four things that can come of it."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar, cast

import pytest

from inboxlink.testing.contract.rules import RULES, Level

if TYPE_CHECKING:
    from inboxlink.testing.contract.trials import Trials

__all__ = ["ATTRIBUTE", "Broken", "Exempt", "Untried", "rule"]

#: Names the rule on the function that tries it.
ATTRIBUTE = "inboxlink_rule"

_ORDER = tuple(Level)
_Test = TypeVar("_Test", bound=Callable[..., None])


class Broken(Exception):
    """The rule is broken; `said` is what was seen, never with a secret in it."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class Exempt(Exception):
    """The provider lacks the capability that the rule asks of."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class Untried(Exception):
    """The rule could not be tried: a declaration is missing, or another rule is broken first."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def rule(identifier: str) -> Callable[[_Test], _Test]:
    """Make a method the one test of a rule."""
    asked = RULES[identifier]

    def mark(function: _Test) -> _Test:
        @wraps(function)
        def test(self: object, contract: "Trials") -> None:
            try:
                function(self, contract)
            except Exempt as exempt:
                pytest.skip(f"exempt: {exempt.said}")
            except Untried as untried:
                if _ORDER.index(asked.level) <= _ORDER.index(contract.aims_at):
                    raise
                pytest.skip(f"untried: {untried.said}")

        setattr(test, ATTRIBUTE, identifier)
        return cast("_Test", test)

    return mark
