"""Judge whether a domain's mailboxes are on an Exchange server of its own. Pure."""

from inboxlink.types.detection import (
    Basis,
    Detection,
    Endpoint,
    Evidence,
    HostingFact,
    Role,
    Strength,
    Tls,
)
from inboxlink.types.text import Text

__all__ = ["detect"]

_NAME = "exchange"

_BASES = {Strength.DECISIVE: Basis.BEHIND_GATEWAY, Strength.LIKELY: Basis.FINGERPRINT}


def detect(evidence: Evidence) -> Detection | None:
    """See `inboxlink.hookspecs.detect`."""
    found = evidence.hosted_by("exchange_onprem")
    # Where the mailboxes are known to be elsewhere, a server that answers is an old one.
    if found is None or evidence.hosted_by("microsoft_365", "google") is not None:
        return None
    because = Text("exchange.because.answers", {"shown_by": found.shown_by})
    return Detection(_NAME, _BASES[found.strength], because, _endpoints(found))


def _endpoints(fact: HostingFact) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(Role.EWS, server.host, server.port, Tls.IMPLICIT)
        for server in fact.servers
        if server.protocol == "ews"
    )
