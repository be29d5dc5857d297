"""What a domain, or somebody who knows it, says about its servers."""

from dataclasses import dataclass

from inboxlink.types.detection import PublishedServer

__all__ = ["Published"]


@dataclass(frozen=True, slots=True)
class Published:
    """What one file says. Whoever fetched it knows how far it can be trusted.

    Args:
        servers: In the order of the file, each with a host and a port that are valid; with
            `tls` None where the file offers nothing but a connection in the clear.
        domains: The domains that the file is for, A-labels; empty where it does not say. A file
            that is for other domains deserves less trust.
        name: What the file calls the provider; fit to be shown, empty where it does not say.
        help_url: The page where the provider explains its settings; None = it names none.
    """

    servers: tuple[PublishedServer, ...]
    domains: tuple[str, ...] = ()
    name: str = ""
    help_url: str | None = None
