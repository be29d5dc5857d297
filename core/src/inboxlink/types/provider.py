"""What a provider says of itself."""

from dataclasses import dataclass

from inboxlink.types.disclosure import Audience
from inboxlink.types.text import Text
from inboxlink.types.way import Way

__all__ = ["ProviderInfo", "RevokeResult"]


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """A provider, as it is offered to a person.

    Args:
        name: The entry point's name.
        title: What a person calls it.
        summary: For whom it is, in one line.
        audiences: For whom it can connect a mailbox.
        variants: Values of the detection's setting `variant` for which it has a disclosure of
            its own, so that every disclosure can be listed.
        flow_version: Raised whenever pending steps of an older version can no longer be answered.
        ways: How it can have an authorization answer back; empty = it needs none.
        loopback_host: The name of this machine in the redirect addresses that its authorization
            server takes, `127.0.0.1` or `localhost` (RFC 8252 section 7.3).
    """

    name: str
    title: Text
    summary: Text
    audiences: frozenset[Audience]
    variants: tuple[str, ...] = ()
    flow_version: int = 1
    ways: frozenset[Way] = frozenset()
    loopback_host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class RevokeResult:
    """The outcome of ending a grant at the provider.

    Args:
        revoked: None = the provider offers no way; then `detail` says what the person can do.
    """

    revoked: bool | None
    detail: Text
