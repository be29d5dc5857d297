"""Whether an installed version meets what a distribution's metadata asks of it.

packaging knows all of the grammar (the PyPA's specification of dependency specifiers), and its
import is a fifth of what `providers list` may cost. So the plain case is judged here, and a test
holds that both judge it alike.
"""

import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["unmet"]

_PLAIN_VERSION = r"\d{1,9}(?:\.\d{1,9}){0,5}"
_PLAIN = re.compile(rf"\s*(>=|<=|==|!=|<|>)\s*({_PLAIN_VERSION})\s*")

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


def unmet(requires: Iterable[str], name: str, version: str) -> str | None:
    """The version specifier that is not met.

    Args:
        requires: Rows of `Requires-Dist`.
        name: The distribution that they are searched for, normalised.
        version: Its installed version.

    Returns:
        The specifier as the row words it; None where every row is met or none speaks of it.
    """
    for row in requires:
        asked = re.match(rf"\s*{re.escape(name)}\s*(?![\w.-])(.*)", row, re.IGNORECASE | re.DOTALL)
        if asked is None:
            continue
        specifier = asked[1].strip()
        if not _is_met(row, specifier, version):
            return specifier
    return None


def _is_met(row: str, specifier: str, version: str) -> bool:
    clauses = [_PLAIN.fullmatch(clause) for clause in specifier.split(",")] if specifier else []
    if not re.fullmatch(_PLAIN_VERSION, version) or None in clauses:
        return _is_met_in_full(row, version)
    return all(
        _COMPARE[clause[1]](_release(version), _release(clause[2])) for clause in clauses if clause
    )


def _is_met_in_full(row: str, version: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(row)
    except InvalidRequirement:
        return False  # what nobody can read, nobody can meet
    if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
        return True  # asked of another machine, or for an extra
    return requirement.specifier.contains(version, prereleases=True)


def _release(version: str) -> tuple[int, ...]:
    # 1.0 and 1.0.0 are the same release.
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (6 - len(numbers)))
