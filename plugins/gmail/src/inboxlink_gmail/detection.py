"""Judge whether a domain's mailboxes are Google's: its own domains, and those of Workspace.

Pure: the evidence was gathered by the core.
"""

from inboxlink.types.detection import Basis, Detection, Evidence, HostingFact, Strength
from inboxlink.types.text import Text

__all__ = ["detect"]

_NAMES = frozenset({"gmail", "google"})


def detect(evidence: Evidence) -> Detection | None:
    """See `inboxlink.hookspecs.detect`."""
    fact = next((fact for fact in evidence.hosting if _is_claim(fact)), None)
    if fact is None:
        return None
    if fact.is_owned:
        basis, key = Basis.OWNED_DOMAIN, "gmail.because.owned"
    elif fact.strength is Strength.DECISIVE:
        basis, key = Basis.HOSTED_MX, "gmail.because.hosted"
    else:
        basis, key = Basis.BEHIND_GATEWAY, "gmail.because.likely"
    because = Text(key, {"domain": evidence.domain, "shown_by": fact.shown_by})
    # No endpoints: where Google is spoken to is written in `google`, and no evidence changes it.
    return Detection("gmail", basis, because)


def _is_claim(fact: HostingFact) -> bool:
    return fact.name in _NAMES and fact.is_conclusive
