"""Where a domain that somebody registered begins, by the Public Suffix List.

The list comes with the library and is never fetched. Reading all of it costs as much as starting
the program does, so that only the rules of one top-level domain are read.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

__all__ = ["is_public_suffix", "registrable"]


def is_public_suffix(domain: str) -> bool:
    """Whether names are registered directly under an A-label domain, as under co.uk."""
    return bool(_rules(domain).publicsuffix(domain) == domain)


def registrable(host: str) -> str | None:
    """The registered domain that a host belongs to; None = it is a public suffix itself."""
    found: str | None = _rules(host).privatesuffix(host)
    return found


@lru_cache(maxsize=256)
def _rules_of(top: str) -> "PublicSuffixList":
    import idna
    import publicsuffixlist

    try:
        shown = idna.decode(top)
    except idna.IDNAError:
        shown = top
    mine = (f"{shown}".encode(), f".{shown}".encode())
    lines = Path(publicsuffixlist.PSLFILE).read_bytes().splitlines()
    return publicsuffixlist.PublicSuffixList(
        [line for line in lines if line == mine[0] or line.endswith(mine[1])]
    )


def _rules(domain: str) -> "PublicSuffixList":
    return _rules_of(domain.rpartition(".")[2])
