"""The hosters that this installation knows by itself: their domains, exchangers and servers.

A domain of `providers.json` is answered without asking anybody.
"""

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from inboxlink.types.detection import HostingFact, PublishedServer, SignIn, Tls, Trust

__all__ = ["fact", "hosters", "of_domain", "of_exchange"]

_PROTOCOLS = {"imap": "imap", "submission": "smtp"}


def of_domain(domain: str) -> HostingFact | None:
    """The hoster that owns a domain, such as gmail.com; None = not in the table.

    Case and a dot at the end do not matter (RFC 4343).
    """
    folded = _folded(domain)
    name = _table().domains.get(folded) or _longest(_table().zones, folded)
    return None if name is None else fact(name, folded, is_owned=True)


def of_exchange(host: str) -> HostingFact | None:
    """The hoster that a mail exchanger belongs to; None = not in the table.

    Suffixes match whole labels, the longest first: `notgmail.com` is not `gmail.com`. Case and a
    dot at the end do not matter.
    """
    folded = _folded(host)
    name = _longest(_table().exchanges, folded)
    return None if name is None else fact(name, f"MX {folded}", exchange=folded)


def fact(
    name: str, shown_by: str, *, is_owned: bool = False, exchange: str | None = None
) -> HostingFact:
    """What the table says about a hoster; with nothing but the name where it has none.

    Args:
        name: The hoster's id.
        shown_by: See `HostingFact`; the domain itself where it is owned.
        is_owned: See `HostingFact`.
        exchange: The exchanger that showed it, which at some hosters is every server at once.
    """
    row = hosters().get(name, {})
    servers = _servers_of(name, shown_by if is_owned and "zones" in row else None, exchange)
    return HostingFact(
        name,
        shown_by,
        is_owned=is_owned,
        servers=servers,
        sign_in=_sign_in_of(name),
        help_url=row.get("help"),
        title=row.get("title", ""),
        titles=row.get("titles", {}),
    )


def hosters() -> Mapping[str, Mapping[str, Any]]:
    """Every hoster of the table by its id, as `providers.json` has it."""
    return _table().rows


class _Table:
    """The rows, and who is found by which name; None = a part of a suffix that is not meant."""

    def __init__(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self.rows = rows
        self.domains: dict[str, str] = {}
        self.zones: dict[str, str | None] = {}
        self.exchanges: dict[str, str | None] = {}
        for name, row in rows.items():
            self.domains |= dict.fromkeys(row["domains"], name)
            self.zones |= dict.fromkeys(row.get("zones", ()), name)
            self.exchanges |= dict.fromkeys(row["exchanges"], name)
            self.exchanges |= dict.fromkeys(row.get("not_exchanges", ()))


@cache
def _table() -> _Table:
    # Without importlib.resources and pathlib, which cost more than the table (see the start-up).
    path = os.path.join(os.path.dirname(__file__), "providers.json")  # noqa: PTH118, PTH120
    with open(path, "rb") as file:  # noqa: PTH123
        return _Table(json.load(file))


# For nearly every fact about one of many domains they are the same.
@lru_cache(1024)
def _servers_of(name: str, domain: str | None, exchange: str | None) -> tuple[PublishedServer, ...]:
    return tuple(_servers(hosters().get(name, {}), domain, exchange))


@cache
def _sign_in_of(name: str) -> tuple[SignIn, ...]:
    return tuple(SignIn(each) for each in hosters().get(name, {}).get("sign_in", ()))


def _folded(name: str) -> str:
    # Only ASCII is folded: the Kelvin sign (U+212A) would become a plain "k" otherwise.
    return name.lower().removesuffix(".") if name.isascii() else name


def _longest(suffixes: Mapping[str, str | None], name: str) -> str | None:
    """What the longest of the suffixes that fits says; None = nothing fits, or not meant."""
    while name:
        if name in suffixes:
            return suffixes[name]
        name = name.partition(".")[2]
    return None


def _servers(
    row: Mapping[str, Any], domain: str | None, exchange: str | None
) -> Iterator[PublishedServer]:
    # A name below a hoster's zone is of the table; an exchanger's suffix is, the rest of DNS.
    named = {"{domain}": (domain, Trust.SHIPPED), "{exchange}": (exchange, Trust.DNS)}
    for key, protocol in _PROTOCOLS.items():
        for template, port, tls in row.get(key, ()):
            host, trust = named.get(template, (template, Trust.SHIPPED))
            if host is not None:
                # What it takes to sign in is the fact's to say, not the server's.
                server = (protocol, host, port, Tls(tls), row.get("username"), (), trust)
                yield PublishedServer(*server)
