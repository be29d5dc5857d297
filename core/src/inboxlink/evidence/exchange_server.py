"""Find an Exchange server of somebody's own, where a domain may have one.

Programs that found such servers have given passwords to whoever answered under a name they made
up (`autodiscover.com` and its like got 372,000 in 2021). Nothing here carries a credential or an
address, and no name above a registered domain is ever made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from inboxlink.domains import is_public_suffix, registrable
from inboxlink.exchange_front import EWS_PATH, Fingerprint, is_online
from inboxlink.network.answers import Service
from inboxlink.types.detection import HostingFact, PublishedServer, Strength, Tls, Trust

__all__ = [
    "Candidate",
    "candidates",
    "ews_address",
    "fact",
]

_PATH = "/autodiscover/autodiscover.xml"
_PORT = 443
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: It is a panel for web sites, and the SRV target of millions of them; there is no Exchange there.
_CPANEL = "cpanelemaildiscovery.cpanel.net"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where an Exchange server may answer.

    Args:
        url: To be fetched by GET without a body.
        trust: How far whoever named it can be forged.
    """

    url: str
    trust: Trust

    @property
    def host(self) -> str:
        """The host of the address."""
        return urlsplit(self.url).hostname or ""


def candidates(domain: str, services: Iterable[Service] = ()) -> tuple[Candidate, ...]:
    """Where to ask for a domain, the likeliest place first.

    Args:
        domain: The A-label form.
        services: Its SRV records of `_autodiscover._tcp`.
    """
    targets = [(each.host.lower().rstrip("."), each.port) for each in services]
    if is_public_suffix(domain) or any(host == _CPANEL for host, _ in targets):
        return ()
    own = (f"autodiscover.{domain}", domain)
    hosts = dict.fromkeys((*own, *(host for host, port in targets if port == _PORT)))
    return tuple(
        Candidate(f"https://{host}{_PATH}", Trust.VERIFIED if host in own else _trust(host, domain))
        for host in hosts
        if _may_be_asked(host)
    )


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
    server = PublishedServer("ews", found.host, _PORT, Tls.IMPLICIT, None, found.schemes, trust)
    return HostingFact(
        "exchange_onprem",
        f"{shown}, hybrid" if found.is_hybrid else shown,
        Strength.LIKELY if is_likely else Strength.HINT,
        servers=(server,) if ews else (),
    )


def _may_be_asked(host: str) -> bool:
    """Whether it is a name that somebody registered, and none of Microsoft's."""
    from inboxlink.errors import SetupError
    from inboxlink.hosts import check_host

    try:
        is_name = check_host(host) == host and not host.rpartition(".")[2].isdigit()
    except SetupError:
        return False
    if not is_name or registrable(host) is None:
        return False
    label, _, above = host.partition(".")
    return not is_online(host) and not (label == "autodiscover" and is_public_suffix(above))


def _trust(host: str, domain: str) -> Trust:
    # Within what the domain's owner registered, a certificate can vouch for the name.
    return Trust.SIGNED if registrable(host) == registrable(domain) else Trust.DNS
