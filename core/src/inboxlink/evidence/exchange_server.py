"""What it says about a domain's mailboxes that an Exchange server answers for it."""

from urllib.parse import urlsplit

from inboxlink.exchange_front import AUTODISCOVER_PATH, EWS_PATH, Fingerprint, may_be_asked
from inboxlink.links import https_url
from inboxlink.types.detection import HostingFact, PublishedServer, Strength, Tls, Trust
from inboxlink.types.web import HttpAnswer

__all__ = ["ews_address", "fact", "plain_address", "redirected"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def ews_address(host: str) -> str:
    """Where Exchange Web Services are on a host, as they are set up."""
    return f"https://{host}{EWS_PATH}"


def plain_address(domain: str) -> str:
    """Where a domain may say by plain http which host knows more (MS-OXDISCO section 3.1.5.4)."""
    return f"http://autodiscover.{domain}{AUTODISCOVER_PATH}"


def redirected(answer: HttpAnswer) -> HostingFact | None:
    """What a redirect from `plain_address` says, which is no more than a hint; None = nothing.

    Args:
        answer: To a request that followed no redirect.
    """
    target = https_url(answer.headers.get("location", ""))
    host = "" if target is None else urlsplit(target).hostname or ""
    if answer.status not in _REDIRECTS or not may_be_asked(host):
        return None
    return HostingFact("exchange_onprem", f"{answer.url} → {host}", Strength.HINT)


def fact(found: Fingerprint, trust: Trust, *, ews: bool = False) -> HostingFact:
    """What a fingerprint says about who keeps the mailboxes.

    Args:
        found: The fingerprint.
        trust: Of the candidate that led to it.
        ews: Whether it is that of `ews_address`, so that this is known to be there.
    """
    is_likely = found.is_certain and trust >= Trust.DNS
    shown = f"{found.host}: Exchange {found.version or ''}".rstrip()
    server = PublishedServer("ews", found.host, 443, Tls.IMPLICIT, None, found.schemes, trust)
    return HostingFact(
        "exchange_onprem",
        f"{shown}, hybrid" if found.is_hybrid else shown,
        Strength.LIKELY if is_likely else Strength.HINT,
        servers=(server,) if ews else (),
    )
