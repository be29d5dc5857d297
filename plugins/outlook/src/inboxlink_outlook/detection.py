"""Judge whether a domain's mailboxes are Microsoft's, and in which of its clouds.

Pure: the evidence was gathered by the core.
"""

from inboxlink.types.detection import Basis, Detection, Evidence, HostingFact, Strength
from inboxlink.types.text import Text
from inboxlink_outlook import policy

__all__ = ["CONSUMERS", "ORGANIZATIONS", "detect"]

_NAME = "outlook"

#: Who signs people in, by what keeps the mailbox (learn.microsoft.com, "Application configuration
#: options", read November 2026).
CONSUMERS, ORGANIZATIONS = "consumers", "organizations"
_TENANTS = {"outlook_com": CONSUMERS, "microsoft_365": ORGANIZATIONS}

_BASES = {Strength.DECISIVE: Basis.HOSTED_MX, Strength.LIKELY: Basis.BEHIND_GATEWAY}


def detect(evidence: Evidence) -> Detection | None:
    """See `inboxlink.hookspecs.detect`."""
    fact = evidence.hosted_by(*_TENANTS)
    if fact is None:
        return None
    basis = Basis.OWNED_DOMAIN if fact.is_owned else _BASES[fact.strength]
    because = Text(f"outlook.because.{fact.name}", {"shown_by": fact.shown_by})
    if fact.cloud is not None:
        return Detection(_NAME, basis, because, unsupported=policy.national_cloud(fact))
    return Detection(_NAME, basis, because, settings={"tenant": _tenant(fact)})


def _tenant(fact: HostingFact) -> str:
    return fact.tenant or _TENANTS[fact.name]
