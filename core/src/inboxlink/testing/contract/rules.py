"""The rules, from the ones that need no declaration to the ones that need the most.

Each is tried by one test of `ProviderContract`, and has a page in `docs/reference/contract`. Its
title and what to change stand in the strings as `contract.ID` and `contract.ID.change`.
"""

from dataclasses import dataclass
from enum import StrEnum

from inboxlink.types.text import Text

__all__ = ["RULES", "Level", "Rule"]


class Level(StrEnum):
    """How far a provider keeps the contract."""

    NONE = "none"
    #: Nobody is harmed by having it installed. Nothing is declared for this.
    BRONZE = "bronze"
    #: It detects, signs in and verifies as its author says.
    SILVER = "silver"
    #: It does so when everything goes wrong, too.
    GOLD = "gold"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the contract.

    Args:
        id: In kebab case.
        level: That it belongs to.
        needs: The attribute of `ProviderContract` that it is tried with; None = it needs none.
    """

    id: str
    level: Level
    needs: str | None = None

    @property
    def title(self) -> Text:
        """The rule, in a sentence."""
        return Text(f"contract.{self.id}")

    @property
    def change(self) -> Text:
        """What to change where it is broken."""
        return Text(f"contract.{self.id}.change")


_RULES = (
    Rule("loads", Level.BRONZE),
    Rule("light-import", Level.BRONZE),
    Rule("describes-itself", Level.BRONZE),
    Rule("words-complete", Level.BRONZE),
    Rule("junk-declined", Level.BRONZE),
    Rule("no-network", Level.BRONZE),
    Rule("no-clock", Level.BRONZE),
    Rule("probes-within-limits", Level.BRONZE),
    Rule("disclosures-whole", Level.BRONZE),
    Rule("disclosures-translated", Level.BRONZE),
    Rule("digest-stable", Level.BRONZE),
    Rule("client-checked", Level.BRONZE),
    Rule("claims", Level.SILVER, "claims"),
    Rule("declines", Level.SILVER, "declines"),
    Rule("signs-in", Level.SILVER, "scripts"),
    Rule("state-alone", Level.SILVER, "scripts"),
    Rule("scopes-disclosed", Level.SILVER, "scripts"),
    Rule("steps-worded", Level.SILVER, "scripts"),
    Rule("both-directions", Level.SILVER, "scripts"),
    Rule("stages-in-order", Level.SILVER, "scripts"),
    Rule("errors-catalogued", Level.SILVER, "scripts"),
    Rule("mistakes-mended", Level.GOLD, "scripts"),
    Rule("junk-answered", Level.GOLD, "scripts"),
    Rule("abandoned-and-late", Level.GOLD, "scripts"),
    Rule("refusals-told", Level.GOLD, "scripts"),
    Rule("wrong-account", Level.GOLD, "scripts"),
    Rule("one-wrong-secret", Level.GOLD, "scripts"),
    Rule("unwanted-untried", Level.GOLD, "scripts"),
    Rule("unreachable-told", Level.GOLD, "scripts"),
    Rule("deadline-kept", Level.GOLD, "scripts"),
    Rule("renews", Level.GOLD, "scripts"),
    Rule("revokes", Level.GOLD, "scripts"),
    Rule("aliases-read", Level.GOLD, "scripts"),
    Rule("state-without-secrets", Level.GOLD, "scripts"),
    Rule("results-without-secrets", Level.GOLD, "scripts"),
    Rule("logs-without-secrets", Level.GOLD, "scripts"),
    Rule("exceptions-without-secrets", Level.GOLD, "scripts"),
)

#: By id, in the order in which they are told.
RULES: dict[str, Rule] = {each.id: each for each in _RULES}
