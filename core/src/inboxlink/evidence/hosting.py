"""Who keeps a domain's mailboxes, told from what DNS says.

Suffixes match whole labels: `notgmail.com` is not `gmail.com`.
"""

from collections.abc import Iterable

from inboxlink.evidence import table
from inboxlink.types.detection import HostingFact, MailExchange

__all__ = ["of_mail_exchanges"]

#: Suffixes of mail exchangers; the first that fits is the fact, so that the consumer service
#: comes before the one for organisations (documentation of Google Workspace, Microsoft 365 and
#: Amazon SES, read November 2026).
_EXCHANGES = (
    ("aspmx.l.google.com", "google"),
    ("googlemail.com", "google"),
    ("smtp.google.com", "google"),
    ("mail.protection.outlook.com", "microsoft_365"),
    ("mail.eo.outlook.com", "microsoft_365"),
    ("mx.microsoft", "microsoft_365"),
)


def of_mail_exchanges(exchanges: Iterable[MailExchange]) -> tuple[HostingFact, ...]:
    """Facts from MX records, in the order of their preference, each name once."""
    facts: dict[str, HostingFact] = {}
    for exchange in exchanges:
        fact = _of_exchange(exchange.host)
        if fact is not None:
            facts.setdefault(fact.name, fact)
    return tuple(facts.values())


def _of_exchange(host: str) -> HostingFact | None:
    known = table.of_exchange(host)
    if known is not None:
        return known
    for suffix, name in _EXCHANGES:
        if host == suffix or host.endswith(f".{suffix}"):
            return table.fact(name, f"mail exchanger {host}")
    labels = host.split(".")
    # inbound-smtp.<region>.amazonaws.com takes mail for SES and for WorkMail alike.
    if labels[0] == "inbound-smtp" and labels[-2:] == ["amazonaws", "com"]:
        return HostingFact("amazon_ses", f"mail exchanger {host}")
    return None
