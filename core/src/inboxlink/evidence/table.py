"""The hosters that this installation knows by itself: their domains, exchangers and servers.

`providers.json` was put together from each hoster's own help pages; `read` says when. A domain
of the table is answered without asking anybody.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from inboxlink.types.detection import HostingFact, PublishedServer, SignIn, Tls, Trust

__all__ = ["fact", "of_domain", "of_exchange"]

_PROTOCOLS = {"imap": "imap", "submission": "smtp"}


def of_domain(domain: str) -> HostingFact | None:
    """The hoster that owns a domain, such as gmail.com; None = not in the table."""
    name = _table().domains.get(domain)
    return None if name is None else fact(name, f"the domain {domain}", is_owned=True)


def of_exchange(host: str) -> HostingFact | None:
    """The hoster that a mail exchanger belongs to; None = not in the table.

    Suffixes match whole labels, the longest first: `notgmail.com` is not `gmail.com`.
    """
    labels = host.split(".")
    for start in range(len(labels)):
        name = _table().exchanges.get(".".join(labels[start:]))
        if name is not None:
            return fact(name, f"mail exchanger {host}")
    return None


def fact(name: str, shown_by: str, *, is_owned: bool = False) -> HostingFact:
    """What the table says about a hoster; with nothing but the name where it has none."""
    row = _table().rows.get(name, {})
    return HostingFact(
        name,
        shown_by,
        is_owned=is_owned,
        servers=tuple(_servers(row)),
        sign_in=tuple(SignIn(each) for each in row.get("sign_in", ())),
        help_url=row.get("help"),
    )


class _Table:
    def __init__(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self.rows = rows
        self.domains = {each: name for name, row in rows.items() for each in row["domains"]}
        self.exchanges = {each: name for name, row in rows.items() for each in row["exchanges"]}


@cache
def _table() -> _Table:
    text = Path(__file__).with_name("providers.json").read_text("utf-8")
    return _Table(json.loads(text))


def _servers(row: Mapping[str, Any]) -> Iterator[PublishedServer]:
    for key, protocol in _PROTOCOLS.items():
        for host, port, tls in row.get(key, ()):
            # What it takes to sign in is the fact's to say, not the server's.
            yield PublishedServer(
                protocol, host, port, Tls(tls), row.get("username"), (), Trust.SHIPPED
            )
