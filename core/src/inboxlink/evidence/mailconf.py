"""The TXT record `mailconf=` that names a domain's autoconfig file; a custom without a standard."""

from collections.abc import Iterable

__all__ = ["addresses"]

_PREFIX = "mailconf="
_MAX_ADDRESSES = 2


def addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """The https addresses that the records name, others left out."""
    named = (text.strip().removeprefix(_PREFIX) for text in texts if text.startswith(_PREFIX))
    return tuple(url for url in named if url.startswith("https://"))[:_MAX_ADDRESSES]
