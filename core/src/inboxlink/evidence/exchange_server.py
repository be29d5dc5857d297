"""Tell an Exchange server of somebody's own by how it refuses who has not signed in.

Programs that found such servers have given passwords to whoever answered under a name they made
up (`autodiscover.com` and its like got 372,000 in 2021). Nothing here carries a credential or an
address, and no name above a registered domain is ever made. Exchange Online, which answers alike,
is told by its names (MS-OXDISCO section 3.1.5).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from inboxlink.evidence.domains import is_public_suffix, registrable
from inboxlink.evidence.exchanges import within
from inboxlink.evidence.links import https_url
from inboxlink.network.answers import Service
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import HostingFact, PublishedServer, Strength, Tls, Trust

__all__ = [
    "Candidate",
    "Fingerprint",
    "candidates",
    "ews_address",
    "fact",
    "fingerprint",
    "plain_address",
    "redirected",
]

_PATH = "/autodiscover/autodiscover.xml"
_EWS_PATH = "/EWS/Exchange.asmx"
_PORT = 443
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: It is a panel for web sites, and the SRV target of millions of them; there is no Exchange there.
_CPANEL = "cpanelemaildiscovery.cpanel.net"

#: Below these it is Exchange Online, or signs people in for it.
_ONLINE = (
    *("outlook.com", "office365.com", "office.com", "office365.us", "outlook.cn", "microsoft"),
    *("microsoftonline.com", "microsoftonline.us", "microsoftonline.cn", "microsoft.com"),
)
_SIGN_IN = frozenset(
    (
        "login.microsoftonline.com",
        "login.windows.net",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
    )
)

_SCHEMES = ("negotiate", "ntlm", "basic", "bearer")
#: Sent by the front end of Exchange itself.
_OWN_HEADERS = ("x-feserver", "x-owa-version", "x-calculatedbetarget", "x-beserver")
_VERSION = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,5}){2,3}")
_REQUEST_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

#: RFC 9110 section 11.6.1: challenges and their parameters, both separated by commas.
_PART = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_CHALLENGE = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?:\s+(\S.*))?", re.DOTALL)
_PARAMETER = re.compile(r'([A-Za-z_-]+)\s*=\s*(?:"([^"]*)"|([^\s"]*))')


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


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How a server answered.

    Args:
        host: The host that did.
        schemes: What it lets people sign in with, lower case, its own order.
        version: Such as `15.2.1544.4`; None = it does not say.
        is_certain: Whether it sent what only the front end of Exchange does.
        is_hybrid: Whether it sends people to Microsoft's cloud to sign in. Where exactly is not
            for a server to say.
    """

    host: str
    schemes: tuple[str, ...]
    version: str | None = None
    is_certain: bool = False
    is_hybrid: bool = False


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
    return f"https://{host}{_EWS_PATH}"


def plain_address(domain: str) -> str:
    """Where a domain may say by plain http which host knows more (MS-OXDISCO section 3.1.5.4)."""
    return f"http://autodiscover.{domain}{_PATH}"


def redirected(answer: HttpAnswer) -> HostingFact | None:
    """What a redirect from `plain_address` says, which is no more than a hint; None = nothing.

    Args:
        answer: To a request that followed no redirect.
    """
    target = https_url(answer.headers.get("location", ""))
    host = "" if target is None else urlsplit(target).hostname or ""
    if answer.status not in _REDIRECTS or not _may_be_asked(host):
        return None
    return HostingFact("exchange_onprem", f"{answer.url} → {host}", Strength.HINT)


def fingerprint(answer: HttpAnswer) -> Fingerprint | None:
    """What shows that somebody's own Exchange server answered; None = nothing does.

    Args:
        answer: Of one of the candidates, or of `ews_address`, to a request without credentials.
    """
    host = urlsplit(answer.url).hostname or ""
    if answer.status != 401 or not host or _is_online(host):
        return None
    challenges = _challenges(answer.headers.get("www-authenticate", ""))
    schemes = tuple(each for each in challenges if each in _SCHEMES)
    is_certain = any(answer.headers.get(name) for name in _OWN_HEADERS)
    if not schemes or not (is_certain or _looks_alike(answer.headers, schemes)):
        return None
    version = _VERSION.fullmatch(answer.headers.get("x-owa-version", "").strip())
    return Fingerprint(
        host,
        schemes,
        None if version is None else version[0],
        is_certain,
        _sign_in_host(challenges.get("bearer", {})) in _SIGN_IN,
    )


def fact(found: Fingerprint, trust: Trust, *, ews: bool = False) -> HostingFact:
    """What a fingerprint says about who keeps the mailboxes.

    Args:
        found: The fingerprint.
        trust: Of the candidate that led to it.
        ews: Whether it is that of `ews_address`, so that this is known to be there.
    """
    is_likely = found.is_certain and trust >= Trust.DNS
    shown = f"{found.host}: Exchange {found.version or ''}".rstrip()
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
    from inboxlink.network.policy import check_host

    try:
        is_name = check_host(host) == host and not host.rpartition(".")[2].isdigit()
    except SetupError:
        return False
    if not is_name or registrable(host) is None:
        return False
    label, _, above = host.partition(".")
    return not _is_online(host) and not (label == "autodiscover" and is_public_suffix(above))


def _is_online(host: str) -> bool:
    return any(within(host.lower(), suffix) for suffix in _ONLINE)


def _trust(host: str, domain: str) -> Trust:
    # Within what the domain's owner registered, a certificate can vouch for the name.
    return Trust.SIGNED if registrable(host) == registrable(domain) else Trust.DNS


def _looks_alike(headers: Mapping[str, str], schemes: tuple[str, ...]) -> bool:
    is_iis = headers.get("server", "").lower().startswith("microsoft-iis")
    has_id = _REQUEST_ID.fullmatch(headers.get("request-id", "").strip()) is not None
    return has_id and (is_iis or "negotiate" in schemes or "ntlm" in schemes)


def _challenges(value: str) -> dict[str, dict[str, str]]:
    """Schemes with their parameters, each once, names in lower case."""
    found: dict[str, dict[str, str]] = {}
    parameters: dict[str, str] = {}
    for part in map(str.strip, _PART.findall(value)):
        pair = _PARAMETER.fullmatch(part)
        begun = _CHALLENGE.fullmatch(part) if pair is None else None
        if begun is not None:
            parameters = found.setdefault(begun[1].lower(), {})
            pair = _PARAMETER.fullmatch(begun[2] or "")
        if pair is not None:
            parameters.setdefault(pair[1].lower(), pair[2] or pair[3] or "")
    return found


def _sign_in_host(parameters: Mapping[str, str]) -> str | None:
    url = https_url(parameters.get("authorization_uri", ""))
    return None if url is None else urlsplit(url).hostname
