"""Whether a text is worded in every language, and whether a problem is one that can be told."""

import json
import re
import string
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from inboxlink.errors import CODES, Problem
from inboxlink.plugins.candidates import Candidate
from inboxlink.texts import LANGUAGES
from inboxlink.types.text import Text

__all__ = ["miscatalogued", "placeholders", "strings_of", "unworded"]

#: Filled by the host in every text.
_COMMON = frozenset({"app"})


def strings_of(package: str, language: str) -> Mapping[str, object] | None:
    """The strings of a top-level package; None = there is no such file, or it is no JSON object."""
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        try:
            text = (Path(folder) / "strings" / f"{language}.json").read_text(encoding="utf-8")
            found = json.loads(text)
        except (OSError, ValueError):
            continue
        return found if isinstance(found, dict) else None
    return None


def placeholders(template: str) -> frozenset[str]:
    """The names in braces; one that cannot be read is named as it stands."""
    try:
        return frozenset(
            name for _, name, _, _ in string.Formatter().parse(template) if name is not None
        )
    except ValueError:
        return frozenset({template})


def unworded(text: Text, candidate: Candidate) -> str | None:
    """Why a text cannot be shown in every language; None = it can."""
    for language in LANGUAGES:
        found = _known("inboxlink", language).get(text.key)
        if found is None and text.key.partition(".")[0] == candidate.name:
            found = (strings_of(candidate.package, language) or {}).get(text.key)
        if not isinstance(found, str):
            return f"{text.key} has no words in {language}"
        lacking = placeholders(found) - text.params.keys() - _COMMON
        if lacking:
            return f"{text.key} in {language} lacks {', '.join(sorted(lacking))}"
    return None


def miscatalogued(problem: Problem, candidate: Candidate) -> str | None:
    """Why a problem is not one that a host can tell; None = it is."""
    known = CODES.get(problem.code)
    if known is not None and known[0] is not problem.kind:
        return f"{problem.code} is {problem.kind.value}, the catalogue has {known[0].value}"
    if known is None and not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", problem.code):
        return f"the code {problem.code!r} is no snake_case name"
    if known is None and not problem.message.key.startswith(f"{candidate.name}."):
        return f"{problem.code} is in no catalogue, and its words are not the provider's own"
    for text in (problem.message, problem.remedy):
        trouble = None if text is None else unworded(text, candidate)
        if trouble is not None:
            return f"{problem.code}: {trouble}"
    return None


@cache
def _known(package: str, language: str) -> Mapping[str, object]:
    return strings_of(package, language) or {}


def first(found: Iterable[str | None]) -> str | None:
    """The first trouble; None = there is none."""
    return next(filter(None, found), None)
