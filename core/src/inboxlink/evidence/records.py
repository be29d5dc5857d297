"""What DNS says about a domain's mail, before anything is concluded from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from inboxlink.network.answers import Answer, Service
from inboxlink.network.policy import IPAddress
from inboxlink.types.detection import MailExchange

__all__ = ["DKIM_SELECTORS", "SERVICES", "Records"]

#: RFC 6186 section 3 and RFC 8314 section 5.1; autodiscover as in MS-OXDISCO section 3.1.5.3.
SERVICES = ("imaps", "imap", "submissions", "submission", "autodiscover")

#: Under these names Microsoft 365 and Google Workspace have their customers publish keys.
DKIM_SELECTORS = ("selector1", "selector2", "google")


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The answers about one domain; None = was not asked.

    Args:
        domain: The A-label form.
        mx: Mail exchangers; the null MX of RFC 7505 is one with an empty host.
        txt: TXT of the domain itself: SPF (RFC 7208) and `mailconf=`.
        autodiscover: Addresses of `autodiscover.<domain>`; its CNAMEs are in `aliases`.
        services: SRV by service name (`imaps` for `_imaps._tcp.<domain>`).
        wildcard: Addresses of a label made up at random: where there are any, every name
            under the domain exists, and that one does shows nothing.
        dkim: TXT of `<selector>._domainkey.<domain>` by selector; the CNAMEs are in `aliases`.
    """

    domain: str
    mx: Answer[MailExchange] | None = None
    txt: Answer[str] | None = None
    autodiscover: Answer[IPAddress] | None = None
    services: Mapping[str, Answer[Service]] = field(default_factory=dict)
    wildcard: Answer[IPAddress] | None = None
    dkim: Mapping[str, Answer[str]] = field(default_factory=dict)
