"""Addresses of the web that strangers name."""

from urllib.parse import urlsplit

__all__ = ["https_url"]

_MAX_LENGTH = 2000


def https_url(text: str) -> str | None:
    """An https address that may be fetched or shown, or None.

    Only plain https on its own port, without a user name, in visible ASCII.
    """
    from inboxlink.errors import SetupError
    from inboxlink.hosts import check_host

    url = text.strip()
    if len(url) > _MAX_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.port not in (None, 443) or "@" in parts.netloc:
            return None
        check_host(parts.hostname or "")
    except (ValueError, SetupError):
        return None
    return url
