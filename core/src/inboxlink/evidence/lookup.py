"""How far a look-up goes, and the part of it that asks nobody.

Nothing here imports what the network needs: a domain that the operator or the shipped table knows
is answered at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from inboxlink.errors import SetupError, problem
from inboxlink.evidence import table
from inboxlink.types.detection import Evidence, Lookup, PublishedServer
from inboxlink.types.text import Text

if TYPE_CHECKING:
    from inboxlink.network.settings import NetworkSettings
    from inboxlink.types.web import Probe

__all__ = ["DEADLINE_S", "MANY_DEADLINE_S", "LookupDepth", "LookupSettings", "known", "look_up"]

#: Seconds for a whole look-up while a person waits, and for one of many.
DEADLINE_S = 6.0
MANY_DEADLINE_S = 3.0


class LookupDepth(StrEnum):
    """How far a look-up goes: tables here, then DNS, then the web."""

    OFFLINE = "offline"
    PASSIVE = "passive"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class LookupSettings:
    """What a look-up may do.

    Args:
        depth: How far it goes.
        community: Whether the database of mail providers may be asked.
        cache: The folder where the database's answers are kept; None = they are not.
        refresh: Whether what is kept is asked anew.
        thorough: Whether to hear also those who cannot change the recommendation.
        frugal: Whether to ask one thing after the other where that may save questions.
        guess: Whether usual names are tried where nothing else was found.
        insecure_http: Whether files by plain http are heard as well, where nothing else was found.
        check: Whether the servers that are recommended are greeted, before they are named.
        probes: Gives what providers want asked, when DNS was heard; None = nothing.
        deadline_s: Seconds for all of it.
    """

    depth: LookupDepth = LookupDepth.PASSIVE
    community: bool = True
    cache: Path | None = None
    refresh: bool = False
    thorough: bool = False
    frugal: bool = False
    guess: bool = True
    insecure_http: bool = False
    check: bool = False
    probes: "Callable[[Evidence], tuple[Probe, ...]] | None" = None
    deadline_s: float = DEADLINE_S

    def asks(self, evidence: Evidence) -> bool:
        """Whether anybody is asked; not where the answer is known, or nobody may be."""
        return self.depth is not LookupDepth.OFFLINE and not evidence.is_final


def look_up(
    evidence: Evidence, settings: LookupSettings, network: Callable[[], "NetworkSettings"]
) -> Evidence:
    """Add to what is known about a domain; what cannot be had is a line in the log and no error.

    Args:
        evidence: What `known` gave.
        settings: What may be done.
        network: Gives the network's settings, and is called only where it is needed.
    """
    if not settings.asks(evidence):
        return evidence
    from inboxlink.evidence.gathering import gather

    return gather(evidence, settings, network())


def known(domain: str, presets: Mapping[str, tuple[PublishedServer, ...]]) -> Evidence:
    """What is known about a domain without asking anybody.

    Args:
        domain: The A-label form.
        presets: The operator's servers by domain.

    Raises:
        SetupError: `address_public_suffix`: nobody has a mailbox directly under such a name.
    """
    preset = presets.get(domain)
    if preset:
        return Evidence(domain=domain, preset=preset, log=(Lookup("preset", "found"),))
    owner = table.of_domain(domain)
    if owner is None:
        from inboxlink.domains import is_public_suffix

        if is_public_suffix(domain):
            raise SetupError(problem("address_public_suffix", domain=domain))
    return Evidence(
        domain=domain,
        warnings=_of_its_spelling(domain),
        preset=(),
        hosting=() if owner is None else (owner,),
        log=(
            Lookup("preset", "none"),
            Lookup("table", "none" if owner is None else owner.name),
        ),
    )


def _of_its_spelling(domain: str) -> tuple[Text, ...]:
    if "xn--" not in domain:
        return ()
    from inboxlink.evidence.lookalikes import looks_like_another

    if not looks_like_another(domain):
        return ()
    return (Text("detection.warning.lookalike", {"domain": domain}),)
