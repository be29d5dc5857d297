"""The database of mail providers that Thunderbird's users keep, asked over https.

It learns the domain and never the address. Its files are those of `autoconfig`.
"""

from inboxlink.domains import registrable

__all__ = ["HOST", "address", "names_of_exchange"]

#: Where Thunderbird itself asks (read in its source, November 2026).
HOST = "live.thunderbird.net"


def address(domain: str) -> str:
    """Where the database keeps its entry for a domain."""
    return f"https://{HOST}/autoconfig/v1.1/{domain}"


def names_of_exchange(host: str, domain: str) -> tuple[str, ...]:
    """Under which names a mail exchanger's hoster may be known, the closest first.

    The name without its first label tells apart services of one hoster, as
    olc.protection.outlook.com from mail.protection.outlook.com. Nothing above the registered
    domain is ever asked, and nothing about a domain that takes its mail itself.
    """
    host = host.lower().rstrip(".")
    base = None if host.rpartition(".")[2].isdigit() else registrable(host)
    if base is None or base == domain:
        return ()
    following = host.partition(".")[2]
    names = [following] if following.endswith(f".{base}") else []
    return tuple(name for name in (*names, base) if name != domain)
