"""Who keeps a domain's mailboxes, told from names alone.

Suffixes match whole labels: `notgmail.com` is not `gmail.com`.
"""

from collections.abc import Iterable

from inboxlink.types.detection import HostingFact, MailExchange

__all__ = ["of_domain", "of_mail_exchanges"]

#: Domains that the keeper itself owns; known without asking anybody.
_DOMAINS = {
    "gmail.com": "gmail",
    "googlemail.com": "gmail",
    "outlook.com": "outlook_com",
    "hotmail.com": "outlook_com",
    "live.com": "outlook_com",
    "msn.com": "outlook_com",
}

#: Suffixes of mail exchangers; the first that fits is the fact, so that the consumer service
#: comes before the one for organisations (documentation of Google Workspace, Microsoft 365 and
#: Amazon SES, read November 2026).
_EXCHANGES = (
    ("gmail-smtp-in.l.google.com", "gmail"),
    ("aspmx.l.google.com", "google"),
    ("googlemail.com", "google"),
    ("smtp.google.com", "google"),
    ("olc.protection.outlook.com", "outlook_com"),
    ("mail.protection.outlook.com", "microsoft_365"),
    ("mail.eo.outlook.com", "microsoft_365"),
    ("mx.microsoft", "microsoft_365"),
)


def of_domain(domain: str) -> tuple[HostingFact, ...]:
    """Facts from the domain itself."""
    name = _DOMAINS.get(domain)
    return () if name is None else (HostingFact(name, f"the domain {domain}"),)


def of_mail_exchanges(exchanges: Iterable[MailExchange]) -> tuple[HostingFact, ...]:
    """Facts from MX records, in the order of their preference, each name once."""
    facts: dict[str, HostingFact] = {}
    for exchange in exchanges:
        name = _of_exchange(exchange.host)
        if name is not None:
            facts.setdefault(name, HostingFact(name, f"mail exchanger {exchange.host}"))
    return tuple(facts.values())


def _of_exchange(host: str) -> str | None:
    for suffix, name in _EXCHANGES:
        if host == suffix or host.endswith(f".{suffix}"):
            return name
    labels = host.split(".")
    # inbound-smtp.<region>.amazonaws.com takes mail for SES and for WorkMail alike.
    if labels[0] == "inbound-smtp" and labels[-2:] == ["amazonaws", "com"]:
        return "amazon_ses"
    return None
