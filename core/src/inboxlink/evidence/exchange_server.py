"""What it says about a domain's mailboxes that an Exchange server answers for it."""

from inboxlink.exchange_front import EWS_PATH, Fingerprint
from inboxlink.types.detection import HostingFact, PublishedServer, Strength, Tls, Trust

__all__ = ["ews_address", "fact"]


def ews_address(host: str) -> str:
    """Where Exchange Web Services are on a host, as they are set up."""
    return f"https://{host}{EWS_PATH}"


def fact(found: Fingerprint, trust: Trust, *, ews: bool = False) -> HostingFact:
    """What a fingerprint says about who keeps the mailboxes.

    Args:
        found: The fingerprint.
        trust: Of the candidate that led to it.
        ews: Whether it is that of `ews_address`, so that this is known to be there.
    """
    is_likely = found.is_certain and trust >= Trust.DNS
    shown = f"{found.host} answers as Exchange {found.version or ''}".rstrip()
    server = PublishedServer("ews", found.host, 443, Tls.IMPLICIT, None, found.schemes, trust)
    return HostingFact(
        "exchange_onprem",
        f"{shown}, hybrid" if found.is_hybrid else shown,
        Strength.LIKELY if is_likely else Strength.HINT,
        servers=(server,) if ews else (),
    )
