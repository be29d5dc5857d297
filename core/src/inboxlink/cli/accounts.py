"""What the commands about one mailbox share."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from inboxlink.cli.session import Session

if TYPE_CHECKING:
    from inboxlink.connect.host import Host
    from inboxlink.errors import Problem
    from inboxlink.store.connections import Connection

__all__ = ["absences", "find", "provider_problem", "standing", "warn_of_ends"]

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


def standing(session: Session, host: "Host", connection: "Connection") -> str:
    """How a connection stands, worded; without its provider nothing can be done with it."""
    from inboxlink.plugins.absence import NOT_INSTALLED

    absent = _absence(host, connection)
    if absent is None:
        return session.words(f"cli.state.{connection.standing.value}")
    is_gone = absent.code in NOT_INSTALLED
    return session.words(f"cli.state.provider_{'not_installed' if is_gone else 'unusable'}")


def provider_problem(
    session: Session, host: "Host", connection: "Connection"
) -> "dict[str, Any] | None":
    """Why nothing can be done with a connection, as JSON; None = its provider is here."""
    absent = _absence(host, connection)
    return None if absent is None else session.describe(absent)


def absences(session: Session, host: "Host", connections: Iterable["Connection"]) -> None:
    """Tell a person, once for each provider, what brings it back."""
    told = {each.provider: _absence(host, each) for each in connections}
    for absent in told.values():
        if absent is not None:
            session.write(session.words(absent.message), mark="✗ ", style="yellow")
            if absent.remedy is not None:
                session.write(session.words(absent.remedy), mark="  → ")


def _absence(host: "Host", connection: "Connection") -> "Problem | None":
    # What was disconnected needs no provider any more.
    from inboxlink.store.connections import ConnectionState

    is_over = connection.state is ConnectionState.DISCONNECTED
    return None if is_over else host.absence(connection.provider)


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
