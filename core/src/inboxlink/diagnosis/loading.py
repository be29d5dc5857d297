"""Read the rules: the core's, and those of the providers that may be used.

A provider's file is data in its package, which is found without importing it. What is no rule in
it is left out, and none of its rules takes the place of another's.
"""

import json
import os
from collections.abc import Iterator, Mapping

from inboxlink.diagnosis.matching import Rules
from inboxlink.diagnosis.rule import Rule, read_rule
from inboxlink.texts import folders_of

__all__ = ["load_rules"]

#: As many as a provider could need many times over.
_MAX_RULES = 500
_MAX_BYTES = 1024 * 1024


def load_rules(distributions: Mapping[str, str]) -> Rules:
    """The rules that count here.

    Args:
        distributions: Provider names, each with the package that its data stands in; only of
            distributions that may be used here.
    """
    found = {rule.id: rule for rule in _core()}
    for provider, package in distributions.items():
        for rule in _provided(provider, package):
            found.setdefault(rule.id, rule)
    return Rules(found.values())


# Not pathlib, whose import is a tenth of what `--help` may cost.
def _core() -> Iterator[Rule]:
    for folder in folders_of("inboxlink"):
        rules = os.path.join(folder, "diagnosis", "rules")  # noqa: PTH118
        for name in sorted(os.listdir(rules)):  # noqa: PTH208
            with open(os.path.join(rules, name), "rb") as file:  # noqa: PTH118, PTH123
                for raw in json.load(file)["rules"]:
                    yield read_rule(raw, None)


def _provided(provider: str, package: str) -> Iterator[Rule]:
    try:
        listed = _listed(package)
    except (OSError, ValueError, ImportError, RecursionError):
        return
    for raw in listed[:_MAX_RULES]:
        try:
            yield read_rule(raw, provider)
        except ValueError:
            continue


def _listed(package: str) -> list[object]:
    for folder in folders_of(package):
        with open(os.path.join(folder, "rules.json"), "rb") as file:  # noqa: PTH118, PTH123
            document: object = json.loads(file.read(_MAX_BYTES))
        listed = document.get("rules") if isinstance(document, dict) else None
        return listed if isinstance(listed, list) else []
    return []
