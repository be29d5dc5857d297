"""What the commands about one mailbox share."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxlink.cli.session import Session

if TYPE_CHECKING:
    from inboxlink.connect.host import Host
    from inboxlink.store.connections import Connection

__all__ = ["find", "warn_of_ends"]

#: Time enough to sign in again. Google ends the grants of an application in testing after seven
#: days (https://developers.google.com/identity/protocols/oauth2#expiration).
_NOTICE = timedelta(days=2)


def find(session: Session, host: "Host", name: str) -> "Connection":
    """A connection by its id, or by its address where that is one of this person's."""
    if "@" in name:
        found = host.connections.find(session.owner, host.address(name))
        if found is not None:
            return found
    return host.connections.get(name)


def warn_of_ends(session: Session, host: "Host", connections: Iterable["Connection"]) -> None:
    """Tell a person whose access ends soon, while it can still be had again without a gap."""
    from inboxlink.cli.output import worded_time
    from inboxlink.store.connections import ConnectionState

    over = (ConnectionState.NEEDS_REAUTH, ConnectionState.DISCONNECTED)
    for each in connections:
        ends_at = each.grant_ends_at
        if ends_at is None or each.state in over or ends_at - host.clock() > _NOTICE:
            continue
        session.say(
            "cli.account.ends_soon",
            style="yellow",
            address=each.address,
            until=worded_time(ends_at),
            id=each.id,
        )
