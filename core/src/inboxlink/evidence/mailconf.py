"""The TXT record `mailconf=` that names a domain's autoconfig file; a custom without a standard."""

from collections.abc import Iterable

from inboxlink.links import https_url

__all__ = ["MAX_ADDRESSES", "addresses"]

MAX_ADDRESSES = 2
_PREFIX = "mailconf="


def addresses(texts: Iterable[str]) -> tuple[str, ...]:
    """The https addresses that the records name, others left out."""
    named = (text.strip() for text in texts)
    urls = (https_url(text[len(_PREFIX) :]) for text in named if text.startswith(_PREFIX))
    return tuple(dict.fromkeys(url for url in urls if url is not None))[:MAX_ADDRESSES]
