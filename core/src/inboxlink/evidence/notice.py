"""Whom a look-up would ask, and what each of them would learn: said before anybody is asked."""

from dataclasses import dataclass

from inboxlink.evidence import autoconfig, community, pacc
from inboxlink.evidence.lookup import LookupDepth, LookupSettings
from inboxlink.types.address import is_special_use
from inboxlink.types.text import Text

__all__ = ["Asked", "asked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One host, or a kind of host that only DNS names.

    Args:
        host: Its name; a kind of host is a `Text`.
        learns: What it gets to know. The part before the @ is never in it.
    """

    host: str | Text
    learns: Text


def asked(domain: str, settings: LookupSettings, *, has_probes: bool = False) -> tuple[Asked, ...]:
    """The hosts that a look-up may ask, in the order in which they are.

    Which of them are asked depends on what DNS says: where that decides, no other is.

    Args:
        domain: The A-label form.
        settings: How far the look-up goes.
        has_probes: Whether a provider may want further hosts of the domain asked.
    """
    if settings.depth is LookupDepth.OFFLINE:
        return ()
    learns = Text("lookup.learns.domain")
    found = [Asked(Text("lookup.host.dns"), learns)]
    if settings.depth is LookupDepth.PASSIVE:
        return tuple(found)
    found += [Asked(host, learns) for host in (*autoconfig.hosts(domain), pacc.host(domain))]
    found.append(Asked(f"autodiscover.{domain}", learns))
    found.append(Asked(Text("lookup.host.named"), learns))
    found.append(Asked(Text("lookup.host.microsoft"), learns))
    if settings.community and not is_special_use(domain):
        found.append(Asked(community.HOST, learns))
    if has_probes:
        found.append(Asked(Text("lookup.host.probes"), learns))
    if settings.insecure_http:
        found.append(Asked(Text("lookup.host.insecure"), Text("lookup.learns.everybody")))
    connection = Text("lookup.learns.connection")
    if settings.check:
        found.append(Asked(Text("lookup.host.recommended"), connection))
    if settings.guess:
        found += [Asked(f"{label}.{domain}", connection) for label in ("imap", "mail", "smtp")]
    return tuple(found)
