"""Show what a look-up asked, what came of it, and what that says about a domain."""

from typing import TYPE_CHECKING

from inboxlink.texts import safe_text

if TYPE_CHECKING:
    from inboxlink.cli.session import Session
    from inboxlink.types.detection import Evidence, HostingFact, Lookup

__all__ = ["show_evidence"]


def show_evidence(session: "Session", evidence: "Evidence") -> None:
    """What was asked, what came of it, how far each source can be forged, and what it shows."""
    names = {fact.name: _name(session, fact) for fact in evidence.hosting}
    session.say("cli.detect.log", style="bold")
    for each in evidence.log:
        session.write(_line(session, each, names), mark=f"  T{each.trust.value} ", style="dim")
    session.write(session.words("cli.detect.trust"), mark="  ", style="dim")
    if names:
        session.say("cli.detect.shows", style="bold")
    for fact in evidence.hosting:
        strength = session.words(f"cli.strength.{fact.strength.value}")
        told = {"name": names[fact.name], "strength": strength, "shown_by": fact.shown_by}
        session.write(session.words("cli.detect.fact", **told), mark="  ")


def _line(session: "Session", each: "Lookup", names: dict[str, str]) -> str:
    # Names of DNS and http are the same in every language; the rest is a word of the core's.
    outcome, colon, more = each.outcome.partition(": ")
    told = names.get(outcome) or _word(session, "outcome", outcome)
    took = f" ({each.took_ms:.0f}\u00a0ms)" if each.took_ms else ""
    return f"{_word(session, 'source', each.source)}: {told}{colon}{safe_text(more)}{took}"


def _name(session: "Session", fact: "HostingFact") -> str:
    title = fact.titles.get(session.words.language, fact.title)
    return safe_text(title) if title else _word(session, "hosting", fact.name)


def _word(session: "Session", kind: str, name: str) -> str:
    key = f"cli.{kind}.{name}"
    return session.words(key) if session.words.has(key) else safe_text(name)
