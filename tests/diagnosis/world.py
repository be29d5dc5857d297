"""The rules of everything that is installed here, and what is held against them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from inboxlink.diagnosis import Rules, load_rules

__all__ = ["FILES", "GOLDEN", "PACKAGES", "all_rules", "golden"]

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"

#: The providers that are ours, with the packages that their rules stand in.
PACKAGES = {
    folder.name: f"inboxlink_{folder.name}" for folder in sorted((ROOT / "plugins").iterdir())
}

#: Every file of rules.
FILES = (
    *sorted((ROOT / "core/src/inboxlink/diagnosis/rules").glob("*.json")),
    *sorted((ROOT / "plugins").glob("*/src/*/rules.json")),
)


@cache
def all_rules() -> Rules:
    """The core's rules and those of every provider."""
    return load_rules(PACKAGES)


@cache
def golden() -> tuple[dict[str, Any], ...]:
    """Every text with the rule that it answers."""
    return tuple(
        row for file in sorted(GOLDEN.glob("*.json")) for row in json.loads(file.read_text("utf-8"))
    )
