"""What other records than MX show about the mailboxes: autodiscover, DKIM and SPF.

Each sign is one record that the domain's owner had to set for one service. None is proof by
itself; `hosting` says what they add up to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxlink.evidence.exchanges import within

if TYPE_CHECKING:
    from inboxlink.evidence.records import Records
    from inboxlink.network.answers import Answer

__all__ = ["Signs", "read"]

_CPANEL = "cpanelemaildiscovery.cpanel.net"

#: Where Microsoft has `autodiscover.<domain>` point, by cloud: exact names, because a name that
#: only begins with one of them is a slip of the keyboard.
_AUTODISCOVER: Mapping[str, str | None] = {
    "autodiscover.outlook.com": None,
    "autodiscover-s.outlook.com": None,
    "autod.ms-acdc-autod.office.com": None,
    "outlook.office365.com": None,
    "outlook.office.com": None,
    "autodiscover.office365.us": "gcc_high",
    "autodiscover-dod.office365.us": "dod",
    "autodiscover.partner.outlook.cn": "china",
}

#: Below these Microsoft keeps the DKIM keys of its customers, by cloud; a key or a sender does
#: not tell DoD from GCC High.
_KEYS: Mapping[str, str | None] = {
    ".onmicrosoft.com": None,
    ".dkim.mail.microsoft": None,
    ".onmicrosoft.us": "gcc_high",
    ".partner.onmschina.cn": "china",
}

#: What customers include in SPF (RFC 7208 section 5.2).
_MICROSOFT_SENDERS: Mapping[str, str | None] = {
    "spf.protection.outlook.com": None,
    "spf.protection.office365.us": "gcc_high",
    "spf.protection.partner.outlook.cn": "china",
}
_GOOGLE_SENDERS = frozenset(("_spf.google.com", "aspmx.googlemail.com", "_netblocks.google.com"))


@dataclass(slots=True)
class Signs:
    """The signs of one domain; each text names its record for people, None = not seen.

    Args:
        autodiscover: It points at Microsoft 365 exactly.
        cloud: The national cloud that `autodiscover` names, or else the key or the senders.
        workmail: It points at Amazon WorkMail.
        region: The region of WorkMail.
        own_autodiscover: It points into the domain itself.
        has_own_alias: It does so by CNAME, which no panel sets by itself.
        other_autodiscover: It points at somebody else's.
        mistyped: It points at a name that only looks like Microsoft's.
        microsoft_key: A DKIM key of the domain is kept by Microsoft.
        google_key: A DKIM key was made by Google.
        microsoft_senders: SPF lets Microsoft 365 send for the domain.
        google_senders: SPF lets Google send for it.
        cpanel: The domain is looked after by cPanel.
    """

    autodiscover: str | None = None
    cloud: str | None = None
    workmail: str | None = None
    region: str = ""
    own_autodiscover: str | None = None
    has_own_alias: bool = False
    other_autodiscover: str | None = None
    mistyped: str | None = None
    microsoft_key: str | None = None
    google_key: str | None = None
    microsoft_senders: str | None = None
    google_senders: str | None = None
    cpanel: str | None = None


def read(records: "Records") -> Signs:
    """The signs that records show. What was not asked or not answered shows nothing."""
    seen = Signs()
    everywhere = _everywhere(records)
    _autodiscover(records, everywhere, seen)
    _keys(records, everywhere, seen)
    _senders(records.txt, seen)
    return seen


def _autodiscover(records: "Records", everywhere: frozenset[str], seen: Signs) -> None:
    chain, service = records.autodiscover, records.services.get("autodiscover")
    names = [_clean(name) for name in chain.aliases] if chain else []
    targets = [(name, "CNAME") for name in names if name not in everywhere]
    # A target of "." says that the service is not offered (RFC 2782).
    hosts = [_clean(each.host) for each in service.values] if service else []
    targets += [(host, "SRV") for host in hosts if host]
    for host, kind in targets:
        _target(host, kind, records.domain, seen)


def _target(host: str, kind: str, domain: str, seen: Signs) -> None:
    shown = f"autodiscover {kind} {host}"
    if host in _AUTODISCOVER:
        # Later names of a chain are the service's own, and name no cloud.
        if seen.autodiscover is None:
            seen.autodiscover, seen.cloud = shown, _AUTODISCOVER[host]
    elif host.startswith("autodiscover.mail.") and host.endswith(".awsapps.com"):
        if seen.workmail is None:
            seen.workmail, seen.region = shown, host.split(".")[2]
    elif host == _CPANEL:
        seen.cpanel = shown
    elif "outlook.com." in host or host.endswith(".outlook.com"):
        seen.mistyped = seen.mistyped or shown
    elif within(host, domain):
        seen.own_autodiscover = seen.own_autodiscover or shown
        seen.has_own_alias = seen.has_own_alias or kind == "CNAME"
    else:
        seen.other_autodiscover = seen.other_autodiscover or shown


def _keys(records: "Records", everywhere: frozenset[str], seen: Signs) -> None:
    for selector, answer in records.dkim.items():
        for name in map(_clean, answer.aliases):
            suffix = next((each for each in _KEYS if name.endswith(each)), None)
            if suffix is not None and name not in everywhere and seen.microsoft_key is None:
                seen.microsoft_key = f"DKIM {selector} CNAME {name}"
                _cloud(_KEYS[suffix], seen)
        if selector == "google" and not answer.aliases and any(map(_is_key, answer.values)):
            seen.google_key = "DKIM google"


def _senders(txt: "Answer[str] | None", seen: Signs) -> None:
    for text in txt.values if txt else ():
        words = text.lower().split()
        if not words or words[0] != "v=spf1":
            continue
        for word in words:
            # A qualifier other than + does not let them send (RFC 7208 section 4.6.2).
            name = word.removeprefix("+").removeprefix("include:").removeprefix("redirect=")
            name = name.rstrip(".")
            if name in _MICROSOFT_SENDERS:
                seen.microsoft_senders = f"SPF {name}"
                _cloud(_MICROSOFT_SENDERS[name], seen)
            elif name in _GOOGLE_SENDERS:
                seen.google_senders = f"SPF {name}"


def _cloud(cloud: str | None, seen: Signs) -> None:
    if seen.autodiscover is None and seen.cloud is None:
        seen.cloud = cloud


def _everywhere(records: "Records") -> frozenset[str]:
    """Where any name under the domain leads to, so that it is no sign that one does."""
    wildcard = records.wildcard
    return frozenset(map(_clean, wildcard.aliases)) if wildcard else frozenset()


def _is_key(text: str) -> bool:
    return any(tag.strip().startswith("p=") for tag in text.split(";"))


def _clean(name: str) -> str:
    return name.lower().rstrip(".")
