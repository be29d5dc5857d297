"""What one mail exchanger is: a hoster's, a filter's, the domain's own, or none at all.

Suffixes match whole labels, the longest first, so that `notmimecast.com` is not `mimecast.com`
and the consumer service comes before the one for organisations.
"""

from dataclasses import dataclass
from enum import StrEnum

from inboxlink.evidence import table

__all__ = ["GATEWAYS", "Exchange", "Kind", "of_host", "within"]


class Kind(StrEnum):
    """What an exchanger shows about the mailboxes."""

    #: They are where it is: Google, Microsoft, or a hoster of the table.
    HOSTER = "hoster"
    #: Nothing: it filters or forwards, and hands the mail on.
    GATEWAY = "gateway"
    #: Amazon SES or WorkMail, which share their exchangers.
    AMAZON = "amazon"
    #: It is below the domain itself: a server or a filter of its own.
    OWN = "own"
    #: It is somebody's who is not known here.
    UNKNOWN = "unknown"
    #: It looks like a big hoster's and is not: a slip of the keyboard, or a service that ended.
    LOOKALIKE = "lookalike"
    #: It was put there to prove who the domain belongs to, and takes no mail.
    PROOF = "proof"
    #: No mail can be sent there: no name of the public DNS.
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A mail exchanger.

    Args:
        host: Lower case, without the last dot.
        name: The fact that a hoster gives, or the filter's name for people; else empty.
        cloud: As in `HostingFact.cloud`.
    """

    kind: Kind
    host: str
    name: str = ""
    cloud: str | None = None


#: Documentation of Google Workspace, Microsoft 365 and Amazon, read November 2026. Below a longer
#: suffix that is known, the shorter ones only say whose name was meant.
_NAMES = {
    "aspmx.l.google.com": (Kind.HOSTER, "google", None),
    "googlemail.com": (Kind.HOSTER, "google", None),
    "smtp.google.com": (Kind.HOSTER, "google", None),
    "mx-verification.google.com": (Kind.PROOF, "", None),
    "ghs.google.com": (Kind.PROOF, "", None),
    "google.com": (Kind.LOOKALIKE, "google", None),
    "mail.protection.outlook.com": (Kind.HOSTER, "microsoft_365", None),
    "mail.eo.outlook.com": (Kind.HOSTER, "microsoft_365", None),
    "mx.microsoft": (Kind.HOSTER, "microsoft_365", None),
    # The exchangers of DoD are those of GCC High; other records tell the two apart.
    "mail.protection.office365.us": (Kind.HOSTER, "microsoft_365", "gcc_high"),
    "mail.protection.partner.outlook.cn": (Kind.HOSTER, "microsoft_365", "china"),
    "msv1.invalid": (Kind.PROOF, "", None),
    "msv1.invalid.outlook.com": (Kind.PROOF, "", None),
    # Domains of one's own on the consumer service.
    "pamx1.hotmail.com": (Kind.HOSTER, "outlook_com", None),
    "outlook.com": (Kind.LOOKALIKE, "microsoft_365", None),
    # The German cloud, closed in 2021.
    "mail.protection.outlook.de": (Kind.LOOKALIKE, "microsoft_365", None),
}

#: Filters and forwarders, by the name that people know them by.
GATEWAYS = {
    "altospam.com": "Altospam",
    "anonaddy.me": "addy.io",
    "anti-spam-premium.com": "Antispam Premium",
    "antispamcloud.com": "SpamExperts",
    "antispameurope.com": "Hornetsecurity",
    "arsmtp.com": "AppRiver",
    "barracudanetworks.com": "Barracuda",
    "centerasecurity.dk": "Centera",
    "cleanmail.ch": "Cleanmail",
    "cleanmail.eu": "Cleanmail",
    "comendosystems.com": "Comendo",
    "comendosystems.net": "Comendo",
    "ctmail.com": "Cyren",
    "d-fence.eu": "D-Fence",
    "duocircle.com": "DuoCircle",
    "electric.net": "VIPRE",
    "emailservice.cc": "emailservice.io",
    "emailservice.co": "emailservice.io",
    "emailservice.io": "emailservice.io",
    "esvacloud.com": "Libraesva",
    "everycloudtech.com": "EveryCloud",
    "expurgate.de": "eXpurgate",
    "expurgate.net": "eXpurgate",
    "fireeyecloud.com": "Trellix",
    "fortimailcloud.com": "FortiMail",
    "forwardemail.net": "Forward Email",
    "gpphosted.com": "Proofpoint",
    "heimdalsecurity.com": "Heimdal",
    "hornetsecurity.com": "Hornetsecurity",
    "hostedsepo.dk": "Hosted SEPO",
    "hydra.sophos.com": "Sophos",
    "improvmx.com": "ImprovMX",
    "iphmx.com": "Cisco",
    "jellyfish.systems": "Jellyfish",
    "mailanyone.net": "VIPRE",
    "mailchannels.net": "MailChannels",
    "mailcontrol.com": "Forcepoint",
    "mailguard.com.au": "MailGuard",
    "mailgun.org": "Mailgun",
    "mailinblack.com": "Mailinblack",
    "mailmarshal.cloud": "MailMarshal",
    "mailprotect.be": "Mailprotect",
    "mailroute.net": "MailRoute",
    "mailspamprotection.com": "SpamExperts",
    "mandrillapp.com": "Mandrill",
    "messagelabs.com": "Symantec",
    "mimecast-offshore.com": "Mimecast",
    "mimecast.co.za": "Mimecast",
    "mimecast.com": "Mimecast",
    "mpssec.net": "MPSSEC",
    "mtaroutes.com": "Mail Assure",
    "mx-hub.cz": "MX Hub",
    "mx-hub.eu": "MX Hub",
    "mx-hub.net": "MX Hub",
    "mx-hub.sk": "MX Hub",
    "mx.cloudflare.net": "Cloudflare",
    "mx.sendgrid.net": "SendGrid",
    "mx25.net": "VIPRE",
    "mxguarddog.com": "MX Guarddog",
    "mxlogic.net": "McAfee",
    "mxthunder.com": "MXThunder",
    "mxthunder.net": "MXThunder",
    "mymailwall.com": "MailWall",
    "nospamproxy.com": "NoSpamProxy",
    "ppe-hosted.com": "Proofpoint",
    "pphosted.com": "Proofpoint",
    "reflexion.net": "Sophos",
    "registrar-servers.com": "Namecheap",
    "retarus.com": "Retarus",
    "secmail.com": "SecMail",
    "secumail.de": "Secumail",
    "securemx.biz": "SecureMX",
    "securemx.jp": "SecureMX",
    "securence.com": "Securence",
    "security-mail.net": "Secuserve",
    "seppmail.cloud": "SEPPmail",
    "simplelogin.co": "SimpleLogin",
    "smxemail.com": "SMX",
    "snwlhosted.com": "SonicWall",
    "spambusters.email": "SpamBusters",
    "spamexperts.com": "SpamExperts",
    "spamexperts.eu": "SpamExperts",
    "spamexperts.net": "SpamExperts",
    "spamfree.cz": "Virusfree",
    "spamhero.com": "SpamHero",
    "spamhero.net": "SpamHero",
    "spamtador.com": "Spamtador",
    "spamtitan.com": "SpamTitan",
    "staysecuregroup.com": "StaySecure",
    "staysecuregroup.net": "StaySecure",
    "suantispam.com": "SuAntispam",
    "titanhq.com": "SpamTitan",
    "topsec.com": "Topsec",
    "trendmicro.co.jp": "Trend Micro",
    "trendmicro.com": "Trend Micro",
    "trendmicro.eu": "Trend Micro",
    "vadesecure.com": "Vade",
    "virusfree.cz": "Virusfree",
    "zerospam.ca": "Zerospam",
}

#: Filters that people run themselves and call by the product's name, with or without a number.
_PRODUCTS = {
    "barracuda": "Barracuda",
    "fortimail": "FortiMail",
    "ironport": "Cisco",
    "libraesva": "Libraesva",
    "mailcleaner": "MailCleaner",
    "mailmarshal": "MailMarshal",
    "seppmail": "SEPPmail",
    "spamtitan": "SpamTitan",
}

_SUFFIXES = _NAMES | {suffix: (Kind.GATEWAY, name, None) for suffix, name in GATEWAYS.items()}

#: Names that end in the domain's own because the last dot was forgotten in the zone.
_FORGOTTEN_DOTS = (
    ("google.com.", "google"),
    ("googlemail.com.", "google"),
    ("outlook.com.", "microsoft_365"),
)

_HOST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_NOWHERE = frozenset(("localhost", "localdomain", "local", "invalid", "test", "example", "onion"))


def within(host: str, domain: str) -> bool:
    """Whether a host is the domain or below it."""
    return host == domain or host.endswith(f".{domain}")


def of_host(host: str, domain: str) -> Exchange:
    """Tell what the exchanger of a domain is.

    Args:
        host: As the MX record has it; never empty (that is a null MX, RFC 7505).
        domain: The domain whose exchanger it is, lower case.
    """
    host = host.lower().rstrip(".")
    labels = host.split(".")
    for start in range(len(labels)):
        known = _SUFFIXES.get(".".join(labels[start:]))
        if known is not None:
            break
    else:
        known = None
    if known is not None and known[0] is not Kind.LOOKALIKE:
        return Exchange(known[0], host, *known[1:])
    if not _is_name(host, labels):
        return Exchange(Kind.BROKEN, host)
    hoster = table.of_exchange(host)
    if hoster is not None:
        return Exchange(Kind.HOSTER, host, hoster.name)
    if known is not None:
        return Exchange(known[0], host, *known[1:])
    if labels[0] == "inbound-smtp" and labels[-2:] == ["amazonaws", "com"] and len(labels) == 4:
        return Exchange(Kind.AMAZON, host)
    product = _PRODUCTS.get(labels[0].rstrip("0123456789-"))
    if product is not None:
        return Exchange(Kind.GATEWAY, host, product)
    if within(host, domain):
        meant = next((name for text, name in _FORGOTTEN_DOTS if text in host), None)
        return Exchange(Kind.OWN if meant is None else Kind.LOOKALIKE, host, meant or "")
    return Exchange(Kind.UNKNOWN, host)


def _is_name(host: str, labels: list[str]) -> bool:
    # Addresses, URLs, words and what else is found where RFC 5321 section 5.1 wants a name.
    return (
        len(labels) > 1
        and not labels[-1].isdigit()
        and labels[-1] not in _NOWHERE
        and _HOST.issuperset(host)
        and all(1 <= len(label) <= 63 for label in labels)
    )
