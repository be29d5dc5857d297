"""Find an Exchange server of somebody's own, and tell it by how it refuses who has not signed in.

Programs that found such servers have given passwords to whoever answered under a name they made
up (`autodiscover.com` and its like got 372,000 in 2021). Nothing here carries a credential or an
address, and no name above a registered domain is ever made. Exchange Online, which answers alike,
is told by its names (MS-OXDISCO section 3.1.5).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from inboxlink.domains import is_public_suffix, registrable
from inboxlink.errors import SetupError
from inboxlink.hosts import check_host
from inboxlink.links import https_url
from inboxlink.types.context import HttpAnswer
from inboxlink.types.detection import Trust
from inboxlink.types.service import Service

__all__ = [
    "AUTODISCOVER_PATH",
    "EWS_PATH",
    "Candidate",
    "Fingerprint",
    "candidates",
    "fingerprint",
    "is_online",
    "may_be_asked",
]

#: Where Exchange Web Services are on a host, as they are set up.
EWS_PATH = "/EWS/Exchange.asmx"

#: Where Autodiscover answers on a host (MS-OXDISCO section 3.1.5.1).
AUTODISCOVER_PATH = "/autodiscover/autodiscover.xml"
_PORT = 443

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
        Candidate(
            f"https://{host}{AUTODISCOVER_PATH}",
            Trust.VERIFIED if host in own else _trust(host, domain),
        )
        for host in hosts
        if may_be_asked(host)
    )


def fingerprint(answer: HttpAnswer) -> Fingerprint | None:
    """What shows that somebody's own Exchange server answered; None = nothing does.

    Args:
        answer: Of one of the candidates, or of `ews_address`, to a request without credentials.
    """
    host = urlsplit(answer.url).hostname or ""
    if answer.status != 401 or not host or is_online(host):
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


def is_online(host: str) -> bool:
    """Whether a host belongs to Exchange Online, or signs people in for it."""
    host = host.lower()
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in _ONLINE)


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


def may_be_asked(host: str) -> bool:
    """Whether it is a name that somebody registered, and none of Microsoft's."""
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
