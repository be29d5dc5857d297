"""DNS by dnspython: mail exchangers, and addresses where the operator names the servers."""

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from inboxlink.errors import MailboxError, problem
from inboxlink.network.deadline import remaining_s
from inboxlink.network.policy import IPAddress
from inboxlink.network.settings import NetworkSettings
from inboxlink.types.address import SPECIAL_USE_DOMAINS
from inboxlink.types.detection import MailExchange

if TYPE_CHECKING:
    import dns.resolver

__all__ = ["addresses", "mail_exchanges"]

#: Seconds for one question, however much of the look-up is left.
_LIFETIME_S = 5.0
_PORT = 53


def mail_exchanges(
    domain: str, deadline: float, settings: NetworkSettings
) -> tuple[MailExchange, ...]:
    """MX records, most preferred first; none, or the null MX of RFC 7505, is an empty tuple.

    Raises:
        MailboxError: `dns_failed`, `timed_out`.
    """
    if domain.rpartition(".")[2] in SPECIAL_USE_DOMAINS and not settings.nameservers:
        # RFC 6761 section 6: such a name is not for the public DNS to answer.
        return ()
    records = _ask(domain, "MX", deadline, settings)
    exchanges = [
        MailExchange(record.preference, record.exchange.to_text().rstrip(".").lower())
        for record in records
    ]
    return tuple(sorted((each for each in exchanges if each.host), key=_order))


def addresses(host: str, deadline: float, settings: NetworkSettings) -> tuple[IPAddress, ...]:
    """Addresses of a host, IPv6 after IPv4; none is an empty tuple.

    Raises:
        MailboxError: `dns_failed`, `timed_out`.
    """
    found = []
    for kind in ("A", "AAAA"):
        records = _ask(host, kind, deadline, settings)
        found += [ip_address(record.address) for record in records]
    return tuple(found)


def _ask(name: str, kind: str, deadline: float, settings: NetworkSettings) -> list[Any]:
    import dns.exception
    import dns.resolver

    lifetime = min(_LIFETIME_S, remaining_s(deadline, name, _PORT))
    try:
        answer = _resolver(settings).resolve(name, kind, lifetime=lifetime, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.Timeout:
        raise MailboxError(problem("timed_out", host=name, port=str(_PORT))) from None
    except (dns.exception.DNSException, OSError):
        raise MailboxError(problem("dns_failed", host=name, port=str(_PORT))) from None
    return list(answer)


def _resolver(settings: NetworkSettings) -> "dns.resolver.Resolver":
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=not settings.nameservers)
    if settings.nameservers:
        resolver.nameservers = [
            dns.nameserver.Do53Nameserver(address.strip("[]"), int(port))
            for address, _, port in (each.rpartition(":") for each in settings.nameservers)
        ]
    return resolver


def _order(exchange: MailExchange) -> tuple[int, str]:
    return exchange.preference, exchange.host
