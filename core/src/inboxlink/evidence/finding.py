"""What one step of a look-up found, and what it is worth beside the others."""

from dataclasses import dataclass

from inboxlink.types.detection import Basis, HostingFact, PublishedServer, Trust
from inboxlink.types.text import Text
from inboxlink.types.web import Probed

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. A step that found nothing may still have something to warn of.

    Args:
        basis: The kind of evidence.
        trust: How far its source can be forged.
        servers: Servers that it names.
        facts: Facts about who keeps the mailboxes.
        warnings: What the person should know.
        unheard: From where there should have been an answer, and was none.
        probes: What came of the probes of providers; None = none were asked for.
    """

    basis: Basis
    trust: Trust
    servers: tuple[PublishedServer, ...] = ()
    facts: tuple[HostingFact, ...] = ()
    warnings: tuple[Text, ...] = ()
    unheard: tuple[str, ...] = ()
    probes: tuple[Probed, ...] | None = None

    @property
    def says_something(self) -> bool:
        """Whether a provider could be recommended by it."""
        return bool(self.servers) or any(fact.is_conclusive for fact in self.facts)
