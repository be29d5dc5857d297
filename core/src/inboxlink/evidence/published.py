"""What a domain, or somebody who knows it, says about its servers."""

from dataclasses import dataclass

from inboxlink.types.detection import PublishedServer

__all__ = ["Published", "shown_name"]

_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Published:
    """What one file says. Whoever fetched it knows how far it can be trusted.

    Args:
        servers: In the order of the file, each with a host and a port that are valid; with
            `tls` None where the file offers nothing but a connection in the clear.
        display_name: The provider's name for people, cleaned; None = the file has none.
        domains: The domains that the file is for, A-labels; empty where it does not say. A file
            that is for other domains deserves less trust.
        oauth_issuer: Who signs people in, `https://`; only a name to compare, because nobody
            vouches for it (RFC 8414 section 3.3).
        help_urls: Pages for people, https.
    """

    servers: tuple[PublishedServer, ...]
    display_name: str | None = None
    domains: tuple[str, ...] = ()
    oauth_issuer: str | None = None
    help_urls: tuple[str, ...] = ()


def shown_name(text: object) -> str | None:
    """A provider's name as a person may be shown it, on one line; None = there is none."""
    from inboxlink.texts import safe_text

    return (safe_text(" ".join(text.split()), _MAX_NAME) if isinstance(text, str) else "") or None
